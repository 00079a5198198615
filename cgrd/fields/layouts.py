"""Go's time layouts ("2006-01-02T15:04:05Z07:00"), which configurations and tariff plans are full of."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache

from cgrd.errors import Wrong
from cgrd.instants import Instant

RFC3339 = "2006-01-02T15:04:05Z07:00"

_TOKEN = re.compile(
    r"2006|January|Jan|Monday|Mon|MST|Z07:00:00|Z070000|Z07:00|Z0700|Z07|-07:00:00|-070000|-07:00|-0700|-07|002|__2|_2|01|02|03|04|05|06|15|PM|pm"
    r"|[.,](?:0+|9+)(?!\d)|1|2|3|4|5"
)


def _offset(moment: datetime, *, colon: bool, zulu: bool, minutes: bool = True) -> str:
    offset = moment.utcoffset() or timedelta(0)
    if zulu and not offset:
        return "Z"
    total = int(offset.total_seconds()) // 60
    sign, total = ("-", -total) if total < 0 else ("+", total)
    tail = f"{':' if colon else ''}{total % 60:02d}" if minutes else ""
    return f"{sign}{total // 60:02d}{tail}"


def _twelve(moment: datetime) -> int:
    return moment.hour % 12 or 12


_WRITERS: dict[str, Callable[[datetime], str]] = {
    "2006": lambda at: f"{at.year:04d}",
    "06": lambda at: f"{at.year % 100:02d}",
    "January": lambda at: at.strftime("%B"),
    "Jan": lambda at: at.strftime("%b"),
    "Monday": lambda at: at.strftime("%A"),
    "Mon": lambda at: at.strftime("%a"),
    "MST": lambda at: at.tzname() or "UTC",
    "01": lambda at: f"{at.month:02d}",
    "1": lambda at: str(at.month),
    "02": lambda at: f"{at.day:02d}",
    "_2": lambda at: f"{at.day:2d}",
    "2": lambda at: str(at.day),
    "002": lambda at: f"{at.timetuple().tm_yday:03d}",
    "__2": lambda at: f"{at.timetuple().tm_yday:3d}",
    "15": lambda at: f"{at.hour:02d}",
    "03": lambda at: f"{_twelve(at):02d}",
    "3": lambda at: str(_twelve(at)),
    "04": lambda at: f"{at.minute:02d}",
    "4": lambda at: str(at.minute),
    "05": lambda at: f"{at.second:02d}",
    "5": lambda at: str(at.second),
    "PM": lambda at: "PM" if at.hour >= 12 else "AM",
    "pm": lambda at: "pm" if at.hour >= 12 else "am",
    "Z07:00": lambda at: _offset(at, colon=True, zulu=True),
    "Z0700": lambda at: _offset(at, colon=False, zulu=True),
    "Z07": lambda at: _offset(at, colon=False, zulu=True, minutes=False),
    "Z07:00:00": lambda at: _offset(at, colon=True, zulu=True),
    "Z070000": lambda at: _offset(at, colon=False, zulu=True),
    "-07:00": lambda at: _offset(at, colon=True, zulu=False),
    "-0700": lambda at: _offset(at, colon=False, zulu=False),
    "-07": lambda at: _offset(at, colon=False, zulu=False, minutes=False),
    "-07:00:00": lambda at: _offset(at, colon=True, zulu=False),
    "-070000": lambda at: _offset(at, colon=False, zulu=False),
}


@lru_cache(1024)
def pieces_of(layout: str) -> list[tuple[str, str]]:
    """A layout as (literal before, token) pairs; the last token may be empty."""
    pieces, at = [], 0
    for found in _TOKEN.finditer(layout):
        pieces.append((layout[at : found.start()], found[0]))
        at = found.end()
    return [*pieces, (layout[at:], "")]


def format_layout(instant: Instant, layout: str) -> str:
    """The instant by a Go layout, in its own zone.

    Raises:
        Wrong: the instant lies outside the years 1 to 9999.
    """
    try:
        moment = instant.datetime()
    except (OverflowError, ValueError) as error:
        raise Wrong(f"time out of range: {instant.ns} ns") from error
    return "".join(before + _write(moment, instant.ns % 1_000_000_000, token) for before, token in pieces_of(layout))


def _write(moment: datetime, nanos: int, token: str) -> str:
    if not token:
        return ""
    if token[0] in ".,":
        digits = f"{nanos:09d}"[: len(token) - 1].ljust(len(token) - 1, "0")
        if token[1] == "0":
            return token[0] + digits
        return token[0] + digits.rstrip("0") if digits.rstrip("0") else ""
    return _WRITERS[token](moment)
