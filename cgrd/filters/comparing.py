"""Comparison of values that know what they are: numbers, times, durations; what does not go together is an error.

Source: spec/observed_events.md, Filters.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cgrd.errors import Wrong
from cgrd.fields.text import text_of
from cgrd.instants import Instant


def _scale(value: Any) -> int | Decimal | None:
    if isinstance(value, bool):
        return None
    return value if isinstance(value, (int, Decimal)) else None


def order(left: Any, right: Any) -> int:
    """-1, 0 or 1.

    Raises:
        Wrong: `incomparable: …` when one is a number or time and the other something else; `unsupported comparison type: …` when both are texts.
    """
    if isinstance(left, Instant) and isinstance(right, Instant):
        return (left > right) - (left < right)
    first, second = _scale(left), _scale(right)
    if first is not None and second is not None:
        return (first > second) - (first < second)
    if type(left) is type(right):
        name = "bool" if isinstance(left, bool) else "string"
        raise Wrong(f"unsupported comparison type: {name}, kind: {name}")
    raise Wrong(f"incomparable: <{_shown(left)}> with <{_shown(right)}>")


def equal(left: Any, right: Any) -> bool:
    """Whether both are the same; texts and truth values too.

    Raises:
        Wrong: they are of different sorts.
    """
    if type(left) is type(right) and isinstance(left, (str, bool)):
        return bool(left == right)
    return order(left, right) == 0


def _shown(value: Any) -> str:
    comparable = isinstance(value, Instant) or _scale(value) is not None
    return text_of(value) if comparable else "<nil>"
