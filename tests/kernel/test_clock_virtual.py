"""The clock that tests turn."""

from __future__ import annotations

import trio

from cgrd.instants import parse_instant
from cgrd.testing.clock import VirtualClock


async def test_sleepers_wake_in_the_order_of_their_time_and_see_it() -> None:
    clock, log = VirtualClock(), []

    async def sleeper(name: str, *lengths: int) -> None:
        for length in lengths:
            await clock.sleep(length)
            log.append((name, clock.monotonic_ns()))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(sleeper, "a", 3, 3)
        nursery.start_soon(sleeper, "b", 2, 2, 2, 2)
        await clock.advance(7)
        assert log == [("b", 2), ("a", 3), ("b", 4), *sorted(log[3:])]
        assert sorted(log[3:]) == [("a", 6), ("b", 6)]
        assert clock.monotonic_ns() == 7
        await clock.advance(1)
        assert log[-1] == ("b", 8)


async def test_setting_the_wall_wakes_those_who_wait_for_a_date_and_nobody_else() -> None:
    clock, log = VirtualClock("2026-03-29T00:00:00Z"), []

    async def until() -> None:
        await clock.sleep_until(parse_instant("2026-03-29T02:00:00Z").ns)
        log.append("date")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(until)
        nursery.start_soon(clock.sleep, 10)
        await clock.advance(1)
        await clock.set_wall("2026-03-29T03:00:00Z")
        assert log == ["date"]
        assert clock.monotonic_ns() == 1
        assert str(clock.now()) == "2026-03-29T03:00:00Z"
        await clock.advance(9)


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = VirtualClock()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(clock.sleep, 10)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert clock._sleepers == []
    await clock.advance(20)
