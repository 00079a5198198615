"""Arithmetic of field types on values that know what they are; the first operand decides what all of them are.

Source: spec/observed_events.md, Attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import reduce
from typing import Any

from cgrd.durations import parse_duration
from cgrd.errors import CgrdError, Wrong
from cgrd.fields.converters.reading import quotient
from cgrd.fields.text import Duration, number_of, text_of
from cgrd.instants import Instant


def _refused(value: Any, wanted: str) -> Wrong:
    return Wrong(f"cannot convert field: {text_of(value)} to {wanted}")


def _integer(value: Any) -> int:
    number = number_of(value) if isinstance(value, str) else value
    if isinstance(number, int) and not isinstance(number, bool):
        return int(number)
    raise _refused(value, "int")


def _decimal(value: Any) -> Decimal:
    number = number_of(value) if isinstance(value, str) else value
    if isinstance(number, (int, Decimal)) and not isinstance(number, bool):
        return Decimal(number)
    raise _refused(value, "float64")


def _duration(value: Any) -> Duration:
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return Duration(int(value))
    try:
        return Duration(parse_duration(text_of(value)))
    except CgrdError as error:
        raise _refused(value, "time.Duration") from error


def _kind(first: Any) -> tuple[Callable[[Any], Any], type] | None:
    if isinstance(first, Duration):
        return _duration, Duration
    if isinstance(first, Decimal):
        return _decimal, Decimal
    if isinstance(first, int) and not isinstance(first, bool):
        return _integer, int
    return None


def _fold(items: Sequence[Any], step: Callable[[Any, Any], Any]) -> Any:
    if len(items) < 2:
        raise Wrong("mandatory information missing", explain="arithmetic wants two operands at least")
    kind = _kind(items[0])
    if kind is None:
        raise Wrong("unsupported type", explain=f"no arithmetic on <{text_of(items[0])}>")
    read, make = kind
    result = reduce(step, [read(item) for item in items])
    return make(result) if make is not Decimal else result


def add(items: Sequence[Any]) -> Any:
    """The sum; of a time and durations a later time."""
    if items and isinstance(items[0], Instant):
        return items[0].plus(sum(_duration(item) for item in items[1:]))
    return _fold(items, lambda left, right: left + right)


def subtract(items: Sequence[Any]) -> Any:
    """The first less all others; of a time and durations an earlier time."""
    if items and isinstance(items[0], Instant):
        return items[0].plus(-sum(_duration(item) for item in items[1:]))
    return _fold(items, lambda left, right: left - right)


def multiply(items: Sequence[Any]) -> Any:
    """The product of numbers."""
    _no_durations(items)
    return _fold(items, lambda left, right: left * right)


def divide(items: Sequence[Any]) -> Any:
    """The quotient; of integers the whole part.

    Raises:
        Wrong: an integer is divided by zero (where the reference dies), or an operand is no number.
    """
    _no_durations(items)
    return _fold(items, _quotient)


def _no_durations(items: Sequence[Any]) -> None:
    if items and isinstance(items[0], Duration):
        raise Wrong("unsupported type", explain=f"durations are neither multiplied nor divided: <{text_of(items[0])}>")


def _quotient(left: Any, right: Any) -> Any:
    if isinstance(left, Decimal):
        return quotient(left, right)
    if not right:
        raise Wrong("integer divide by zero")
    # Go's division cuts towards zero.
    whole = abs(left) // abs(right)
    return whole if (left < 0) == (right < 0) else -whole
