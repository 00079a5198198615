"""Reading times by Go's layouts, with Go's words for what does not fit."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from cgrd.errors import Wrong
from cgrd.fields.layouts import pieces_of
from cgrd.instants import Instant

_MONTHS = {name.lower(): at for at, name in enumerate(calendar.month_name) if name}
_SHORT_MONTHS = {name.lower(): at for at, name in enumerate(calendar.month_abbr) if name}
_DIGITS = {
    "2006": (r"\d{4}", "year"),
    "06": (r"\d{2}", "short_year"),
    "01": (r"\d{2}", "month"),
    "1": (r"\d{1,2}", "month"),
    "02": (r"\d{2}", "day"),
    "_2": (r" ?\d{1,2}", "day"),
    "2": (r"\d{1,2}", "day"),
    "15": (r"\d{2}", "hour"),
    "03": (r"\d{2}", "hour"),
    "3": (r"\d{1,2}", "hour"),
    "04": (r"\d{2}", "minute"),
    "4": (r"\d{1,2}", "minute"),
    "05": (r"\d{2}", "second"),
    "5": (r"\d{1,2}", "second"),
}
_WORDS: dict[str, tuple[str, str, Callable[[str], int]]] = {
    "January": (r"[A-Za-z]{3,9}", "month", lambda text: _MONTHS.get(text.lower(), 0)),
    "Jan": (r"[A-Za-z]{3}", "month", lambda text: _SHORT_MONTHS.get(text.lower(), 0)),
    "Monday": (r"[A-Za-z]{6,9}", "", lambda text: 1),
    "Mon": (r"[A-Za-z]{3}", "", lambda text: 1),
    "MST": (r"[A-Z]{3,5}", "", lambda text: 1),
    "PM": (r"[AP]M", "afternoon", lambda text: int(text == "PM") + 1),
    "pm": (r"[ap]m", "afternoon", lambda text: int(text == "pm") + 1),
}
_ZONE = re.compile(r"([+-])(\d\d):?(\d\d)?")
_FRACTION = re.compile(r"[.,](\d{1,9})\d*")


def parse_layout(text: str, layout: str) -> Instant:
    """The instant of a text in exactly this layout; UTC where the layout holds no zone.

    Raises:
        Wrong: `parsing time "…" as "…": cannot parse "…" as "…"`.
    """
    found: dict[str, int] = {"year": 0, "month": 1, "day": 1}
    zone: tzinfo = UTC
    rest = text
    for before, token in pieces_of(layout):
        if not rest.startswith(before):
            raise _fault(text, layout, rest, before)
        rest = rest[len(before) :]
        if token[:1] in ("Z", "-") and token:
            zone, rest = _zone(text, layout, rest, token)
        elif token:
            rest = _field(text, layout, rest, token, found)
    if rest:
        raise Wrong(f'parsing time "{text}": extra text: "{rest}"')
    return _instant(found, zone, text)


def _fault(text: str, layout: str, rest: str, wanted: str) -> Wrong:
    return Wrong(f'parsing time "{text}" as "{layout}": cannot parse "{rest}" as "{wanted}"')


def _field(text: str, layout: str, rest: str, token: str, found: dict[str, int]) -> str:
    if token[0] in ".,":
        match = _FRACTION.match(rest)
        found["nanos"] = int(match[1].ljust(9, "0")) if match else 0
        return rest[match.end() :] if match else rest
    pattern, name, read = _WORDS.get(token) or (*_DIGITS.get(token, (r"\d{1,3}", "")), int)
    match = re.match(pattern, rest, re.ASCII)
    if match is None or (token in _WORDS and not read(match[0])):
        raise _fault(text, layout, rest, token)
    if name:
        found[name] = read(match[0])
    rest = rest[match.end() :]
    # Go takes a fraction behind the seconds although the layout has none.
    fraction = _FRACTION.match(rest) if name == "second" else None
    if fraction and "nanos" not in found and not re.search(r"0?5[.,][09]", layout):
        found["nanos"] = int(fraction[1].ljust(9, "0"))
        rest = rest[fraction.end() :]
    return rest


def _zone(text: str, layout: str, rest: str, token: str) -> tuple[tzinfo, str]:
    if token[0] == "Z" and rest.startswith("Z"):
        return UTC, rest[1:]
    match = _ZONE.match(rest)
    if match is None:
        raise _fault(text, layout, rest, token)
    ahead = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    if ahead >= timedelta(days=1):
        raise _fault(text, layout, rest, token)
    return timezone(-ahead if match[1] == "-" else ahead), rest[match.end() :]


def _instant(found: dict[str, int], zone: tzinfo, text: str) -> Instant:
    year = found["year"] or _full_year(found.get("short_year", 0))
    hour = found.get("hour", 0)
    if "afternoon" in found:
        hour = hour % 12 + 12 * (found["afternoon"] - 1)
    try:
        moment = datetime(year, found["month"], found["day"], hour, found.get("minute", 0), found.get("second", 0), tzinfo=zone)
        return Instant.of(moment).plus(found.get("nanos", 0))
    except (ValueError, OverflowError) as error:
        raise Wrong(f'parsing time "{text}": {error}') from error


def _full_year(short: int) -> int:
    return 0 if not short else 1900 + short if short >= 69 else 2000 + short
