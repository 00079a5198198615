"""A clock that stands until a test turns it."""

from __future__ import annotations

from datetime import UTC, tzinfo

import trio
import trio.testing

from cgrd.instants import Instant, parse_instant


class _Sleeper:
    __slots__ = ("due", "event", "wall")

    def __init__(self, due: int, *, wall: bool) -> None:
        self.due = due
        self.wall = wall
        self.event = trio.Event()


class VirtualClock:
    """A `cgrd.clock.Clock` whose time passes only by `advance`; sleepers wake in the order of their time.

    Args:
        start: the first moment, as text or instant.
        zone: the clock's zone.
    """

    def __init__(self, start: str | Instant = "2026-01-31T08:00:00Z", *, zone: tzinfo = UTC) -> None:
        self.zone = zone
        self._wall = (parse_instant(start) if isinstance(start, str) else start).ns
        self._passed = 0
        self._sleepers: list[_Sleeper] = []

    def now(self) -> Instant:
        """The present moment, in the clock's zone."""
        return Instant(self._wall, self.zone)

    def now_ns(self) -> int:
        """Unix nanoseconds."""
        return self._wall

    def monotonic_ns(self) -> int:
        """What was advanced so far."""
        return self._passed

    async def sleep(self, ns: int) -> None:
        """Return when `ns` were advanced."""
        await self._until(self._passed + ns, wall=False)

    async def sleep_until(self, ns: int) -> None:
        """Return when the unix time `ns` is reached, by `advance` or by `set_wall`."""
        await self._until(ns, wall=True)

    async def _until(self, due: int, *, wall: bool) -> None:
        if due <= (self._wall if wall else self._passed):
            await trio.lowlevel.checkpoint()
            return
        sleeper = _Sleeper(due, wall=wall)
        self._sleepers.append(sleeper)
        try:
            await sleeper.event.wait()
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)

    async def advance(self, ns: int) -> None:
        """Let `ns` pass: each sleeper wakes at its time, and everything it causes is done before the next one wakes."""
        target = self._passed + ns
        await trio.testing.wait_all_tasks_blocked()
        while due := [sleeper for sleeper in self._sleepers if self._left(sleeper) <= target - self._passed]:
            first = min(due, key=self._left)
            self._pass(max(0, self._left(first)))
            self._wake(first)
            await trio.testing.wait_all_tasks_blocked()
        self._pass(target - self._passed)

    async def set_wall(self, moment: str | Instant) -> None:
        """Set the wall clock, as an administrator or NTP does; lengths of time are not touched."""
        self._wall = (parse_instant(moment) if isinstance(moment, str) else moment).ns
        for sleeper in [each for each in self._sleepers if self._left(each) <= 0]:
            self._wake(sleeper)
        await trio.testing.wait_all_tasks_blocked()

    def _left(self, sleeper: _Sleeper) -> int:
        return sleeper.due - (self._wall if sleeper.wall else self._passed)

    def _pass(self, ns: int) -> None:
        self._passed += ns
        self._wall += ns

    def _wake(self, sleeper: _Sleeper) -> None:
        self._sleepers.remove(sleeper)
        sleeper.event.set()
