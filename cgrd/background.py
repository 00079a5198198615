"""Work beside requests: one task that fails is told in the log and ends alone; the daemon and its other tasks go on."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from types import CoroutineType
from typing import Any, Final

import structlog
import trio

AT_A_STRETCH: Final = 64
"""How many plain calls are done before other tasks have their turn."""


class Background:
    """Where components leave work that outlives the request, and start tasks; what fails there ends alone."""

    def __init__(self) -> None:
        self._nursery: trio.Nursery | None = None
        self._wanted: deque[tuple[Context, Callable[..., Any], tuple[Any, ...]]] = deque()
        self._idle = trio.lowlevel.ParkingLot()
        self._is_over = False

    def open(self, nursery: trio.Nursery) -> None:
        """Let tasks live there from now on, until it is cancelled; the kernel does so when it runs."""
        self._nursery = nursery
        nursery.start_soon(self._do_what_is_wanted)

    def _opened(self) -> trio.Nursery:
        if self._nursery is None:
            raise RuntimeError("background work was wanted of a daemon that does not run; start it in serve() or in a request")
        return self._nursery

    def start_soon(self, work: Callable[..., Awaitable[Any]], *args: Any, name: str = "") -> None:
        """Run `work(*args)` beside everything else.

        Raises:
            RuntimeError: the daemon does not run yet.
        """
        name = name or name_of(work)
        self._opened().start_soon(self._guarded, name, work, *args, name=name)

    def do_soon(self, work: Callable[..., Any], *args: Any) -> None:
        """Call `work(*args)` when the present step is over, after what was wanted before it: no task is made for a plain function.

        Where it answers a coroutine because it has to wait, that becomes a task, and what follows does not wait for it.

        Raises:
            RuntimeError: the daemon does not run yet.
        """
        nursery = self._opened()
        if self._is_over:
            nursery.start_soon(self._do_late, work, args)
            return
        self._wanted.append((copy_context(), work, args))
        if self._idle:
            self._idle.unpark()

    async def _do_what_is_wanted(self) -> None:
        try:
            while True:
                if self._wanted:
                    await trio.lowlevel.checkpoint()
                else:
                    await self._idle.park()
                self._do_some(AT_A_STRETCH)
        finally:
            # Requests that have begun go on for a while when the daemon is to stop: what they want from now on is a task's.
            self._is_over = True
            self._do_some(len(self._wanted))

    async def _do_late(self, work: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._do(work, args)

    def _do_some(self, most: int) -> None:
        for _ in range(min(most, len(self._wanted))):
            context, work, args = self._wanted.popleft()
            context.run(self._do, work, args)

    def _do(self, work: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            rest = work(*args)
        except Exception:
            _tell_failed(name_of(work))
            return
        if type(rest) is CoroutineType:
            self.start_soon(lambda: rest, name=name_of(work))

    def stop(self) -> None:
        """End the daemon in good order, as a signal does (`Responder.Shutdown`)."""
        self._opened().cancel_scope.cancel()

    async def _guarded(self, name: str, work: Callable[..., Awaitable[Any]], *args: Any) -> None:
        try:
            await work(*args)
        except Exception:
            _tell_failed(name)


def name_of(work: Callable[..., Any]) -> str:
    """What work is called in the log."""
    return getattr(work, "__qualname__", repr(work))


def _tell_failed(name: str) -> None:
    structlog.get_logger("background").exception("a task failed and ends", task=name)
