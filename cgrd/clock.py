"""The kernel's clock: the only source of time, so that tests can turn it."""

from __future__ import annotations

import time
from datetime import UTC, tzinfo
from typing import Protocol

import trio

from cgrd.durations import SECOND
from cgrd.instants import Instant

__all__ = [
    "Clock",
    "SystemClock",
]


class Clock(Protocol):
    """Where time comes from. All lengths are nanoseconds."""

    def now(self) -> Instant:
        """The present moment, in the clock's zone."""

    def now_ns(self) -> int:
        """Unix nanoseconds."""

    def monotonic_ns(self) -> int:
        """A reading that never goes back, for lengths of time."""

    async def sleep(self, ns: int) -> None:
        """Return after `ns`."""

    async def sleep_until(self, ns: int) -> None:
        """Return when the unix time `ns` is reached, also when the wall clock is set meanwhile."""


class SystemClock:
    """The machine's clock."""

    def __init__(self, zone: tzinfo = UTC) -> None:
        self.zone = zone

    def now(self) -> Instant:
        return Instant(time.time_ns(), self.zone)

    def now_ns(self) -> int:
        return time.time_ns()

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    async def sleep(self, ns: int) -> None:
        await trio.sleep(max(0, ns) / SECOND)

    async def sleep_until(self, ns: int) -> None:
        # A minute at most at a time: the wall clock may be set while we sleep.
        while True:
            left = ns - time.time_ns()
            if left <= 0:
                return
            await trio.sleep(min(left / SECOND, 60))
