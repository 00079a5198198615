"""Converters of durations. Texts are read as Go writes them ("1m30s"); bare numbers are nanoseconds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cgrd.durations import MINUTE, SECOND
from cgrd.fields.converters.reading import Converter, ConverterFactory, as_duration, quotient
from cgrd.fields.layouts import format_layout
from cgrd.instants import Instant


def duration(args: list[str]) -> Converter:
    """`*duration`: "90" → "90ns"."""
    return as_duration


def nanoseconds(args: list[str]) -> Converter:
    """`*duration_nanoseconds`: "10s" → 10000000000."""
    return lambda value: int(as_duration(value))


def seconds(args: list[str]) -> Converter:
    """`*duration_seconds`: "1m30s" → 90."""
    return lambda value: quotient(Decimal(int(as_duration(value))), Decimal(SECOND))


def minutes(args: list[str]) -> Converter:
    """`*duration_minutes`: "1m30s" → 1.5."""
    return lambda value: quotient(Decimal(int(as_duration(value))), Decimal(MINUTE))


def formatted(args: list[str]) -> Converter:
    """`*durfmt[:layout]`: the duration as a time of day since midnight; the layout may hold colons."""
    layout = ":".join(args) or "15:04:05"

    def convert(value: Any) -> str:
        return format_layout(Instant(int(as_duration(value))), layout)

    return convert


LENGTHS: dict[str, ConverterFactory] = {
    "*duration": duration,
    "*duration_nanoseconds": nanoseconds,
    "*duration_seconds": seconds,
    "*duration_minutes": minutes,
    "*durfmt": formatted,
}
