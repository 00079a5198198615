"""Tasks that are kept for the next request: waking one costs a third of starting one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

Work = Callable[[], Awaitable[None]]


class Crew:
    """Does work in tasks of its own.

    Args:
        nursery: where the tasks live; it ends only after `dismiss`, or when it is cancelled.
        keep: how many tasks may wait for work.
    """

    def __init__(self, nursery: trio.Nursery, *, keep: int = 8) -> None:
        self._nursery = nursery
        self._keep = keep
        self._idle: list[_Worker] = []

    def do(self, work: Work) -> None:
        """Begin a piece of work; it must not raise."""
        if self._idle:
            worker = self._idle.pop()
            worker.work = work
            trio.lowlevel.reschedule(worker.task)
        else:
            self._nursery.start_soon(self._serve, work)

    def dismiss(self) -> None:
        """Who waits for work goes home, and so does everybody who finishes from now on."""
        self._keep = 0
        while self._idle:
            trio.lowlevel.reschedule(self._idle.pop().task)

    async def _serve(self, work: Work) -> None:
        worker = _Worker(work)

        def leave(_: object) -> trio.lowlevel.Abort:
            if worker in self._idle:
                self._idle.remove(worker)
            return trio.lowlevel.Abort.SUCCEEDED

        while (work_now := worker.work) is not None:
            worker.work = None
            await work_now()
            if len(self._idle) < self._keep:
                self._idle.append(worker)
                await trio.lowlevel.wait_task_rescheduled(leave)


class _Worker:
    """A task, and what it is to do when it wakes; nothing sends it home."""

    def __init__(self, work: Work) -> None:
        self.task = trio.lowlevel.current_task()
        self.work: Work | None = work
