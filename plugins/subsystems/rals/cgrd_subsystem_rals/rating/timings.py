"""Whether a timing holds at a moment, on the clock of the moment's own zone."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timezone

from cgrd.costs import RITiming
from cgrd.durations import DAY, HOUR, MINUTE, SECOND
from cgrd.errors import Wrong
from cgrd.instants import Instant

_EPOCH_WEEKDAY = 4  # 1 January 1970 was a Thursday; Sunday is 0


class Wall:
    """What clock and calendar on the wall show at an instant."""

    __slots__ = ("_date", "day_ns", "instant", "weekday")

    def __init__(self, instant: Instant) -> None:
        self.instant = instant
        self._date: datetime | None = None
        if instant.zone is UTC:
            days, self.day_ns = divmod(instant.ns, DAY)
            self.weekday = (days + _EPOCH_WEEKDAY) % 7
        else:
            moment = self.date
            self.day_ns = (moment.hour * 3600 + moment.minute * 60 + moment.second) * SECOND + instant.ns % SECOND
            self.weekday = moment.isoweekday() % 7

    @property
    def date(self) -> datetime:
        """Year, month and day."""
        if self._date is None:
            self._date = self.instant.datetime()
        return self._date

    def at(self, day_ns: int) -> int:
        """Unix nanoseconds of the moment when this day's clock shows `day_ns` after midnight."""
        if self.instant.zone is UTC:
            return self.instant.ns - self.day_ns + day_ns
        moment = self.date
        shown = Instant.of(datetime(moment.year, moment.month, moment.day, tzinfo=UTC)).ns + day_ns
        # Where the clock is set back a time is shown twice, where it is set on some are skipped: the offset that holds at the same
        # figures read as UTC decides, checked once at the moment it leads to.
        offset = self._offset(shown)
        return shown - (self._offset(shown - offset) if offset else 0)

    def _offset(self, ns: int) -> int:
        offset = Instant(ns, self.instant.zone).datetime().utcoffset()
        return int(offset.total_seconds()) * SECOND if offset else 0

    def reached(self, day_ns: int) -> bool:
        """Whether this day's clock has come to `day_ns` after midnight; where the clock was put on, a skipped time counts as later."""
        if not day_ns or isinstance(self.instant.zone, timezone):
            return self.day_ns >= day_ns
        return self.instant.ns >= self.at(day_ns)

    def next_midnight(self) -> int:
        """Unix nanoseconds of the coming midnight; at midnight, of the one after."""
        if self.instant.zone is UTC:
            return self.instant.ns - self.day_ns + DAY
        later = Instant(self.at(12 * HOUR) + DAY, self.instant.zone).datetime()
        return Instant.of(datetime(later.year, later.month, later.day, tzinfo=self.instant.zone)).ns


class Calendar:
    """A timing, read once: a test of moments.

    Attributes:
        start: ns after midnight from which the timing holds.
        end: ns after midnight to which it holds, 24 h where none is given.
        always: no constraint but the time of day.
        unbound: no constraint at all.
    """

    __slots__ = ("always", "end", "month_days", "months", "start", "unbound", "weekdays", "years")

    def __init__(self, timing: RITiming) -> None:
        self.years = frozenset(timing.Years or ())
        self.months = frozenset(timing.Months or ())
        self.month_days = frozenset(timing.MonthDays or ())
        self.weekdays = frozenset(day % 7 for day in timing.WeekDays or ())
        try:
            self.start = clock_ns(timing.StartTime)
            self.end = clock_ns(timing.EndTime) if timing.EndTime else DAY
        except Wrong:
            # A stored timing that nobody can read holds never; loading refuses it, an old store may have it.
            self.start, self.end = 2 * DAY, 2 * DAY
        self.always = not (self.years or self.months or self.month_days or self.weekdays)
        self.unbound = self.always and not self.start

    def holds_on(self, wall: Wall) -> bool:
        """Whether years, months, days of month and days of week allow the day."""
        if self.always:
            return True
        if self.weekdays and wall.weekday not in self.weekdays:
            return False
        if not (self.years or self.months or self.month_days):
            return True
        date = wall.date
        if (self.years and date.year not in self.years) or (self.months and date.month not in self.months):
            return False
        if not self.month_days or date.day in self.month_days:
            return True
        return -1 in self.month_days and date.day == calendar.monthrange(date.year, date.month)[1]

    def started(self, wall: Wall) -> bool:
        """Whether it holds at the moment, its end left out of account (as rates are looked up)."""
        return wall.reached(self.start) and self.holds_on(wall)

    def holds_at(self, instant: Instant) -> bool:
        """Whether it holds at the moment, from its start to its end included (as balances and filters ask)."""
        wall = Wall(instant)
        return self.start <= wall.day_ns <= self.end and self.holds_on(wall)


def clock_ns(text: str) -> int:
    """Nanoseconds after midnight of "hh:mm:ss"; "" is midnight and a `*` part counts 0.

    Raises:
        Wrong: not of that form.
    """
    if not text:
        return 0
    parts = text.split(":")
    if len(parts) != 3 or not all(part == "*" or part.isdigit() for part in parts):
        raise Wrong(f"INVALID_TIME:{text}", explain=f'"{text}" is no time of day; write it as 08:00:00')
    hours, minutes, seconds = (0 if part == "*" else int(part) for part in parts)
    return hours * HOUR + minutes * MINUTE + seconds * SECOND
