"""Stories of a run's arithmetic: reserve, grants, what is owed at the end."""

from __future__ import annotations

from decimal import Decimal

from cgrd_subsystem_sessions import accounting
from cgrd_subsystem_sessions.session import SRun
from hypothesis import given
from hypothesis import strategies as st

from cgrd import Instant
from cgrd.costs import CallCost, CallDescriptor, Increment, TimeSpan
from cgrd.durations import SECOND
from cgrd.instants import parse_instant

START = parse_instant("2026-01-31T08:00:00Z")


def fresh() -> SRun:
    return SRun(Event={"RequestType": "*prepaid"}, CD=CallDescriptor(TimeStart=START, TimeEnd=START))


def cost(asked: accounting.Asked, usage: int) -> CallCost:
    """What RALs debits: `usage` from where the run asked."""
    if not usage:
        return CallCost(Timespans=[])
    start = asked.run.CD.TimeStart
    run = Increment(Duration=usage, Cost=Decimal("0.1"), CompressFactor=1)
    return CallCost(Cost=Decimal("0.1"), Timespans=[TimeSpan(TimeStart=start, TimeEnd=start.plus(usage), Increments=[run])])


def granted(run: SRun, wanted: int, *, got: int, last_used: int | None = None) -> SRun:
    asked = accounting.ask(run, wanted, last_used)
    if not asked.missing:
        return asked.run
    return accounting.booked(asked, cost(asked, got), now=Instant(0), decimals=5)


def test_a_first_grant_is_debited_whole() -> None:
    run = granted(fresh(), 60 * SECOND, got=60 * SECOND)
    assert (run.LastUsage, run.TotalUsage, run.ExtraDuration, run.CD.LoopIndex) == (60 * SECOND, 60 * SECOND, 0, 1)


def test_whole_increments_beyond_the_grant_are_the_reserve_of_the_next() -> None:
    run = granted(fresh(), 45 * SECOND, got=60 * SECOND)
    assert run.ExtraDuration == 15 * SECOND
    asked = accounting.ask(run, 15 * SECOND)
    assert (asked.missing, asked.run.LastUsage, asked.run.ExtraDuration) == (0, 15 * SECOND, 0)


def test_what_was_not_used_of_the_last_grant_is_granted_again() -> None:
    run = granted(fresh(), 60 * SECOND, got=60 * SECOND)
    asked = accounting.ask(run, 60 * SECOND, last_used=20 * SECOND)
    assert asked.missing == 20 * SECOND
    assert asked.run.TotalUsage == 20 * SECOND


def test_more_used_than_granted_and_no_money_left_is_a_grant_below_nothing() -> None:
    # Recorded: sessions_public_many1, steps 77 to 81.
    run = granted(fresh(), 60 * SECOND, got=50 * SECOND)
    run = granted(run, 10 * SECOND, got=0, last_used=300 * SECOND)
    assert run.LastUsage == -250 * SECOND
    run = granted(run, 10 * SECOND, got=0, last_used=120 * SECOND)
    assert run.LastUsage == -370 * SECOND


def test_a_refused_debit_leaves_the_reserve_and_the_call_as_it_was_asked() -> None:
    # Recorded: sessions_public_life2, steps 65 to 69.
    run = granted(fresh(), 2048, got=2048)
    run = granted(run, 512, got=8704, last_used=10240)
    run = granted(run, 2048, got=2048, last_used=512)
    run = accounting.refused(accounting.ask(run, 10240))
    assert (run.CD.DurationIndex, run.TotalUsage, run.CD.LoopIndex) == (23040, 12800, 3)


def test_an_empty_cost_is_no_cost() -> None:
    run = granted(fresh(), 60 * SECOND, got=0)
    assert run.EventCost is None
    assert accounting.owed(accounting.used(run, usage=90 * SECOND, last_used=None)) == 0


def test_the_end_owes_what_exceeds_the_paid_and_gives_back_what_falls_short() -> None:
    run = granted(fresh(), 60 * SECOND, got=60 * SECOND)
    assert accounting.owed(accounting.used(run, usage=90 * SECOND, last_used=None)) == 30 * SECOND
    assert accounting.owed(accounting.used(run, usage=None, last_used=10 * SECOND)) == -50 * SECOND


def test_a_total_asks_for_what_exceeds_the_accounted() -> None:
    assert accounting.requested(session_total=30, last_usage=30, usage=60, last_used=5, total=55) == (25, None)
    assert accounting.requested(session_total=30, last_usage=30, usage=60, last_used=5, total=10) == (0, 10)
    assert accounting.requested(session_total=30, last_usage=30, usage=60, last_used=5, total=None) == (60, 5)


def test_a_call_is_proven_till_its_last_sign_of_life_and_never_beyond_the_grant() -> None:
    run = granted(fresh(), 60 * SECOND, got=60 * SECOND)
    assert accounting.proven(run, elapsed=20 * SECOND) == 20 * SECOND
    assert accounting.proven(run, elapsed=90 * SECOND) == 60 * SECOND


STEPS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500), st.none() | st.integers(0, 500)), max_size=12)


@given(STEPS)
def test_paid_is_always_used_and_reserve_together(steps: list[tuple[int, int, int | None]]) -> None:
    """Nothing paid is lost, whatever is asked, granted and reported: paid = total + reserve."""
    run, paid = fresh(), 0
    for wanted, got, last_used in steps:
        asked = accounting.ask(run, wanted, last_used)
        if asked.missing:
            paid += got
            run = accounting.booked(asked, cost(asked, got), now=Instant(0), decimals=5)
        else:
            run = asked.run
        assert run.TotalUsage + run.ExtraDuration == paid
