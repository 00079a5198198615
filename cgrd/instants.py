"""Instants: a point in time in nanoseconds and the zone it was told in, as the wire and tariff plans write them.

`datetime` stops at microseconds and starts at year 1 by a hair; charging needs nanoseconds (a recorded request asks for 60 ns)
and the zero time 0001-01-01T00:00:00Z, which means "never" or "not set".
"""

from __future__ import annotations

import calendar
import os
import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache, total_ordering
from typing import ClassVar, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cgrd.durations import DAY, SECOND, format_duration, parse_duration
from cgrd.errors import Wrong

__all__ = [
    "Instant",
    "fixed_width",
    "parse_instant",
    "parse_rfc3339",
    "zone_of",
]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO: Final = 1_000
_ZERO_NS: Final = -62_135_596_800 * SECOND
_LAST_NS: Final = 253_402_300_800 * SECOND - 1


class TimeOutOfRange(Wrong, OverflowError):
    """A moment before the year 1 or after the year 9999: what cannot be written as RFC 3339 is not kept or charged for."""

    def __init__(self, what: str) -> None:
        super().__init__(f"time out of range: {what}", explain="times go from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z")


@total_ordering
class Instant:
    """A point in time; ordered, equal and hashed by its nanoseconds alone, so the same moment told in two zones is one instant."""

    __slots__ = ("ns", "text", "zone")
    ZERO: ClassVar[Instant]

    def __init__(self, ns: int, zone: tzinfo = UTC) -> None:
        self.ns = ns
        self.zone = zone
        self.text = ""
        """RFC 3339, once it was told; `str` tells it."""

    @classmethod
    def of(cls, moment: datetime) -> Instant:
        """The instant of an aware datetime, in its zone."""
        delta = moment - _EPOCH
        return cls((delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds * _MICRO, moment.tzinfo or UTC)

    def datetime(self) -> datetime:
        """The wall clock in the instant's zone, cut to microseconds.

        Raises:
            TimeOutOfRange: it shows a year before 1 or after 9999.
        """
        try:
            moment = _EPOCH + timedelta(microseconds=self.ns // _MICRO)
            return moment if self.zone is UTC else moment.astimezone(self.zone)
        except (OverflowError, ValueError) as error:
            raise TimeOutOfRange(f"{self.ns // SECOND} seconds after 1970 in {self.zone}") from error

    def plus(self, ns: int) -> Instant:
        """The instant `ns` nanoseconds later.

        Raises:
            TimeOutOfRange: it lies before the year 1 or after the year 9999.
        """
        if not _ZERO_NS <= (later := self.ns + ns) <= _LAST_NS:
            raise TimeOutOfRange(f"{self} {'-' if ns < 0 else '+'} {format_duration(abs(ns))}")
        return Instant(later, self.zone)

    def at_zone(self, zone: tzinfo) -> Instant:
        """The same moment told in another zone."""
        return Instant(self.ns, zone)

    @property
    def is_zero(self) -> bool:
        """Whether this is the zero time, which means "not set"."""
        return self.ns == _ZERO_NS

    def __bool__(self) -> bool:
        return self.ns != _ZERO_NS

    def __eq__(self, other: object) -> bool:
        return self.ns == other.ns if isinstance(other, Instant) else NotImplemented

    def __lt__(self, other: Instant) -> bool:
        return self.ns < other.ns

    def __hash__(self) -> int:
        return hash(self.ns)

    def __str__(self) -> str:
        """RFC 3339 with as many decimals as are there."""
        # A session's times are told with each of its changes.
        self.text = self.text or self._told()
        return self.text

    def _told(self) -> str:
        whole, nanos = divmod(self.ns, SECOND)
        fraction = f".{nanos:09d}".rstrip("0") if nanos else ""
        if self.zone is UTC or self.ns == _ZERO_NS:
            return f"{_second_text(whole)}{fraction}Z"
        moment = self.datetime()
        if (moment.utcoffset() or timedelta(0)).seconds % 60:
            return str(self.at_zone(UTC))  # a zone before there were zones: RFC 3339 writes offsets of whole minutes only
        return moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + fraction + _offset(moment)

    def __repr__(self) -> str:
        return f"Instant({self})"


Instant.ZERO = Instant(_ZERO_NS, UTC)


# The times of one call are told again and again, in its session, its records, its answers; and much happens within a second.
@lru_cache(4096)
def _second_text(whole: int) -> str:
    """The UTC date and time of a second after 1 January 1970."""
    days, second = divmod(whole, 86_400)
    try:
        day = (_EPOCH + timedelta(days=days)).date().isoformat()
    except OverflowError as error:
        raise TimeOutOfRange(f"{days} days after 1970") from error
    return f"{day}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


@lru_cache(4096)
def fixed_width(ns: int) -> str:
    """The UTC text of an instant's nanoseconds with all nine decimals: texts of this width sort as instants do, from year 1 to 9999.

    Raises:
        TimeOutOfRange: it shows another year.
    """
    whole, nanos = divmod(ns, SECOND)
    return f"{_second_text(whole)}.{nanos:09d}Z"


@lru_cache(4096)
def _day_number(year: int, month: int, day: int) -> int:
    """How many days a date is after 1 January 1970."""
    return (date(year, month, day) - _EPOCH.date()).days


def _offset(moment: datetime) -> str:
    offset = moment.utcoffset() or timedelta(0)
    if not offset:
        return "Z"
    minutes = int(offset.total_seconds()) // 60
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


@lru_cache(256)
def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name; "" and "UTC" are UTC, "Local" is the machine's.

    Raises:
        Wrong: no such zone is known here.
    """
    if name in ("", "UTC"):
        return UTC
    if name == "Local":
        return _local_zone()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Wrong(f"unknown time zone {name}", explain="give an IANA name as Europe/Berlin, UTC or Local") from error


def _local_zone() -> tzinfo:
    """The machine's zone with its changes between summer and winter time, by `TZ` or /etc/localtime."""
    try:
        if name := os.environ.get("TZ", "").lstrip(":"):
            zone = ZoneInfo(name)
        else:
            with open("/etc/localtime", "rb") as file:
                zone = ZoneInfo.from_file(file, key="Local")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return datetime.now().astimezone().tzinfo or UTC
    return UTC if datetime.now(zone).tzname() == "UTC" else zone


_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)\Z")
_ISO_NAIVE = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?\Z")
_GO_DEFAULT = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)? ([+-]\d\d)(\d\d)(?: \S+)?\Z")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{3}))?\Z")
# Written with dots it is refused, as recorded answers show.
_DAY_FIRST = re.compile(r"(\d\d)/(\d\d)/(\d{4}) {1,2}(\d\d):(\d\d):(\d\d)\Z")
_EPOCHS = {10: SECOND, 13: 1_000_000, 16: 1_000, 19: 1}
_RELATIVE_TAIL = re.compile(r"\*(month_end|mo)(?:\+(.+))?\Z")


def parse_rfc3339(text: str) -> Instant | None:
    """The instant of an RFC 3339 text, or None when it is none; the wire's own form of time."""
    if len(text) == 20 and text[10:20:9] == "TZ" and (found := _usual(text)) is not None:
        return found
    match = _RFC3339.match(text)
    if match is None:
        return None
    zone = UTC if match[8] in "Zz" else _fixed(match[8][:3], match[8][4:])
    return _instant(match, zone, text)


@lru_cache(4096)
def _usual(text: str) -> Instant | None:
    """The instant of "2026-01-31T08:00:00Z", None for other forms: nearly every time that clients send, read in a quarter of the time."""
    if text[4:8:3] != "--" or text[13:17:3] != "::":
        return None
    try:
        delta = datetime.fromisoformat(text) - _EPOCH
    except ValueError:
        return None
    return Instant((delta.days * 86_400 + delta.seconds) * SECOND)


@lru_cache(256)
def _fixed(hours: str, minutes: str) -> tzinfo:
    delta = timedelta(hours=abs(int(hours)), minutes=int(minutes))
    return timezone(-delta if hours[0] == "-" else delta) if delta else UTC


def _instant(match: re.Match[str], zone: tzinfo, text: str) -> Instant:
    year, month, day, hour, minute, second = (int(match[i]) for i in range(1, 7))
    return _wall(year, month, day, hour, minute, second, match[7], zone, text)


def _wall(year: int, month: int, day: int, hour: int, minute: int, second: int, fraction: str | None, zone: tzinfo, text: str) -> Instant:
    nanos = int(fraction.ljust(9, "0")) if fraction else 0
    try:
        if zone is UTC and hour < 24 and minute < 60 and second < 60:
            return Instant((_day_number(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second) * SECOND + nanos, UTC)
        whole = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        delta = whole - _EPOCH
    except (ValueError, OverflowError) as error:
        raise Wrong(f'parsing time "{text}": {error}') from error
    ns = (delta.days * 86_400 + delta.seconds) * SECOND + nanos
    if not _ZERO_NS <= ns <= _LAST_NS:
        raise TimeOutOfRange(text)
    return Instant(ns, zone)


def parse_instant(text: str, *, zone: tzinfo = UTC, now: Instant | None = None) -> Instant:
    """The instant of any form that tariff plans and requests use; texts without a zone are in `zone`, relative ones count from `now`.

    "" , "0" and "*unlimited" are the zero time.

    Raises:
        Wrong: none of the known forms.

    Source: spec/tariffplans.md §0.
    """
    if (found := parse_rfc3339(text)) is not None:
        return found
    if text in ("", "0", "*unlimited"):
        return Instant.ZERO
    if text[0] in "*+-":
        return _relative(text, now or Instant.of(datetime.now(UTC)), zone)
    if text.isdigit() and len(text) in _EPOCHS:
        return Instant(int(text) * _EPOCHS[len(text)], zone)
    for pattern in (_ISO_NAIVE, _COMPACT):
        if match := pattern.match(text):
            return _instant(match, zone, text)
    if match := _DAY_FIRST.match(text):
        day, month, year, hour, minute, second = (int(match[i]) for i in range(1, 7))
        return _wall(year, month, day, hour, minute, second, None, zone, text)
    if match := _GO_DEFAULT.match(text):
        return _instant(match, _fixed(match[8], match[9]), text)
    raise Wrong("Unsupported time format", explain=f'"{text}" is no time; write it as 2026-01-31T08:00:00Z')


def _relative(text: str, now: Instant, zone: tzinfo) -> Instant:
    here = now.at_zone(zone)
    if text[0] in "+-":
        return here.plus(parse_duration(text))
    if text == "*now":
        return here
    if text == "*daily":
        return here.plus(DAY)
    if text in ("*monthly", "*monthly_estimated", "*yearly"):
        return _months_later(here, 12 if text == "*yearly" else 1, clip=text == "*monthly_estimated")
    if match := _RELATIVE_TAIL.match(text):
        extra = parse_duration(match[2]) if match[2] else 0
        return (_month_end(here) if match[1] == "month_end" else _months_later(here, 1, clip=True)).plus(extra)
    raise Wrong("Unsupported time format", explain=f'"{text}" is no relative time')


def _months_later(at: Instant, months: int, *, clip: bool) -> Instant:
    """`months` later; a day that the month lacks spills into the next one (31 January + 1 = 3 March), or is clipped to its last day."""
    moment = at.datetime()
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    day = min(moment.day, last)
    spill = 0 if clip else moment.day - day
    try:
        return Instant.of(moment.replace(year=year, month=month + 1, day=day) + timedelta(days=spill))
    except (ValueError, OverflowError) as error:
        raise TimeOutOfRange(f"{at} and {months} months") from error


def _month_end(at: Instant) -> Instant:
    moment = at.datetime()
    last = calendar.monthrange(moment.year, moment.month)[1]
    end = moment.replace(day=last, hour=23, minute=59, second=59, microsecond=0)
    return Instant.of(end)
