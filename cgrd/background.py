"""Work beside requests: one task that fails is told in the log and ends alone; the daemon and its other tasks go on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
import trio


class Background:
    """Where components start tasks that outlive the request; a nursery that a failing task does not end.

    Args:
        nursery: where the tasks live.
    """

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery

    def start_soon(self, work: Callable[..., Awaitable[Any]], *args: Any, name: str = "") -> None:
        """Run `work(*args)` beside everything else."""
        self._nursery.start_soon(self._guarded, work, *args, name=name or getattr(work, "__qualname__", repr(work)))

    def stop(self) -> None:
        """End the daemon in good order, as a signal does (`Responder.Shutdown`)."""
        self._nursery.cancel_scope.cancel()

    async def _guarded(self, work: Callable[..., Awaitable[Any]], *args: Any) -> None:
        try:
            await work(*args)
        except Exception:
            structlog.get_logger("background").exception("a task failed and ends", task=getattr(work, "__qualname__", repr(work)))
