"""When a timing starts next: dates and clock times as a calendar on the wall of one zone shows them.

Source: spec/tariffplans.md (Timings.csv), ops.md §9.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo

from cgrd.costs import RITiming
from cgrd.durations import HOUR, MINUTE, SECOND, parse_duration
from cgrd.errors import Wrong
from cgrd.instants import Instant, zone_of

__all__ = [
    "ASAP",
    "is_one_shot",
    "next_start",
    "wall_clock",
]

ASAP = "*asap"
_LOOK_AHEAD_MONTHS = 12 * 9
"""29 February of 2096 is followed by that of 2104: eight years are the longest wait for a date."""


class ClockTime:
    """A time of day; None stands for any hour, minute or second.

    Args:
        text: `hh:mm:ss` with `*` for any; "" and `*any` are midnight.

    Raises:
        Wrong: not of that form.
    """

    __slots__ = ("hour", "minute", "second")

    def __init__(self, text: str) -> None:
        parts = ("00:00:00" if text in ("", "*any") else text).split(":")
        if len(parts) != 3 or not all(part == "*" or (part.isascii() and part.isdigit()) for part in parts):
            raise Wrong(f"INVALID_TIME:{text}", explain="write a time of day as hh:mm:ss, with * for any")
        self.hour, self.minute, self.second = (None if part == "*" else int(part) for part in parts)
        limits = ((self.hour, 24), (self.minute, 60), (self.second, 60))
        if any(value is not None and value >= limit for value, limit in limits):
            raise Wrong(f"INVALID_TIME:{text}", explain="hours go to 23, minutes and seconds to 59")

    def first_on(self, day: date, zone: tzinfo, after_ns: int) -> int | None:
        """The first of these times of a day that is later, as unix nanoseconds; None when the day has no more of them."""
        for hour_ns in self._hours(day, zone):
            if hour_ns + HOUR > after_ns and (found := self._in_hour(hour_ns, after_ns)) is not None:
                return found
        return None

    def _hours(self, day: date, zone: tzinfo) -> Iterator[int]:
        if self.hour is not None:
            # A time that the clock skips comes when the clock is past it; one it shows twice comes the first time.
            yield Instant.of(datetime(day.year, day.month, day.day, self.hour, tzinfo=zone)).ns
            return
        following = day + timedelta(days=1)
        start, end = (Instant.of(datetime(each.year, each.month, each.day, tzinfo=zone)).ns for each in (day, following))
        yield from range(start, end, HOUR)

    def _in_hour(self, hour_ns: int, after_ns: int) -> int | None:
        for minute in range(60) if self.minute is None else (self.minute,):
            minute_ns = hour_ns + minute * MINUTE
            if minute_ns + MINUTE <= after_ns:
                continue
            for second in range(60) if self.second is None else (self.second,):
                if minute_ns + second * SECOND > after_ns:
                    return minute_ns + second * SECOND
        return None


def wall_clock(moment: Instant) -> Instant:
    """The moment as the machine's own clock shows it: plans run by that one, whatever `general.default_timezone` says, as recorded."""
    return moment.at_zone(zone_of("Local"))


def is_one_shot(timing: RITiming) -> bool:
    """Whether a timing starts only once, so long after it was planned (`+10s`)."""
    return timing.StartTime.startswith("+")


def next_start(timing: RITiming, *, after: Instant) -> Instant | None:
    """When a timing starts next, later than `after`; on the clock of that instant's zone. None when it never does again.

    `*asap` starts at once, `+duration` that long after `after`: who carries it out remembers that it did.

    Years, months, days of month and days of week must all agree. Day -1 is the month's last; a month without the day has no start,
    but for `*monthly_estimated`, which takes the last day then.

    Raises:
        Wrong: the timing's StartTime is no time of day.
    """
    if timing.StartTime == ASAP:
        return after
    if is_one_shot(timing):
        return after.plus(parse_duration(timing.StartTime[1:]))
    clock = ClockTime(timing.StartTime)
    today = after.datetime().date()
    for day in _days(timing, today):
        found = clock.first_on(day, after.zone, after.ns)
        if found is not None:
            return Instant(found, after.zone)
    return None


def _days(timing: RITiming, today: date) -> Iterator[date]:
    """The days from today on that the timing names."""
    weekdays = {day % 7 for day in timing.WeekDays or ()}
    for year, month in _months(timing, today):
        for number in _month_days(timing, year, month):
            day = date(year, month, number)
            if day >= today and (not weekdays or day.isoweekday() % 7 in weekdays):
                yield day


def _months(timing: RITiming, today: date) -> Iterator[tuple[int, int]]:
    years = sorted(timing.Years or ())
    if years and years[-1] < today.year:
        return
    ahead = _LOOK_AHEAD_MONTHS + (max(0, years[-1] - today.year) * 12 if years else 0)
    first = today.year * 12 + today.month - 1
    for number in range(first, min(first + ahead, 9999 * 12 + 11)):  # the calendar ends with December 9999
        year, month = number // 12, number % 12 + 1
        if (not years or year in years) and (not timing.Months or month in timing.Months):
            yield year, month


def _month_days(timing: RITiming, year: int, month: int) -> list[int]:
    last = calendar.monthrange(year, month)[1]
    if not timing.MonthDays:
        return list(range(1, last + 1))
    wanted = {last if day == -1 or (day > last and timing.ID == "*monthly_estimated") else day for day in timing.MonthDays}
    return sorted(day for day in wanted if 1 <= day <= last)
