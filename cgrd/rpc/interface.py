"""What the listeners need of the rest of the kernel: a directory of methods. The graph is one; tests write their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec

from cgrd.component import Peer, Served


class Later(msgspec.Struct, frozen=True):
    """Returned instead of an answer that is not there yet: `await later.finish()` gives it, or raises."""

    finish: Callable[[], Awaitable[Any]]


class Directory(Protocol):
    """The methods that one listener serves."""

    def find(self, method: str) -> Served:
        """The method of that name.

        Raises:
            UnknownService, UnknownMethod: nothing here serves it.
            Wrong: the name is no `Service.Method`.
        """

    def request_nowait(self, served: Served, args: Any, peer: Peer | None) -> Any:
        """Begin a request from outside: its answer when nothing has to be waited for, else a `Later`.

        A plain function whose changes are not committed yet has run when its `Later` is returned; an async one has not begun.

        Raises:
            CgrdError: the request is refused or failed.
        """
