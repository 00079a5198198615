"""Callers: threads that start, update, end and record sessions over JSON-RPC, and know what they were answered.

A caller whose connection breaks does not know what became of its last request. It parks until the daemon is back and then goes on as a
switch would: with the same request, under the same key where it uses keys.
"""

from __future__ import annotations

import itertools
import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

RATE = Decimal("0.01")
"""Money per second that has begun, by the plan of `rig.daemon`."""
AWAY = ("DISCONNECTED", "REPLY_TIMEOUT", "PARTIALLY_EXECUTED")
"""Words of a daemon that could not ask another one: to be sent again."""
TRIES = 100
GAVE_UP = (OSError, ValueError)


class Line:
    """One TCP connection, one request at a time or many."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._file = self._socket.makefile("rb")
        self._numbers = itertools.count(1)

    def call(self, method: str, params: Any) -> dict[str, Any]:
        """The whole answer; raises `ConnectionError` when there is none."""
        return self.calls([(method, params)])[0]

    def calls(self, requests: list[tuple[str, Any]]) -> list[dict[str, Any]]:
        """Send all at once; the answers in the order of the requests."""
        return self._answers(self._send(requests))

    @staticmethod
    def all_calls(lines: list[Line], shares: list[list[tuple[str, Any]]]) -> list[list[dict[str, Any]]]:
        """The same on several connections: everything is sent before any answer is read."""
        sent = [line._send(share) for line, share in zip(lines, shares, strict=True)]
        return [line._answers(numbers) for line, numbers in zip(lines, sent, strict=True)]

    def _send(self, requests: list[tuple[str, Any]]) -> list[int]:
        numbers = [next(self._numbers) for _ in requests]
        sent = [{"method": method, "params": [params], "id": number} for number, (method, params) in zip(numbers, requests, strict=True)]
        self._socket.sendall("".join(json.dumps(each) + "\n" for each in sent).encode())
        return numbers

    def _answers(self, numbers: list[int]) -> list[dict[str, Any]]:
        answers = dict(self._answer() for _ in numbers)
        return [answers[number] for number in numbers]

    def _answer(self) -> tuple[int, dict[str, Any]]:
        line = self._file.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("the daemon is gone")
        answer: dict[str, Any] = json.loads(line, parse_float=Decimal)
        return answer["id"], answer

    def close(self) -> None:
        """Close it."""
        self._socket.close()


@dataclass(eq=False)
class Call:
    """One session: the step that was acknowledged last ("initiated", "terminated", "recorded") and the one that is asked for."""

    origin: str
    account: str
    seconds: int
    step: str = ""
    asked: str = ""

    @property
    def is_on(self) -> bool:
        """Whether it must be active: its start was acknowledged, and its end was not asked for."""
        return self.step.startswith("initiated") and self.asked.startswith("initiated")

    @property
    def cost(self) -> Decimal:
        """What it must cost."""
        return RATE * self.seconds


@dataclass(eq=False)
class Caller(threading.Thread):
    """Makes calls one after the other until told to stop; the last one is brought to its end.

    Attributes:
        keyed: it gives every request a key.
        calls: what it did, the present one last.
        failures: answers that were errors where none should be.
        answered: requests with an answer.
        breaks: requests without one.
    """

    label: str
    port: int
    account: str
    keyed: bool
    stop: threading.Event
    up: threading.Event
    parked: threading.Event = field(default_factory=threading.Event)
    calls: list[Call] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    answered: int = 0
    breaks: int = 0

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._chance = random.Random(self.label)
        self._line: Line | None = None

    def run(self) -> None:
        """Call until told to stop."""
        for number in itertools.count():
            if self.stop.is_set():
                return
            self._make(Call(origin=f"{self.label}-{number}", account=self.account, seconds=self._chance.randint(1, 40)))

    def _make(self, call: Call) -> None:
        self.calls.append(call)
        for step, method, params in self._requests(call):
            call.asked = step
            if self._sure(f"{call.origin}:{len(step)}:{step}", method, params):
                call.step = step

    def _requests(self, call: Call) -> Iterator[tuple[str, str, dict[str, Any]]]:
        event = {
            "OriginID": call.origin, "OriginHost": "switch", "Account": call.account, "Destination": "echotest", "ToR": "*voice",
            "RequestType": "*prepaid", "Category": "call", "SetupTime": "2026-05-01T10:00:00Z", "AnswerTime": "2026-05-01T10:00:00Z",
        }  # fmt: skip
        yield "initiated", "SessionSv1.InitiateSession", {"InitSession": True, "Event": {**event, "Usage": "10s"}}
        for number in range(self._chance.randint(0, 2)):
            yield f"initiated{'+' * (number + 1)}", "SessionSv1.UpdateSession", {"UpdateSession": True, "Event": {**event, "Usage": "10s"}}
        ended = {**event, "Usage": f"{call.seconds}s"}
        yield "terminated", "SessionSv1.TerminateSession", {"TerminateSession": True, "Event": ended}
        yield "recorded", "SessionSv1.ProcessCDR", {"Event": ended}

    def _sure(self, key: str, method: str, params: dict[str, Any]) -> bool:
        """Send until it is answered; whether the answer is a success, or says that it was done before."""
        request = {"Tenant": "cgrates.org", "ID": key, **params, **({"APIOpts": {"*idempotencyKey": key}} if self.keyed else {})}
        repeated = False
        for tries in itertools.count():
            try:
                self._line = self._line or Line(self.port)
                error = self._line.call(method, request).get("error")
            except GAVE_UP:
                repeated = True
                self._park()
                continue
            self.answered += 1
            if error and tries < TRIES and any(word in error for word in AWAY):
                repeated = True
                time.sleep(0.1)
                continue
            if error and not (repeated and not self.keyed and "EXISTS" in error):
                self.failures.append(f"{method} {key} repeated={repeated}: {error}")
                return False
            return True
        raise AssertionError("it is never given up")

    def _park(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
        self.breaks += 1
        self.parked.set()
        self.up.wait()
        self.parked.clear()


class Callers:
    """Some callers at once.

    Args:
        port: of the daemon.
        accounts: they are charged in turn.
        count: how many callers; every other one uses keys.
    """

    def __init__(self, *, port: int, accounts: list[str], count: int) -> None:
        self.stop, self.up = threading.Event(), threading.Event()
        self.up.set()
        self.callers = [
            Caller(label=f"c{number}", port=port, account=accounts[number % len(accounts)], keyed=number % 2 == 0, stop=self.stop, up=self.up)
            for number in range(count)
        ]

    def start(self) -> None:
        """Let them call."""
        for caller in self.callers:
            caller.start()

    def wait_parked(self, seconds: float = 10) -> None:
        """Until every one has noticed that the daemon is gone."""
        for caller in self.callers:
            assert caller.parked.wait(seconds), f"{caller.label} has not noticed"

    def finish(self, seconds: float = 30) -> None:
        """Have them bring their calls to the end."""
        self.stop.set()
        for caller in self.callers:
            caller.join(seconds)
            assert not caller.is_alive(), f"{caller.label} does not come to an end: {caller.calls[-1]}"

    @property
    def calls(self) -> list[Call]:
        """All calls so far."""
        return [call for caller in self.callers for call in caller.calls]

    @property
    def failures(self) -> list[str]:
        """Everything that went wrong."""
        return [failure for caller in self.callers for failure in caller.failures]

    @property
    def answered(self) -> int:
        """Requests that were answered."""
        return sum(caller.answered for caller in self.callers)
