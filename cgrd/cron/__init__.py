"""Work by the calendar: cron expressions and `@every`, a timetable that runs what is due on the kernel's clock, and profiles scheduled by it."""

from cgrd.cron.cadence import Cadence
from cgrd.cron.scheduled import ScheduledProfiles
from cgrd.cron.timetable import Timetable

__all__ = ["Cadence", "ScheduledProfiles", "Timetable"]
