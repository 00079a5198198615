"""What is watched on behalf of a component ends with it: a component that a reload leaves out must neither be kept nor told of changes."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, Token
from types import TracebackType


class Watches:
    """`with Watches() as watches:` whatever tables are told to watch in the block, and in tasks begun there, ends by `watches.end()`.

    A block that is left by an exception has ended them.
    """

    def __init__(self) -> None:
        self._ends: list[Callable[[], object]] = []

    def __enter__(self) -> Watches:
        self._outer: Token[Watches | None] = _present.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _present.reset(self._outer)
        if error is not None:
            self.end()

    def add(self, end: Callable[[], object]) -> None:
        """What ends one watch."""
        self._ends.append(end)

    def end(self) -> None:
        """End all of them; nothing where that was done."""
        ends, self._ends = self._ends, []
        for each in ends:
            each()


_present: ContextVar[Watches | None] = ContextVar("watches", default=None)


def ends_by(end: Callable[[], object]) -> None:
    """Something is watched from now on until `end` is called: by whoever holds the block, where there is one."""
    if (watches := _present.get()) is not None:
        watches.add(end)
