"""RALsV1: rating by explicit plans, and carrying out actions for others (SchedulerS, ThresholdS)."""

from __future__ import annotations

from typing import Any

import msgspec

from cgrd import method
from cgrd.costs import CallDescriptor, EventCost, event_cost
from cgrd.durations import parse_duration
from cgrd.errors import CgrdError, MandatoryMissing, ServerError
from cgrd.instants import parse_instant
from cgrd_subsystem_rals.actions.execute import Executor
from cgrd_subsystem_rals.bindings import run_tasks
from cgrd_subsystem_rals.desk import Desk
from cgrd_subsystem_rals.rating import RatingPlanNotFound, UnauthorizedDestination, cost_by_plan


class PlansCost(msgspec.Struct):
    """A call to be priced by the first of these plans that knows its destination."""

    RatingPlanIDs: list[str] | None = None
    Destination: str = ""
    SetupTime: str = ""
    Usage: str = ""
    APIOpts: dict[str, Any] | None = None


class PlanCost(msgspec.Struct):
    """The cost and the plan; both empty when none knows the destination."""

    EventCost: EventCost | None = None
    RatingPlanID: str = ""


class ExecuteActions(msgspec.Struct):
    """A set of actions and the accounts (`tenant:account`) it is carried out on; without any, on none. `Event` set it off."""

    ActionsID: str = ""
    AccountIDs: list[str] | None = None
    Event: dict[str, Any] | None = None
    Why: str = ""
    APIOpts: dict[str, Any] | None = None


class Orders:
    """What RALs does for other subsystems beside Responder."""

    def __init__(self, desk: Desk, executor: Executor) -> None:
        self.desk = desk
        self.executor = executor

    @method("RALsV1.GetRatingPlansCost")
    def rating_plans_cost(self, args: PlansCost) -> PlanCost:
        """The cost by the first plan that knows the destination."""
        if missing := [name for name in ("RatingPlanIDs", "Destination", "SetupTime", "Usage") if not getattr(args, name)]:
            raise MandatoryMissing(*missing)
        try:
            start, usage = parse_instant(args.SetupTime, zone=self.desk.services.zone, now=self.desk.now()), parse_duration(args.Usage)
        except CgrdError as error:
            raise ServerError(error) from error
        services = self.desk.services
        call = CallDescriptor(
            Category="call",
            Tenant=services.default_tenant,
            Destination=args.Destination,
            ToR="*voice",
            TimeStart=start,
            TimeEnd=start.plus(usage),
            DurationIndex=usage,
        )
        for plan_id in args.RatingPlanIDs or ():
            try:
                cost = cost_by_plan(self.desk.book, call, plan_id=plan_id)
            except (RatingPlanNotFound, UnauthorizedDestination):
                continue
            except CgrdError as error:
                raise ServerError(error) from error
            return PlanCost(event_cost(cost, decimals=services.rounding_decimals), plan_id)
        return PlanCost()

    @method("RALsV1.ExecuteActions")
    def execute_actions(self, args: ExecuteActions) -> str:
        """Carry out a set of actions; balances change before this returns, what goes to others follows by itself.

        A plain function, so that a caller's transaction takes in everything that it changes.

        Raises:
            NotFound: there is no such set.
            PartiallyExecuted: it failed for some account, for which nothing was kept.
        """
        orders = self.executor.execute(self.executor.actions(args.ActionsID), args.AccountIDs or [], why=args.Why or "RALsV1.ExecuteActions", event=args.Event)
        for order in orders:
            self.desk.in_background(order)
        return "OK"

    @method("RALsV1.ExecuteTasks")
    async def execute_tasks(self, args: dict[str, Any]) -> str:
        """Carry out the `*asap` actions that wait for a scheduler."""
        await run_tasks(self.desk, self.executor)
        return "OK"
