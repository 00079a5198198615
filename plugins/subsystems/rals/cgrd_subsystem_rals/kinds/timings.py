"""Timings.csv: named sets of times; and those that need no row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec

from cgrd.costs import RITiming
from cgrd.errors import CgrdError, MandatoryMissing, ServerError
from cgrd.instants import Instant, parse_instant
from cgrd.profiles import Api, Draft, Kind, Method, Profiles, Refused, Scope, TpApi, column
from cgrd.schedule import wall_clock
from cgrd_subsystem_rals.rating.timings import Calendar

CLOCK = re.compile(r"(?:\d{1,2}|\*):(?:\d{1,2}|\*):(?:\d{1,2}|\*)\Z|\+\S+\Z|\*asap\Z|\*any\Z", re.ASCII)


def read_list(text: str, *, modulo: int = 0) -> list[int]:
    """The numbers of a `;` list; `*any` and what is no number stand for any. `modulo` 7 makes Sunday (0 and 7) 0."""
    if text in ("", "*any"):
        return []
    try:
        numbers = [int(part) for part in text.split(";") if part]
    except ValueError:
        return []
    return [number % modulo for number in numbers] if modulo else numbers


def _show(numbers: list[int] | None) -> str:
    return ";".join(map(str, numbers)) if numbers else "*any"


def timing_of(id: str, years: str, months: str, month_days: str, week_days: str, time: str) -> RITiming:
    """A timing of the texts that rows and SetActionPlan write."""
    start, _, end = time.partition(";")
    return RITiming(
        ID=id,
        Years=read_list(years),
        Months=read_list(months),
        MonthDays=read_list(month_days),
        WeekDays=read_list(week_days, modulo=7),
        StartTime=start,
        EndTime=end,
    )


def build(row: Any, _: Draft) -> RITiming:
    """The timing of its row."""
    return timing_of(row.ID, row.Years, row.Months, row.MonthDays, row.WeekDays, row.Time)


def unbuild(record: RITiming) -> Any:
    """Its row record."""
    time = f"{record.StartTime};{record.EndTime}" if record.EndTime else record.StartTime
    lists = [_show(each) for each in (record.Years, record.Months, record.MonthDays, record.WeekDays)]
    return TIMING.row(ID=record.ID, Years=lists[0], Months=lists[1], MonthDays=lists[2], WeekDays=lists[3], Time=time)


def check(record: Any, scope: Scope) -> None:
    """Times must be `hh:mm:ss`, wildcards for cron-like ones, `+duration` or `*asap`.

    Raises:
        Refused: `INVALID_TIME:<text>`.
    """
    for text in (record.StartTime, record.EndTime):
        if text and not CLOCK.match(text):
            raise Refused(f"INVALID_TIME:{text}", explain=f"timing {record.ID}: write {text!r} as hh:mm:ss")


def is_sane(record: RITiming) -> bool:
    """Whether a timing names days of the week or dates, not both."""
    return not (record.WeekDays and (record.Years or record.Months or record.MonthDays))


_BUILT_IN: dict[str, Callable[[datetime], dict[str, Any]]] = {
    "*any": lambda _: {"StartTime": "00:00:00"},
    "*asap": lambda _: {"StartTime": "*asap"},
    "*every_minute": lambda now: {"StartTime": f"*:*:{now:%S}"},
    "*hourly": lambda now: {"StartTime": f"*:{now:%M:%S}"},
    "*daily": lambda now: {"StartTime": f"{now:%H:%M:%S}"},
    "*weekly": lambda now: {"WeekDays": [now.isoweekday() % 7], "StartTime": f"{now:%H:%M:%S}"},
    "*monthly": lambda now: {"MonthDays": [now.day], "StartTime": f"{now:%H:%M:%S}"},
    "*monthly_estimated": lambda now: {"MonthDays": [now.day], "StartTime": f"{now:%H:%M:%S}"},
    "*month_end": lambda now: {"MonthDays": [-1], "StartTime": f"{now:%H:%M:%S}"},
    "*yearly": lambda now: {"Months": [now.month], "MonthDays": [now.day], "StartTime": f"{now:%H:%M:%S}"},
}
"""What timings that need no row say, by the moment at which they are read."""


BUILT_IN = {
    "*any": "Always; in an action plan, every day at midnight.",
    "*asap": "At once, and once only.",
    "*every_minute": "Every minute, at the second at which the plan was loaded.",
    "*hourly": "Every hour, at the minute and second at which the plan was loaded.",
    "*daily": "Every day, at the time of day at which the plan was loaded; a row of Timings.csv with Time `00:00:00` means midnight.",
    "*weekly": "Every week, on the day and at the time at which the plan was loaded.",
    "*monthly": "On the day of the month and at the time at which the plan was loaded; a month without that day is left out.",
    "*monthly_estimated": "As `*monthly`; a month without that day has its last day instead.",
    "*month_end": "On the last day of each month, at the time at which the plan was loaded.",
    "*yearly": "On the date and at the time at which the plan was loaded.",
}
"""What they mean, for people; in Timings.csv a Time may also be `+duration`, so long after the plan was loaded, once."""


def builtin_timing(id: str, now: Instant) -> RITiming | None:
    """A timing that needs no row, anchored at `now`; None when the id names none of them."""
    says = _BUILT_IN.get(id)
    return None if says is None else RITiming(ID=id, **says(wall_clock(now).datetime()))


class NamedTiming:
    """A timing ready to be asked, as filters and balances do."""

    def __init__(self, timing: RITiming) -> None:
        self.timing = timing
        self._calendar = Calendar(timing)

    def contains(self, moment: Instant) -> bool:
        """Whether the moment lies in it, its end looked at."""
        return self._calendar.holds_at(moment)


def _always(_: str, id: str) -> RITiming | None:
    """The one built-in timing that is no moment: `*any`."""
    return builtin_timing(id, Instant.ZERO) if id == "*any" else None


def find_timing(draft: Draft, id: str, *, stored: bool = True) -> RITiming | None:
    """A timing of the plan, a built-in one, or (where `stored`) one set before."""
    found: RITiming | None = draft.record("Timing", id) or builtin_timing(id, draft.now)
    return found if found is not None or not stored else draft.find("Timing", id)


class GetTiming(msgspec.Struct):
    """Arguments of GetTiming and RemoveTiming."""

    ID: str = ""


class TimeParams(msgspec.Struct):
    """Arguments of TimingIsActiveAt."""

    TimingID: str = ""
    Time: str = ""


def methods(profiles: Profiles) -> Iterable[Method]:
    """The API of timings."""
    table = profiles["Timing"]

    def get_timing(args: GetTiming) -> RITiming:
        """The timing of an id, also of a built-in one."""
        if not args.ID:
            raise MandatoryMissing("ID")
        return builtin_timing(args.ID, profiles.now()) or table.get("", args.ID)

    def set_timing(args: RITiming) -> str:
        """Store a timing, in place of one that has its id."""
        if not args.ID:
            raise MandatoryMissing("ID")
        try:
            check(args, Scope(profiles, kind="Timing", key=args.ID))
        except CgrdError as error:
            raise ServerError(error) from error
        table.set(args, why="APIerSv1.SetTiming")
        return "OK"

    def remove_timing(args: GetTiming) -> str:
        """Delete a timing."""
        if not args.ID:
            raise MandatoryMissing("ID")
        if args.ID in table:
            table.remove("", args.ID, why="APIerSv1.RemoveTiming")
        return "OK"

    def is_active(args: TimeParams) -> bool:
        """Whether a time lies in a timing."""
        timing = get_timing(GetTiming(args.TimingID))
        return Calendar(timing).holds_at(parse_instant(args.Time, zone=profiles.zone, now=profiles.now()))

    yield Method("APIerSv1.TimingIsActiveAt", TimeParams, is_active)
    yield Method("APIerSv1.GetTiming", GetTiming, get_timing)
    yield Method("APIerSv1.SetTiming", RITiming, set_timing)
    yield Method("APIerSv1.RemoveTiming", GetTiming, remove_timing)


TIMING = Kind(
    name="Timing",
    record=RITiming,
    file="Timings.csv",
    model="TimingMdl",
    order=20,
    columns=(
        column("Tag", into="ID"),
        column("Years"),
        column("Months"),
        column("MonthDays"),
        column("WeekDays"),
        column("Time"),
    ),
    key=("Tag",),
    cache="*timings",
    api=Api(derive=False, extra=methods),
    tp=TpApi(noun="Timing", ids="TimingIds", mandatory=("ID", "Years", "Months", "MonthDays", "WeekDays", "Time")),
    build=build,
    unbuild=unbuild,
    check=check,
    valid=is_sane,
    compile=NamedTiming,
    synthetic=_always,
    export=False,
    docs="Named sets of times. `*any`, `*asap`, `*daily`, `*weekly`, `*monthly`, `*yearly` and the like need no row.",
)
