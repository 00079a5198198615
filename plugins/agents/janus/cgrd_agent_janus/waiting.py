"""Waiting for whichever comes first, on the kernel's clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import trio

from cgrd.clock import Clock

Wait = Callable[[], Awaitable[object]]


async def first_of(*waits: Wait) -> int:
    """Run all, return the place of the one that returned first; the others are cancelled."""
    winner = -1

    async def run(place: int, wait: Wait, scope: trio.CancelScope) -> None:
        nonlocal winner
        await wait()
        if winner < 0:
            winner = place
            scope.cancel()

    async with trio.open_nursery() as nursery:
        for place, wait in enumerate(waits):
            nursery.start_soon(run, place, wait, nursery.cancel_scope)
    return winner


async def within(clock: Clock, ns: int, wait: Wait) -> bool:
    """Whether `wait` returned within `ns` nanoseconds of the clock; it is cancelled otherwise."""
    return await first_of(wait, partial(clock.sleep, max(0, ns))) == 0
