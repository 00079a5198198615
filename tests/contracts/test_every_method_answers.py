"""Whatever is sent to whatever method of a daemon with everything in it: an answer within a second, in words, and the daemon goes on."""

from __future__ import annotations

import json
import os
import re
import socket
import time
from pathlib import Path
from typing import Any, get_type_hints
from zlib import crc32

import msgspec
import pytest

from cgrd.cli.configuration import assembled
from cgrd.component import Served

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "conf" / "cgrd.toml"
ENDING = ("CoreSv1.Shutdown", "CoreSv1.Sleep", "Responder.Shutdown", "SessionSv1.Sleep", "ServiceManagerV1.StopService")
"""Methods that end or hold up what is asked, when they are asked well."""
PYTHON = re.compile(
    r"Traceback|File \"|object at 0x|<class|NoneType|\b(Type|Attribute|Key|Value|Index|Assertion|Zero\w+|Recursion|Overflow|Unicode\w+)Error\b"
    r"|msgspec|\bdict\b|not subscriptable|positional argument|Decimal\(|internal error"
)
ODD: tuple[Any, ...] = (None, {}, [], [[]], 7, 1e300, "text", True, {"": ""}, {"Tenant": None}, {"Tenant": 5}, {"APIOpts": []}, {"Event": None})
VALUES: tuple[Any, ...] = (None, 7, -1, 1e40, "", "~*req.", "*", "\u0000", [], [None], {}, {"a": None}, True)


@pytest.fixture(scope="module")
def served() -> dict[str, Served]:
    """Every method of the full configuration."""
    return {name: method for name, method in assembled(CONFIG).house.graph.methods.items() if name not in ENDING}


class Line:
    """One connection, requests one by one."""

    def __init__(self, daemon: Any) -> None:
        self.daemon = daemon
        self.socket: socket.socket = daemon.connect()
        self.file = self.socket.makefile("rb")

    def told(self, method: str, params: Any) -> tuple[str, float]:
        """The answer's text, and the seconds it took."""
        began = time.monotonic()
        self.socket.sendall(json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": 1}).encode())
        answer = self.file.readline()
        assert answer, f"{method} {params!r} ended the connection; the daemon says:\n{self.daemon.log.read_text()[-3000:]}"
        return answer.decode(), time.monotonic() - began


def faults(line: Line, method: str, arguments: Any) -> list[str]:
    """What is wrong with the answer of one request."""
    told, seconds = line.told(method, [arguments])
    error = json.loads(told).get("error")
    found = [f"took {seconds:.1f} s"] if seconds > 1 else []
    if error and (said := PYTHON.search(json.dumps(error))):
        found.append(f"says {said.group()!r}: {json.dumps(error)[:200]}")
    return [f"{method} {json.dumps(arguments)[:120]}: {each}" for each in found]


def fields_of(method: Served) -> list[str]:
    """The names of its arguments' fields."""
    try:
        return [field.encode_name for field in msgspec.structs.fields(method.args)]
    except TypeError:
        return list(get_type_hints(method.args)) if isinstance(method.args, type) else []


def test_odd_arguments_are_answered_in_words(full: Any, served: dict[str, Served]) -> None:
    line = Line(full)
    found = [fault for name in sorted(served) for odd in ODD for fault in faults(line, name, odd)]
    assert not found, "\n".join(found)
    assert full.serves()


def test_wrong_types_in_each_field_are_answered_in_words(full: Any, served: dict[str, Served]) -> None:
    line = Line(full)
    found = []
    for name, method in sorted(served.items()):
        for field in fields_of(method):
            good = {"Tenant": "cgrates.org", "ID": "x", "Event": {"Account": "1001", "OriginID": "x"}}
            for value in some(f"{name}.{field}", 3):
                found += faults(line, name, {**good, field: value})
    assert not found, "\n".join(found)
    assert full.serves()


def some(key: str, count: int) -> tuple[Any, ...]:
    """A few of the values, others for each key and the same in each run; all of them with CGRD_EVERY_VALUE=1, which takes minutes."""
    start = crc32(key.encode()) % len(VALUES)
    return VALUES if os.environ.get("CGRD_EVERY_VALUE") else (VALUES + VALUES)[start : start + count]


EVENT_FIELDS = ("Account", "Destination", "OriginID", "SetupTime", "AnswerTime", "Usage", "ToR", "RequestType", "Category", "Subject", "Cost", "CGRID")


def test_wrong_types_in_events_are_answered_in_words(full: Any, served: dict[str, Served]) -> None:
    line = Line(full)
    takers = [name for name, method in sorted(served.items()) if "Event" in fields_of(method)]
    good = {"Account": "1001", "Destination": "1002", "OriginID": "o", "SetupTime": "2026-01-31T08:00:00Z", "Usage": "1m", "ToR": "*voice"}
    found = []
    for name in takers:
        for field in EVENT_FIELDS:
            for value in some(f"{name}.{field}", 5):
                found += faults(line, name, {"Tenant": "cgrates.org", "ID": "x", "Event": {**good, field: value}})
    assert not found, "\n".join(found)
    assert full.serves()


def test_params_that_are_no_list_are_answered_in_words(full: Any, served: dict[str, Served]) -> None:
    line = Line(full)
    for name in sorted(served):
        for params in (None, {}, 5, "x", [], True):
            told, seconds = line.told(name, params)
            assert seconds < 1
            assert not PYTHON.search(json.dumps(json.loads(told).get("error"))), told
    assert full.serves()
