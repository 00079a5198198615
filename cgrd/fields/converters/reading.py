"""What converters and arithmetic read their operands with; the errors are the ones of the reference's parsers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, tzinfo
from decimal import Context, Decimal, Inexact
from typing import Any

from cgrd.durations import parse_duration
from cgrd.errors import Wrong
from cgrd.fields.text import Duration, number_of, text_of
from cgrd.instants import Instant, parse_instant

Converter = Callable[[Any], Any]
ConverterFactory = Callable[[list[str]], Converter]

_SIGNED_NUMBER = re.compile(r"[+-]\d+\Z", re.ASCII)
_EXACT = Context(prec=60)


def as_decimal(value: Any) -> Decimal:
    """A number, a duration (its ns) or a text as a decimal.

    Raises:
        Wrong: it is none.
    """
    if isinstance(value, (int, Decimal)):
        return Decimal(value)
    text = text_of(value)
    number = number_of(text)
    if number is None:
        raise Wrong(f'strconv.ParseFloat: parsing "{text}": invalid syntax')
    return Decimal(number)


def as_int(value: Any, *, parser: str = "ParseInt") -> int:
    """A number or text as an integer; `parser` names the one that the reference's error speaks of.

    Raises:
        Wrong: it is none.
    """
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Decimal):
        return int(value)
    text = text_of(value)
    number = number_of(text)
    if not isinstance(number, int):
        raise Wrong(f'strconv.{parser}: parsing "{text}": invalid syntax')
    return number


def as_duration(value: Any) -> Duration:
    """A duration from its text, or from a number of nanoseconds.

    Raises:
        Wrong: it is none.
    """
    return Duration(int(value)) if isinstance(value, (int, Decimal)) else Duration(parse_duration(text_of(value)))


def as_instant(value: Any, zone: tzinfo = UTC) -> Instant:
    """An instant from any time text; texts without a zone are in `zone`.

    Raises:
        Wrong: it is none.
    """
    if isinstance(value, Instant):
        return value
    text = text_of(value)
    if _SIGNED_NUMBER.match(text):
        raise Wrong(f'time: missing unit in duration "{text[1:]}"')
    return parse_instant(text, zone=zone)


def quotient(dividend: Decimal, divisor: Decimal) -> Decimal:
    """The exact quotient, or the nearest number of 17 digits where there is none; division by zero is infinite, as with floats."""
    if not divisor:
        return Decimal("NaN") if not dividend else Decimal("Infinity").copy_sign(dividend)
    context = _EXACT.copy()
    exact = context.divide(dividend, divisor)
    return Decimal(repr(float(exact))) if context.flags[Inexact] else exact
