"""APIerSv1: accounts and their action plans."""

from __future__ import annotations

from typing import Any

import msgspec

from cgrd import Instant, method
from cgrd.errors import CgrdError, MandatoryMissing, ServerError
from cgrd.schedule import next_start, wall_clock
from cgrd_subsystem_rals.api.scheduling import reload_scheduler
from cgrd_subsystem_rals.bindings import bind, plan_of, plans_of, unbind
from cgrd_subsystem_rals.desk import Desk
from cgrd_subsystem_rals.kinds.action_plans import ActionPlan, ActionTiming, AttrActionPlan, SetActionPlan, planned


class OfAccount(msgspec.Struct):
    """An account."""

    Tenant: str = ""
    Account: str = ""
    APIOpts: dict[str, Any] | None = None


class AccountTiming(msgspec.Struct):
    """When which actions of a plan come next for an account."""

    ActionPlanId: str
    Uuid: str
    ActionsId: str
    NextExecTime: Instant


class RemoveTiming(msgspec.Struct):
    """What goes: a timing of a plan, an account's place in it, or, where neither is named, the plan."""

    ActionPlanId: str = ""
    ActionTimingId: str = ""
    Tenant: str = ""
    Account: str = ""
    ReloadScheduler: bool = False


class SetPlanAccounts(msgspec.Struct):
    """A plan and the accounts (`tenant:account`) that are bound to it."""

    Id: str = ""
    ActionPlan: list[AttrActionPlan] | None = None
    AccountIDs: list[str] | None = None
    Overwrite: bool = False
    ReloadScheduler: bool = False


class PlansApi:
    """Who is bound to what."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @method("APIerSv1.GetAccountActionPlan")
    def of_account(self, args: OfAccount) -> list[AccountTiming]:
        """What the plans of an account will do."""
        if not args.Account:
            raise MandatoryMissing("Account", "")
        found = plans_of(self.desk, self.desk.key(args.Tenant, args.Account))
        return [self._told(plan, line) for plan in found for line in plan.ActionTimings]

    def _told(self, plan: ActionPlan, line: ActionTiming) -> AccountTiming:
        return AccountTiming(plan.Id, line.Uuid, line.ActionsID, self._coming(line) or Instant.ZERO)

    def _coming(self, line: ActionTiming) -> Instant | None:
        timing = line.Timing.Timing if line.Timing else None
        try:
            return next_start(timing, after=wall_clock(self.desk.now())) if timing else None
        except CgrdError:  # a time that cannot be read never comes
            return None

    @method("APIerSv1.RemoveActionTiming")
    async def remove_timing(self, args: RemoveTiming) -> str:
        """Take a timing or an account out of a plan, or the plan away."""
        if not args.ActionPlanId:
            raise MandatoryMissing("ActionPlanId")
        why = "APIerSv1.RemoveActionTiming"
        try:
            plan = plan_of(self.desk, args.ActionPlanId)
        except CgrdError as error:
            raise ServerError(error) from error
        table = self.desk.services.profiles["ActionPlan"]
        if args.ActionTimingId:
            left = [line for line in plan.ActionTimings if line.Uuid != args.ActionTimingId]
            table.set(msgspec.structs.replace(plan, ActionTimings=left), why=why)
        elif args.Account:
            unbind(self.desk, plan, [self.desk.key(args.Tenant, args.Account)], why=why)
        else:
            table.remove("", plan.Id, why=why)
        if args.ReloadScheduler:
            await reload_scheduler(self.desk)
        return "OK"

    @method("APIerSv1.SetActionPlanAccounts")
    async def set_plan_accounts(self, args: SetPlanAccounts) -> str:
        """Define a plan and bind accounts to it."""
        profiles: Any = self.desk.services.profiles
        plan = planned(SetActionPlan(Id=args.Id, ActionPlan=args.ActionPlan, Overwrite=args.Overwrite), profiles)
        why = "APIerSv1.SetActionPlanAccounts"
        with self.desk.services.store.transaction(why=why):
            profiles["ActionPlan"].set(plan, why=why)
            bind(self.desk, plan.Id, args.AccountIDs or (), why=why)
        if args.ReloadScheduler:
            await reload_scheduler(self.desk)
        return "OK"

    @method("APIerSv1.ComputeAccountActionPlans", "APIerSv1.ComputeActionPlanIndexes")
    def compute_indexes(self, args: Any) -> str:
        """Nothing to do: who is bound to a plan stands in the plan alone."""
        return "OK"

    @method("APIerSv1.GetAccountActionPlansIndexHealth")
    def index_health(self, args: Any) -> dict[str, Any]:
        """Nothing can be missing or broken: there is no index beside the plans."""
        return {"MissingAccountActionPlans": {}, "BrokenReferences": {}}
