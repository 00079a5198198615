"""Waiting for whichever comes first, on the kernel's clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import trio

from cgrd.clock import Clock

Wait = Callable[[], Awaitable[object]]


async def first_of(*waits: Wait) -> int:
    """Run all, return the place of the one that returned first; the others are cancelled. What the first one raises is raised as it is."""
    finished: list[tuple[int, Exception | None]] = []

    async def run(place: int, wait: Wait, scope: trio.CancelScope) -> None:
        failure = None
        try:
            await wait()
        except Exception as error:
            failure = error
        finished.append((place, failure))
        scope.cancel()

    async with trio.open_nursery() as nursery:
        for place, wait in enumerate(waits):
            nursery.start_soon(run, place, wait, nursery.cancel_scope)
    place, failure = finished[0]
    if failure is not None:
        raise failure
    return place


async def within(clock: Clock, ns: int, wait: Wait) -> bool:
    """Whether `wait` returned within `ns` nanoseconds of the clock; it is cancelled otherwise."""
    return await first_of(wait, partial(clock.sleep, max(0, ns))) == 0
