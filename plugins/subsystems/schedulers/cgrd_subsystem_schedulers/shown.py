"""APIerSv1.GetScheduledActions: what is due, for whom."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from cgrd import Instant, method
from cgrd.errors import NotFound
from cgrd.profiles import Paginator, page
from cgrd.schedule import wall_clock
from cgrd_subsystem_schedulers.agenda import Agenda
from cgrd_subsystem_schedulers.lines import accounts_of
from cgrd_subsystem_schedulers.queue import Due


class GetScheduledActions(Paginator, kw_only=True):
    """Which starts: of a tenant's accounts or of one, within a span of time."""

    Tenant: str | None = None
    Account: str | None = None
    TimeStart: Instant | None = None
    TimeEnd: Instant | None = None


class ScheduledAction(msgspec.Struct):
    """The next start of a line, and how many accounts its plan has."""

    NextRunTime: Instant
    Accounts: int
    ActionPlanID: str
    ActionTimingUUID: str
    ActionsID: str


class ScheduledApi:
    """Shows the agenda."""

    def __init__(self, agenda: Agenda) -> None:
        self.agenda = agenda

    @method("APIerSv1.GetScheduledActions")
    def scheduled(self, args: GetScheduledActions) -> list[ScheduledAction]:
        """The next start of every line, the earliest first.

        Raises:
            NotFound: none is as asked.
        """
        found = list(self._found(args))
        if not found:
            raise NotFound(explain="no line of an action plan waits for a time, for the accounts and in the span that were asked for")
        return page(found, args)

    def _found(self, args: GetScheduledActions) -> Iterator[ScheduledAction]:
        for due in self.agenda.all():
            accounts = accounts_of(self.agenda.plans.find(due.line.plan_id))
            if _within(due, args) and _concerns(accounts, args):
                yield ScheduledAction(wall_clock(Instant(due.at_ns)), len(accounts), due.line.plan_id, due.line.uuid, due.line.actions_id)


def _within(due: Due, args: GetScheduledActions) -> bool:
    return not ((args.TimeStart and due.at_ns < args.TimeStart.ns) or (args.TimeEnd and due.at_ns > args.TimeEnd.ns))


def _concerns(accounts: list[str], args: GetScheduledActions) -> bool:
    if args.Account:
        return any(key.partition(":")[2] == args.Account and (not args.Tenant or key.startswith(f"{args.Tenant}:")) for key in accounts)
    return not args.Tenant or any(key.startswith(f"{args.Tenant}:") for key in accounts)
