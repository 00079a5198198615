"""Work beside requests: one task that fails is told in the log and ends alone; the daemon and its other tasks go on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
import trio


class Background:
    """Where components start tasks that outlive the request; a nursery that a failing task does not end."""

    def __init__(self) -> None:
        self._nursery: trio.Nursery | None = None

    def open(self, nursery: trio.Nursery) -> None:
        """Let tasks live there from now on; the kernel does so when it runs."""
        self._nursery = nursery

    def _opened(self) -> trio.Nursery:
        if self._nursery is None:
            raise RuntimeError("background work was wanted of a daemon that does not run; start it in serve() or in a request")
        return self._nursery

    def start_soon(self, work: Callable[..., Awaitable[Any]], *args: Any, name: str = "") -> None:
        """Run `work(*args)` beside everything else.

        Raises:
            RuntimeError: the daemon does not run yet.
        """
        self._opened().start_soon(self._guarded, work, *args, name=name or getattr(work, "__qualname__", repr(work)))

    def stop(self) -> None:
        """End the daemon in good order, as a signal does (`Responder.Shutdown`)."""
        self._opened().cancel_scope.cancel()

    async def _guarded(self, work: Callable[..., Awaitable[Any]], *args: Any) -> None:
        try:
            await work(*args)
        except Exception:
            structlog.get_logger("background").exception("a task failed and ends", task=getattr(work, "__qualname__", repr(work)))
