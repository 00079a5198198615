"""What SchedulerSv1 is asked, and which lines a span of time holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from cgrd import Instant
from cgrd.schedule import wall_clock
from cgrd_subsystem_schedulers.agenda import Agenda
from cgrd_subsystem_schedulers.lines import Line


class ExecuteActions(msgspec.Struct):
    """A plan to be carried out now, or a span of time (both ends belong to it) that is played through."""

    ActionPlanID: str = ""
    TimeStart: Instant = Instant.ZERO
    TimeEnd: Instant = Instant.ZERO
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class ExecuteActionPlans(msgspec.Struct):
    """Plans to be carried out for one account."""

    ActionPlanIDs: list[str] | None = None
    Tenant: str = ""
    AccountID: str = ""
    APIOpts: dict[str, Any] | None = None


def by_time(agenda: Agenda, start: Instant, end: Instant) -> Iterator[Line]:
    """The lines that start from `start` to `end`, in the order of their starts, as often as they start."""
    waiting = {due.line.uuid: due.line for due in agenda.all() if not due.line.is_once}
    following = {uuid: line.next_start(wall_clock(start.plus(-1))) for uuid, line in waiting.items()}
    while starts := [(at, -waiting[uuid].weight, uuid) for uuid, at in following.items() if at is not None and at.ns <= end.ns]:
        at, _, uuid = min(starts, key=lambda each: (each[0].ns, each[1], each[2]))
        yield waiting[uuid]
        following[uuid] = waiting[uuid].next_start(at)
