"""Work by the calendar: cron expressions and `@every`, and a timetable that runs what is due on the kernel's clock."""

from cgrd.cron.cadence import Cadence
from cgrd.cron.timetable import Timetable

__all__ = ["Cadence", "Timetable"]
