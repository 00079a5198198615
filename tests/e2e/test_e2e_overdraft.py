"""Many sessions at once on little money: together they never get more than there is (goal R4, short form)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rig.books import PORTS, open_books
from rig.callers import RATE, Line
from rig.daemon import Account, Daemon

_names = itertools.count(1)
SECOND = 10**9


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """One for all examples; each has an account of its own."""
    made = open_books(tmp_path_factory.mktemp("overdraft"), [])
    yield made
    made.stop()


def event(account: str, number: int, **more: str) -> dict[str, Any]:
    return {
        "OriginID": f"{account}-{number}", "OriginHost": "switch", "Account": account, "Destination": "echotest", "ToR": "*voice",
        "RequestType": "*prepaid", "SetupTime": "2026-05-01T10:00:00Z", "AnswerTime": "2026-05-01T10:00:00Z", **more,
    }  # fmt: skip


def at_once(lines: list[Line], requests: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    """All requests in flight before the first answer is read, spread over the connections."""
    shares = [requests[at :: len(lines)] for at in range(len(lines))]
    answers = [iter(answer) for answer in Line.all_calls(lines, shares)]
    return [next(answers[at % len(lines)]) for at in range(len(requests))]


def granted(answers: list[dict[str, Any]]) -> int:
    """Seconds that were granted in all."""
    return sum(max(0, answer["result"]["MaxUsage"]) for answer in answers if answer.get("result")) // SECOND


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seconds=st.integers(0, 20), wanted=st.integers(1, 12), lines=st.integers(1, 4), updates=st.integers(0, 2))
def test_thirty_sessions_on_one_unit_never_overdraw(daemon: Daemon, seconds: int, wanted: int, lines: int, updates: int) -> None:
    account = Account(daemon=daemon, name=f"5{next(_names):05}")
    account.fund(str(RATE * seconds))
    wires = [Line(PORTS["rpc_json"]) for _ in range(lines)]
    try:
        starts = [("SessionSv1.InitiateSession", {"InitSession": True, "Event": event(account.name, n, Usage=f"{wanted}s")}) for n in range(30)]
        answers = at_once(wires, starts)
        assert granted(answers) <= seconds
        assert account.balance == RATE * (seconds - granted(answers))
        total = granted(answers)
        for _ in range(updates):
            more = [("SessionSv1.UpdateSession", {"UpdateSession": True, "Event": event(account.name, n, Usage=f"{wanted}s")}) for n in range(30)]
            total += granted(at_once(wires, more))
            assert total <= seconds
            assert account.balance >= 0
        ends = [("SessionSv1.TerminateSession", {"TerminateSession": True, "Event": event(account.name, n, Usage="0s")}) for n in range(30)]
        at_once(wires, ends)
        assert account.balance == RATE * seconds
    finally:
        for wire in wires:
            wire.close()


def test_a_sum_of_one_time_charges_never_exceeds_the_money(daemon: Daemon) -> None:
    account = Account(daemon=daemon, name=f"5{next(_names):05}")
    account.fund("0.05")
    wire = Line(PORTS["rpc_json"])
    charges = [("SessionSv1.ProcessMessage", {"Debit": True, "Event": event(account.name, n, Usage="1s")}) for n in range(30)]
    answers = wire.calls(charges)
    wire.close()
    assert granted(answers) == 5
    assert account.balance == Decimal(0)
