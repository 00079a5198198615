"""How many calls deep we are in calls that set off one another: a circle of thresholds and actions ends at once, with a clear error.

Counted is only what can close a circle: a threshold that fires, an action that calls a method. What is called meanwhile, in this process or
over a socket, goes on from there: a request of ours carries the number in the field `hops` beside its method, which other daemons ignore.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from cgrd.errors import Circular

__all__ = [
    "deeper",
    "going_on",
    "hops",
]

MOST: Final = 16

_hops: ContextVar[int] = ContextVar("cgrd_hops", default=0)


def hops() -> int:
    """How deep we are; 0 in what nothing of ours has set off."""
    return _hops.get()


@contextmanager
def deeper(what: str) -> Iterator[None]:
    """`with deeper("threshold FRAUD"):` is one deeper.

    Raises:
        Circular: that would be too deep.
    """
    if _hops.get() >= MOST:
        raise Circular(explain=f"{what} is the end of {MOST} thresholds and actions that set off one another; one of them must not set off the next")
    with going_on(_hops.get() + 1):
        yield


@contextmanager
def going_on(number: int) -> Iterator[None]:
    """`with going_on(3):` is as deep as whatever it was set off by."""
    token = _hops.set(number)
    try:
        yield
    finally:
        _hops.reset(token)
