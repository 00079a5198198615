"""The names under which a rating plan shows its timings and ratings: eight hex digits of a hash of what they hold.

Clients compare answers of GetRatingPlan, so the names are those of the reference: SHA-1 of the printed values.
"""

from __future__ import annotations

import calendar
import hashlib
from decimal import Decimal

from cgrd.costs import RGRate, RIRate, RITiming
from cgrd.durations import format_duration

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def _hash(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:8]


def _list(values: list[str] | list[int] | None) -> str:
    return f"[{' '.join(map(str, values or ()))}]"


def _month(number: int) -> str:
    return calendar.month_name[number] if 1 <= number <= 12 else f"%!Month({number})"


def _day(number: int) -> str:
    return _DAYS[number] if 0 <= number <= 6 else f"%!Weekday({number})"


def timing_tag(timing: RITiming) -> str:
    """The tag of a timing as a rating plan holds it (without end)."""
    months, days = [_month(each) for each in timing.Months or ()], [_day(each) for each in timing.WeekDays or ()]
    dates = f"{_list(timing.Years)} {_list(months)} {_list(timing.MonthDays)} {_list(days)}"
    return _hash(f"&{{{timing.ID} {dates} {timing.StartTime} {timing.EndTime}  {timing.ID}}}")


def rating_tag(rating: RIRate) -> str:
    """The tag of a rating."""
    head = (_number(rating.ConnectFee), rating.RoundingMethod, str(rating.RoundingDecimals), _number(rating.MaxCost), rating.MaxCostStrategy)
    return _hash(" ".join(head) + "".join(_slot_tag(slot) for slot in rating.Rates or ()))


def _slot_tag(slot: RGRate) -> str:
    start, step, unit = (format_duration(ns) for ns in (slot.GroupIntervalStart, slot.RateIncrement, slot.RateUnit))
    return _hash(f"&{{{start} {_number(slot.Value)} {step} {unit}}}")


def _number(value: Decimal) -> str:
    """The number as Go prints a float: the shortest text, without `.0`."""
    return repr(float(value)).removesuffix(".0")
