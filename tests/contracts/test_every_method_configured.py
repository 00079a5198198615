"""A running daemon is given configurations that are wrong in every way: each is taken whole or not at all, and it goes on serving."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgrd.config import defaults
from cgrd.kernel import schemas_of
from cgrd.plugins import Plugins

START = """
[attributes]
enabled = true
[chargers]
enabled = true
attributes_conns = ["*internal"]
[sessions]
enabled = true
attributes_conns = ["*internal"]
chargers_conns = ["*internal"]
"""
TREE = defaults(schemas_of(Plugins.installed()), "toml")
KEYS = sorted((name, key) for name, section in TREE.sections.items() if isinstance(section, dict) for key in section if name not in ("listen", "store"))
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**65), 2**65), st.floats(allow_nan=False), st.text(max_size=8), st.just([]), st.just({}),
    st.sampled_from(["*internal", "10s", "-1", "*localhost", "nowhere", ["*internal"], ["nowhere"], [{"id": "x"}], {"a": {"b": 1}}, "UTC"]),
)  # fmt: skip
CHANGES = st.lists(st.tuples(st.sampled_from(KEYS), VALUES), min_size=1, max_size=4)
CALM = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PYTHON = re.compile(r"Traceback|internal error|Error:|object at 0x|NoneType")


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory, daemons: Callable[..., Any]) -> Iterator[Any]:
    """A daemon that is reconfigured again and again."""
    daemon = daemons(tmp_path_factory.mktemp("changing"), START)
    yield daemon
    daemon.process.kill()
    daemon.process.wait()


def whole(daemon: Any) -> Any:
    """Its configuration now."""
    return daemon.ask("ConfigSv1.GetConfig")


def tried(daemon: Any, method: str, **arguments: Any) -> dict[str, Any]:
    """The answer; when it is an error nothing has changed."""
    before = whole(daemon)
    answer: dict[str, Any] = daemon.answer({"method": method, "params": [arguments], "id": 1})
    if answer["error"] is not None:
        assert not PYTHON.search(answer["error"]), answer
        assert whole(daemon) == before
    assert daemon.serves()
    return answer


def sections_of(changes: list[tuple[tuple[str, str], Any]]) -> dict[str, Any]:
    """What a client would send."""
    config: dict[str, Any] = {}
    for (section, key), value in changes:
        config.setdefault(section, {})[key] = value
    return config


@CALM
@given(changes=CHANGES)
def test_any_change_is_taken_whole_or_not_at_all(changing: Any, changes: list[tuple[tuple[str, str], Any]]) -> None:
    tried(changing, "ConfigSv1.SetConfig", Config=sections_of(changes))


@CALM
@given(changes=CHANGES, cut=st.integers(0, 200))
def test_any_text_is_taken_whole_or_not_at_all(changing: Any, changes: list[tuple[tuple[str, str], Any]], cut: int) -> None:
    text = json.dumps(sections_of(changes))
    tried(changing, "ConfigSv1.SetConfigFromJSON", Config=text[: max(0, len(text) - cut)] if cut < 100 else text)


@CALM
@given(changes=CHANGES)
def test_any_file_is_taken_whole_or_not_at_all(changing: Any, changes: list[tuple[tuple[str, str], Any]]) -> None:
    lines = [f"[{section}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items()) for section, keys in sections_of(changes).items()]
    changing.config.write_text("".join(lines))
    tried(changing, "ConfigSv1.ReloadConfig", Path=str(changing.config))


def until(told: Callable[[], bool]) -> None:
    """Wait for what a signal brings about."""
    deadline = time.monotonic() + 10
    while not told():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_hangup_signal_reloads_the_file_whole_or_not_at_all(daemon: Callable[..., Any]) -> None:
    running = daemon(START)
    before = whole(running)
    good = running.config.read_text()
    running.config.write_text(good + '[cdrs]\nenabled = true\nsession_cost_retries = "many"\n')
    running.process.send_signal(signal.SIGHUP)
    until(lambda: "not reloaded" in running.log.read_text())
    assert "session_cost_retries" in running.log.read_text()
    assert whole(running) == before
    assert running.answer({"method": "CDRsV1.Ping", "params": [{}], "id": 1})["error"]
    running.config.write_text(good + "[cdrs]\nenabled = true\n")
    running.process.send_signal(signal.SIGHUP)
    until(lambda: "event=reloaded" in running.log.read_text())
    assert running.ask("CDRsV1.Ping") == "Pong"
    running.config.write_text(good)
    running.process.send_signal(signal.SIGHUP)
    until(lambda: running.log.read_text().count("event=reloaded") == 2)
    assert running.answer({"method": "CDRsV1.Ping", "params": [{}], "id": 1})["error"]
    assert whole(running) == before
    assert running.stop() == 0


def test_connections_outlive_a_reload(daemon: Callable[..., Any]) -> None:
    running = daemon(START)
    with running.connect() as connection:
        connection.sendall(b'{"method":"CoreSv1.Ping","params":[{}],"id":1}\n')
        assert b"Pong" in connection.recv(1000)
        running.process.send_signal(signal.SIGHUP)
        until(lambda: "event=reloaded" in running.log.read_text())
        connection.sendall(b'{"method":"CoreSv1.Ping","params":[{}],"id":2}\n')
        assert b"Pong" in connection.recv(1000)
