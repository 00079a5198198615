"""AccountActions of a tariff plan: accounts that are made and bound to plans and triggers, in the transaction of the load."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from cgrd_subsystem_rals.accounts.counters import init_counters
from cgrd_subsystem_rals.accounts.records import ActionTrigger, BalanceFilter
from cgrd_subsystem_rals.accounts.work import Work
from cgrd_subsystem_rals.bindings import bind, unbind
from cgrd_subsystem_rals.desk import Desk
from cgrd_subsystem_rals.kinds.account_actions import AccountActions

WHY = "AccountActions"


class AccountsOfPlans:
    """Carries out the orders of AccountActions.csv."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def apply(self, orders: list[AccountActions], removed: bool) -> None:
        """Make the accounts, or, where the plan is removed, delete them."""
        work = self.desk.work(WHY)
        for order in orders:
            if removed:
                work.remove(order.Id)
            else:
                self._make(work, order)
        self.desk.keep(work)
        self._bind(orders, removed=removed)

    def _make(self, work: Work, order: AccountActions) -> None:
        purse = work.purse(order.Id)
        account = purse.own
        if triggers := attached(self.desk, order.ActionTriggersIds):
            account.ActionTriggers = triggers
        if account.ActionTriggers or account.UnitCounters:
            init_counters(account)
        account.AllowNegative, account.Disabled = order.AllowNegative, order.Disabled
        work.take(purse)

    def _bind(self, orders: list[AccountActions], *, removed: bool) -> None:
        wanted: dict[str, list[str]] = defaultdict(list)
        named = {order.Id: "" if removed else order.ActionPlanId for order in orders if removed or order.ActionPlanId}
        for key, plan_id in named.items():
            wanted[plan_id].append(key)
        for _, plan in self.desk.services.profiles["ActionPlan"].items():
            gone = [key for key, plan_id in named.items() if plan_id != plan.Id and (plan.AccountIDs or {}).get(key)]
            if gone:
                unbind(self.desk, plan, gone, why=WHY)
        for plan_id, keys in wanted.items():
            if plan_id:
                bind(self.desk, plan_id, keys, why=WHY)


def attached(desk: Desk, groups: Iterable[str]) -> list[ActionTrigger]:
    """The stored triggers of groups, as an account holds them: its own, to be changed without others noticing."""
    table = desk.services.profiles["ActionTriggers"]
    return [own(trigger) for group in groups if (found := table.find(group)) is not None for trigger in found.Triggers]


def own(trigger: ActionTrigger) -> ActionTrigger:
    """A trigger for one account."""
    balance = msgspec.structs.replace(trigger.Balance or BalanceFilter())
    made: ActionTrigger = msgspec.structs.replace(trigger, Balance=balance)
    return made
