"""When a timing begins next: dates by years, months, days of month and week; times of day, also with `*` in them.

Source: spec/tariffplans.md §1 (Timings.csv), spec/ops.md §9.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from cgrd.costs import RITiming
from cgrd.durations import parse_duration
from cgrd.errors import Wrong
from cgrd.instants import Instant

ASAP = "*asap"
_FARTHEST_YEARS = 40


def next_start(timing: RITiming, *, after: Instant) -> Instant | None:
    """The first moment later than `after` at which a timing begins, in the zone of `after`; None when there is none.

    `*asap` begins at once, `+duration` that long from now: who runs it has to remember that it ran.
    """
    text = timing.StartTime or "00:00:00"
    if text == ASAP:
        return after
    if text.startswith("+"):
        return after.plus(parse_duration(text[1:]))
    try:
        clock = _clock(text)
    except (ValueError, Wrong):
        return None
    here = after.datetime()
    for day in _days(timing, here.date()):
        for hour, minute, second in _times(clock, here if day == here.date() else None):
            moment = Instant.of(datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=here.tzinfo))
            if moment.ns > after.ns:
                return moment
    return None


def is_one_shot(timing: RITiming) -> bool:
    """Whether a timing begins only once, counted from when it was planned."""
    return timing.StartTime.startswith("+")


def _clock(text: str) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
    if text == "*any":
        text = "00:00:00"
    hours, minutes, seconds = text.split(":")
    return _part(hours, 24), _part(minutes, 60), _part(seconds, 60)


def _part(text: str, count: int) -> Sequence[int]:
    if text == "*":
        return range(count)
    value = int(text)
    if not 0 <= value < count:
        raise ValueError(f"{text} is not below {count}")
    return (value,)


def _times(clock: tuple[Sequence[int], Sequence[int], Sequence[int]], since: datetime | None) -> Iterator[tuple[int, int, int]]:
    """The times of a day in order; on the first day none that is surely over."""
    for hour in clock[0]:
        if since is not None and hour < since.hour:
            continue
        for minute in clock[1]:
            if since is not None and (hour, minute) < (since.hour, since.minute):
                continue
            for second in clock[2]:
                yield hour, minute, second


def _days(timing: RITiming, day: date) -> Iterator[date]:
    """The days on which a timing may begin, from a day on."""
    years, months = set(timing.Years or ()), set(timing.Months or ())
    last_year = max(years) if years else day.year + _FARTHEST_YEARS
    while day.year <= min(last_year, 9998):
        if years and day.year not in years:
            day = date(day.year + 1, 1, 1)
        elif months and day.month not in months:
            day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        else:
            if _holds_on(timing, day):
                yield day
            day += timedelta(days=1)


def _holds_on(timing: RITiming, day: date) -> bool:
    if timing.WeekDays and day.isoweekday() % 7 not in {each % 7 for each in timing.WeekDays}:
        return False
    if not timing.MonthDays or day.day in timing.MonthDays:
        return True
    last = calendar.monthrange(day.year, day.month)[1]
    return day.day == last and -1 in timing.MonthDays
