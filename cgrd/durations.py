"""Durations as integer nanoseconds, read and written in Go's notation ("1m30s"), as every CGRateS file and client writes them.

Amounts of data, messages and pieces travel in the same integer: one unit is one nanosecond.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from cgrd.errors import Wrong

__all__ = [
    "DAY",
    "HOUR",
    "MICROSECOND",
    "MILLISECOND",
    "MINUTE",
    "NANOSECOND",
    "SECOND",
    "format_duration",
    "parse_duration",
]

NANOSECOND = 1
MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_UNITS = {"ns": 1, "us": MICROSECOND, "µs": MICROSECOND, "μs": MICROSECOND, "ms": MILLISECOND, "s": SECOND, "m": MINUTE, "h": HOUR}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)([a-zµμ]*)")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?\Z")
_LIMIT = 1 << 63
_SHORT = 32
_FORM = "write a duration as 60s, 1h30m or 500ms; a number without a unit counts nanoseconds, or units of data"


def parse_duration(text: str) -> int:
    """Nanoseconds of "1h2m3.5s", "-30s" or a bare number (which counts nanoseconds, or units of data); "" is 0.

    Raises:
        Wrong: the text is no duration, or does not fit 64 bits.
    """
    if not text:
        return 0
    if text[-1] == "s" and len(text) < 10 and text.isascii() and text[:-1].isdigit():
        return int(text[:-1]) * SECOND
    return _known(text) if len(text) <= _SHORT else _read(text)


def _read(text: str) -> int:
    if _NUMBER.match(text):
        return _fits(int(Decimal(text)), text)
    negative, rest = text[0] == "-", text.lstrip("+-") if text[0] in "+-" else text
    total, at = Decimal(0), 0
    while part := _PART.match(rest, at):
        if not part[2]:
            raise Wrong(f'time: missing unit in duration "{text}"', explain=_FORM)
        if part[2] not in _UNITS:
            raise Wrong(f'time: unknown unit "{part[2]}" in duration "{text}"', explain=_FORM)
        total += Decimal(part[1]) * _UNITS[part[2]]
        at = part.end()
    if at == 0 or at != len(rest):
        raise Wrong(f'time: invalid duration "{text}"', explain=_FORM)
    return _fits(int(-total if negative else total), text)


# Clients ask for the same few lengths.
_known = lru_cache(4096)(_read)


def _fits(ns: int, text: str) -> int:
    if not -_LIMIT <= ns < _LIMIT:
        raise Wrong(f'time: invalid duration "{text}"', explain=_FORM)
    return ns


def format_duration(ns: int) -> str:
    """Go's text of a duration: "0s", "1.5ms", "1m30s", "2h0m0s"."""
    if ns == 0:
        return "0s"
    sign, ns = ("-", -ns) if ns < 0 else ("", ns)
    if ns < SECOND:
        for size, unit in ((MILLISECOND, "ms"), (MICROSECOND, "µs"), (1, "ns")):
            if ns >= size:
                return f"{sign}{_fraction(ns, size)}{unit}"
    minutes, rest = divmod(ns, MINUTE)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{head}{_fraction(rest, SECOND)}s"


def _fraction(ns: int, size: int) -> str:
    whole, rest = divmod(ns, size)
    return f"{whole}.{rest:0{len(str(size)) - 1}d}".rstrip("0") if rest else str(whole)
