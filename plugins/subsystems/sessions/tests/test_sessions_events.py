"""The generic API: flags, views, partial execution; and deadlines."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import trio
import trio.lowlevel
from cgrd_subsystem_sessions.deadlines import Deadlines

from cgrd.durations import MINUTE, SECOND
from cgrd.errors import CgrdError
from cgrd.fields import Flags
from cgrd.testing import VirtualClock

EVENT = {"OriginID": "e1", "OriginHost": "h", "RequestType": "*prepaid", "Account": "1001", "ToR": "*voice", "AnswerTime": "2026-01-31T08:00:00Z"}


def test_flags_ask_with_options_and_values() -> None:
    assert Flags(["*attributes:*ids:A&B", "*attributes:*derived_reply", "*stats:false", "*routes:true"]).asked() == {
        "*attributes": {"*ids": ["A", "B"], "*derived_reply": []},
        "*routes": {},
    }


def test_false_wins_wherever_it_stands() -> None:
    assert Flags(["*stats:false", "*stats:*ids:A"]).asked() == {}


async def test_a_session_by_flags(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        assert await town.ask("ProcessEvent", ID="1", Event={**EVENT, "Usage": "60s"}, Flags=["*rals:*initiate"]) == {"MaxUsage": {"*raw": 60 * SECOND}}
        assert await town.ask("ProcessEvent", ID="2", Event={**EVENT, "Usage": "30s"}, Flags=["*rals:*update"]) == {"MaxUsage": {"*raw": 30 * SECOND}}
        assert await town.ask("ProcessEvent", ID="3", Event={**EVENT, "Usage": "80s"}, Flags=["*rals:*terminate", "*cdrs"]) == {}
        assert town.bank.money == Decimal("9.2")
        assert town.cdr("e1")["Cost"] == Decimal("0.8")


async def test_of_several_options_the_first_kind_counts(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        await town.ask("ProcessEvent", ID="1", Event={**EVENT, "Usage": "60s"}, Flags=["*rals:*terminate", "*rals:*initiate"])
        assert await town.ask("GetActiveSessionsCount") == 1


async def test_an_unknown_flag_does_nothing(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        assert await town.ask("ProcessEvent", ID="1", Event=EVENT, Flags=["*nosuch", "*rals", "*rals:*nosuch"]) == {}


async def test_a_cdr_made_twice_is_partly_done_or_an_error_where_that_is_wanted(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        asked = {"ID": "1", "Event": {**EVENT, "CGRID": "c1"}, "Flags": ["*cdrs:*rals"]}
        assert await town.ask("ProcessEvent", **asked) == {}
        with pytest.raises(CgrdError, match=r"^PARTIALLY_EXECUTED$"):
            await town.ask("ProcessEvent", **asked)
        with pytest.raises(CgrdError, match=r"^CDRS_ERROR:EXISTS$"):
            await town.ask("ProcessEvent", **{**asked, "Flags": ["*cdrs:*rals", "*blocker_error"]})


async def test_a_price_is_told_and_not_paid(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        answer = await town.ask("GetCost", ID="price", Event={**EVENT, "Usage": "60s"})
        assert (answer["Attributes"], answer["EventCost"].Cost, answer["EventCost"].CGRID) == (None, Decimal("0.6"), "price")
        assert town.bank.money == 10


async def test_deadlines_come_in_their_order_and_move() -> None:
    clock, done = VirtualClock(), []
    deadlines = Deadlines(clock)

    async def note(name: str) -> None:
        done.append((name, clock.monotonic_ns() // SECOND))

    async with trio.open_nursery() as nursery:
        await nursery.start(deadlines.run)
        start = clock.now_ns()
        for name, at in (("late", 30), ("early", 10), ("moved", 5), ("never", 20)):
            deadlines.set(name, start + at * SECOND, lambda name=name: note(name))
        deadlines.set("moved", start + 20 * SECOND, lambda: note("moved"))
        deadlines.clear("never")
        await clock.advance(MINUTE)
        assert done == [("early", 10), ("moved", 20), ("late", 30)]
        assert len(deadlines) == 0
        nursery.cancel_scope.cancel()


async def test_many_cleared_deadlines_take_no_room() -> None:
    deadlines = Deadlines(VirtualClock())
    for number in range(1000):
        deadlines.set("one", number, trio.lowlevel.checkpoint)
    assert len(deadlines._heap) <= 65
