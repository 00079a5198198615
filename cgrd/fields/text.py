"""Values as text and text as values: the two conversions that every rule, filter and template of the language rests on.

Source: spec/agents.md §A3.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

from cgrd.durations import SECOND, format_duration, parse_duration
from cgrd.errors import CgrdError
from cgrd.instants import Instant, parse_instant
from cgrd.money import plain


class Duration(int):
    """A length of time in nanoseconds that knows it is one: its text is Go's ("1m30s"), -1 stays "-1" (never, unlimited)."""

    __slots__ = ()

    def __str__(self) -> str:
        return "-1" if self == -1 else format_duration(int(self))


def text_of(value: Any) -> str:
    """The text of any value: numbers without exponent, durations as Go writes them, times RFC 3339 in seconds, None "", others JSON."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    writer = _WRITERS.get(kind)
    return writer(value) if writer else _other(value)


def _other(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    return _json(value)


def _float(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"
    return plain(Decimal(repr(value)))


def _decimal(value: Decimal) -> str:
    if value.is_finite():
        return plain(value)
    return "NaN" if value.is_nan() else "+Inf" if value > 0 else "-Inf"


def _instant(value: Instant) -> str:
    # Go's RFC 3339 layout has no fraction; clients compare these texts.
    try:
        return str(Instant(value.ns - value.ns % SECOND, value.zone))
    except (OverflowError, ValueError):
        return f"{value.ns}ns"


def _bytes(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _write(value: Any) -> Any:
    return str(value) if isinstance(value, (Instant, Duration)) else msgspec.to_builtins(value, enc_hook=str)


_encoder = msgspec.json.Encoder(enc_hook=_write, decimal_format="number", order="deterministic")
# What Go's encoder writes for characters that HTML would read.
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def _json(value: Any) -> str:
    try:
        return _encoder.encode(_shortened(value)).decode().translate(_ESCAPES)
    except (TypeError, ValueError, RecursionError):
        return str(value)


def _shortened(value: Any) -> Any:
    """The same tree with decimals as short as can be: 10.0 is written 10."""
    if isinstance(value, dict):
        return {str(key): _shortened(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shortened(item) for item in value]
    if isinstance(value, (Decimal, float)):
        short = Decimal(text_of(value)) if -(2**1000) < value < 2**1000 else None
        return int(short) if short is not None and short == short.to_integral_value() else short
    return value


_WRITERS: dict[type, Any] = {
    bool: lambda value: "true" if value else "false",
    int: int.__repr__,
    type(None): lambda value: "",
    Decimal: _decimal,
    float: _float,
    Duration: str,
    Instant: _instant,
    bytes: _bytes,
}

_INT = re.compile(r"[+-]?\d{1,19}\Z", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?\Z", re.ASCII)
_BOOLS = {"t": True, "T": True, "TRUE": True, "true": True, "True": True, "f": False, "F": False, "FALSE": False, "false": False, "False": False}
_DURATION = re.compile(r"[+-]?(?:[\d.]+(?:ns|us|µs|ms|s|m|h))+\Z", re.ASCII)
_DURATION_START = re.compile(r"[+-]?[\d.]")
_TIME_START = re.compile(r"[\d*+-]")


def number_of(text: str) -> int | Decimal | None:
    """The integer or decimal that the text is, or None."""
    if _INT.match(text):
        return int(text)
    return Decimal(text) if _FLOAT.match(text) else None


def sniff(text: str) -> Any:
    """The most telling value of a text: int, bool, Decimal, Instant, Duration, or the text itself; the first that fits in this order."""
    number = number_of(text)
    if number is not None:
        return number
    if text in _BOOLS:
        return _BOOLS[text]
    if _DURATION.match(text):
        # No time ends like this, so the forms of times need not be tried.
        return _duration_or_text(text)
    if not _TIME_START.match(text):
        return text if text[:1] != "." else _duration_or_text(text)
    try:
        return parse_instant(text) if text[0] not in "+-" else _duration_or_text(text)
    except (CgrdError, OverflowError):
        return _duration_or_text(text)


def _duration_or_text(text: str) -> Any:
    if _DURATION_START.match(text):
        try:
            return Duration(parse_duration(text))
        except CgrdError:
            pass
    return text


def sniffed(value: Any) -> Any:
    """A raw value as the comparing rules see it: through its text, so that "10" and 10 are the same."""
    if type(value) is int or type(value) is Decimal or isinstance(value, (bool, Instant, Duration)):
        return value
    return sniff(text_of(value))
