"""Types that compute: sums, usages, times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from cgrd.durations import SECOND
from cgrd.errors import CgrdError, Wrong
from cgrd.fields import arithmetic
from cgrd.fields.converters.reading import as_decimal, as_duration, as_instant, as_int
from cgrd.fields.layouts import RFC3339, format_layout
from cgrd.fields.reading import Roots
from cgrd.fields.text import Duration
from cgrd.fields.types.source import FieldType, Make, Source
from cgrd.money import round_decimal

_LARGEST_EXPONENT = 400


def _arithmetic(compute: Callable[[Sequence[Any]], Any], told: str) -> Callable[[Source], Make]:
    def compiled(source: Source) -> Make:
        return lambda roots, current: compute(source.operands(roots))

    compiled.__doc__ = told
    return compiled


def usage_difference(source: Source) -> Make:
    """`*usage_difference`: stop;start → the duration between them."""

    def make(roots: Roots, current: object) -> Duration:
        stop, start = (as_instant(text, source.zone) for text in source.texts(roots, count=2))
        return Duration(stop.ns - start.ns)

    return make


def credit_control_usage(source: Source) -> Make:
    """`*cc_usage`: request number;used;debit interval → used, and an interval for each request after the first (RFC 8506 §5.6)."""

    def make(roots: Roots, current: object) -> Duration:
        number, used, interval = source.texts(roots, count=3)
        count = _argument("requestNumber", number, lambda text: as_int(text, parser="Atoi"))
        return Duration(_argument("usedCCTime", used, as_duration) + _argument("debitInterval", interval, as_duration) * max(count - 1, 0))

    return make


def _argument(name: str, text: str, read: Callable[[str], int]) -> int:
    try:
        return read(text)
    except CgrdError as error:
        raise Wrong(f"invalid {name} <{text}> to *cc_usage", explain=str(error)) from error


def value_exponent(source: Source) -> Make:
    """`*value_exponent`: value;exponent → value times ten to the exponent, rounded."""

    def make(roots: Roots, current: object) -> Decimal:
        text, exponent = source.texts(roots, count=2)
        try:
            value = as_decimal(text)
        except CgrdError as error:
            raise Wrong(f"invalid value <{text}> to *value_exponent", explain=str(error)) from error
        power = as_int(exponent, parser="Atoi")
        if abs(power) > _LARGEST_EXPONENT:
            raise Wrong(f"invalid exponent <{exponent}> to *value_exponent", explain=f"wanted at most {_LARGEST_EXPONENT}")
        shifted = value.scaleb(power)
        return round_decimal(shifted, source.rounding_decimals, "*middle") if -20 <= shifted.adjusted() <= 30 else shifted

    return make


def unix_timestamp(source: Source) -> Make:
    """`*unix_timestamp`: the time as whole seconds since 1970."""
    return lambda roots, current: as_instant(source.text(roots), source.zone).ns // SECOND


def date_time(source: Source) -> Make:
    """`*datetime`: the time by the field's layout."""
    return lambda roots, current: format_layout(as_instant(source.text(roots), source.zone), source.layout or RFC3339)


NUMBERS = (
    FieldType(name="*sum", compile=_arithmetic(arithmetic.add, "The sum of the values.")),
    FieldType(name="*difference", compile=_arithmetic(arithmetic.subtract, "The first value without the others.")),
    FieldType(name="*multiply", compile=_arithmetic(arithmetic.multiply, "The product of the values.")),
    FieldType(name="*divide", compile=_arithmetic(arithmetic.divide, "The first value divided by the others.")),
    FieldType(name="*usage_difference", compile=usage_difference),
    FieldType(name="*cc_usage", compile=credit_control_usage),
    FieldType(name="*value_exponent", compile=value_exponent),
    FieldType(name="*unix_timestamp", compile=unix_timestamp),
    FieldType(name="*datetime", compile=date_time),
)
