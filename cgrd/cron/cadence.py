"""When something is done again: five cron fields, `@every 2s`, or `@hourly` and its like."""

from __future__ import annotations

from datetime import datetime

from croniter import CroniterBadCronError, CroniterBadDateError, croniter

from cgrd.durations import SECOND, parse_duration
from cgrd.errors import Wrong
from cgrd.instants import Instant

_EVERY = "@every "
_FIELDS = 5


class Cadence:
    """A schedule's text, understood.

    Args:
        text: the schedule.

    Raises:
        Wrong: it is none.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._every_ns = max(SECOND, parse_duration(text[len(_EVERY) :].strip())) if text.startswith(_EVERY) else 0
        if not self._every_ns and not (croniter.is_valid(text) and (text.startswith("@") or len(text.split()) == _FIELDS)):
            raise Wrong(f"schedule {text!r} is none", explain="write five cron fields (minute hour day month weekday), @every 1m, or @daily")

    def next_after(self, now: Instant) -> Instant:
        """The next moment, on a whole second, in the zone of `now`.

        Raises:
            Wrong: there is none.
        """
        if self._every_ns:
            return Instant(now.ns - now.ns % SECOND + self._every_ns - self._every_ns % SECOND, now.zone)
        try:
            found: datetime = croniter(self.text, now.datetime()).get_next(datetime)
        except (CroniterBadCronError, CroniterBadDateError) as error:
            raise Wrong(f"schedule {self.text!r} never comes: {error}") from error
        return Instant.of(found)
