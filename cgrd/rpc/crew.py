"""Tasks that are kept for the next request: waking one costs a third of starting one."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

import trio

Work = Callable[[], Awaitable[None]]


class Crew:
    """Does work in tasks of its own, begun in the order in which it came.

    Args:
        nursery: where the tasks live; it ends only after `dismiss`, or when it is cancelled.
        keep: how many tasks may wait for work.
    """

    def __init__(self, nursery: trio.Nursery, *, keep: int = 8) -> None:
        self._nursery = nursery
        self._keep = keep
        # Tasks are woken in any order; who wakes first takes what came first.
        self._wanted: deque[Work] = deque()
        self._idle: list[trio.lowlevel.Task] = []

    def do(self, work: Work) -> None:
        """Begin a piece of work; it must not raise."""
        self._wanted.append(work)
        if self._idle:
            trio.lowlevel.reschedule(self._idle.pop())
        else:
            self._nursery.start_soon(self._serve)

    def dismiss(self) -> None:
        """Who waits for work goes home, and so does everybody who finishes from now on."""
        self._keep = 0
        while self._idle:
            trio.lowlevel.reschedule(self._idle.pop())

    async def _serve(self) -> None:
        task = trio.lowlevel.current_task()

        def leave(_: object) -> trio.lowlevel.Abort:
            self._idle.remove(task)
            return trio.lowlevel.Abort.SUCCEEDED

        while True:
            while self._wanted:
                await self._wanted.popleft()()
            if len(self._idle) >= self._keep:
                return
            self._idle.append(task)
            await trio.lowlevel.wait_task_rescheduled(leave)
