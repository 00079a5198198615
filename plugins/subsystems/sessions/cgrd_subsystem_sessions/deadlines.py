"""Things to be done at their time: one task for any number of them, on the kernel's clock."""

from __future__ import annotations

import heapq
from collections.abc import Awaitable, Callable, Hashable
from typing import TYPE_CHECKING, Any

import trio

if TYPE_CHECKING:
    from cgrd.clock import Clock

Work = Callable[[], Awaitable[Any]]


class Deadlines:
    """Work by key and time; setting a key again moves it.

    Args:
        clock: whose time counts.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[int, int]] = []
        self._planned: dict[int, tuple[Hashable, Work]] = {}
        self._by_key: dict[Hashable, int] = {}
        self._number = 0
        self._changed = trio.Event()

    def set(self, key: Hashable, at_ns: int, work: Work) -> None:
        """Do `work` at the unix time `at_ns`, instead of what was planned under this key."""
        self.clear(key)
        self._number += 1
        self._planned[self._number] = (key, work)
        self._by_key[key] = self._number
        heapq.heappush(self._heap, (at_ns, self._number))
        if self._heap[0][1] == self._number:
            self._changed.set()

    def clear(self, *keys: Hashable) -> None:
        """Nothing is to be done under these keys."""
        for key in keys:
            number = self._by_key.pop(key, None)
            if number is not None:
                del self._planned[number]
                self._tidy()

    def _tidy(self) -> None:
        # What was cleared stays in the heap until its time; where that is most of it, it is made anew.
        if len(self._heap) > 64 and len(self._heap) > 4 * len(self._planned):
            self._heap = [entry for entry in self._heap if entry[1] in self._planned]
            heapq.heapify(self._heap)

    def __len__(self) -> int:
        return len(self._planned)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Do everything at its time, each in a task of its own, until cancelled. Work must not raise."""
        async with trio.open_nursery() as nursery:
            task_status.started()
            while True:
                self._changed = trio.Event()
                await self._wait()
                for work in self._due():
                    nursery.start_soon(work)

    async def _wait(self) -> None:
        if not self._heap:
            await self._changed.wait()
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._until, self._heap[0][0], nursery.cancel_scope)
            await self._changed.wait()
            nursery.cancel_scope.cancel()

    async def _until(self, at_ns: int, scope: trio.CancelScope) -> None:
        await self._clock.sleep_until(at_ns)
        scope.cancel()

    def _due(self) -> list[Work]:
        now, due = self._clock.now_ns(), []
        while self._heap and self._heap[0][0] <= now:
            planned = self._planned.pop(heapq.heappop(self._heap)[1], None)
            if planned is not None:
                self._by_key.pop(planned[0], None)
                due.append(planned[1])
        return due
