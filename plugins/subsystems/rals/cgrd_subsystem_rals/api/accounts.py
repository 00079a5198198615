"""APIerSv1 and V2: accounts as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from cgrd import method
from cgrd.errors import MandatoryMissing, NotFound, ServerError
from cgrd.profiles import PaginatorWithTenant, page
from cgrd_subsystem_rals.accounts.counters import init_counters
from cgrd_subsystem_rals.accounts.records import Account, ActionTrigger
from cgrd_subsystem_rals.actions.execute import Executor, held
from cgrd_subsystem_rals.api.old_form import old_account
from cgrd_subsystem_rals.api.scheduling import reload_scheduler
from cgrd_subsystem_rals.bindings import plan_of, rebind, unbind_everywhere
from cgrd_subsystem_rals.desk import Desk
from cgrd_subsystem_rals.planned import attached


class WhichAccount(msgspec.Struct):
    """An account."""

    Tenant: str = ""
    Account: str = ""
    APIOpts: dict[str, Any] | None = None


class WhichAccounts(msgspec.Struct):
    """Accounts of a tenant: these, or all; those whose flags are as `Filter` says."""

    Tenant: str = ""
    AccountIDs: list[str] | None = None
    Offset: int = 0
    Limit: int = 0
    Filter: dict[str, bool] | None = None


class OfTenant(msgspec.Struct):
    """A tenant."""

    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class SetAccount(msgspec.Struct):
    """Arguments of APIerSv1.SetAccount: one plan, one group of triggers."""

    Tenant: str = ""
    Account: str = ""
    ActionPlanID: str = ""
    ActionTriggersID: str = ""
    ExtraOptions: dict[str, bool] | None = None
    ReloadScheduler: bool = False


class SetAccountV2(msgspec.Struct):
    """Arguments of APIerSv2.SetAccount: plans and triggers are added to those that are there, or stand in their place."""

    Tenant: str = ""
    Account: str = ""
    ActionPlanIDs: list[str] | None = None
    ActionPlansOverwrite: bool = False
    ActionTriggerIDs: list[str] | None = None
    ActionTriggerOverwrite: bool = False
    ExtraOptions: dict[str, bool] | None = None
    ReloadScheduler: bool = False


class RemoveAccount(msgspec.Struct):
    """Arguments of RemoveAccount."""

    Tenant: str = ""
    Account: str = ""
    ReloadScheduler: bool = False


class AccountsApi:
    """Accounts are made, told and removed."""

    def __init__(self, desk: Desk, executor: Executor) -> None:
        self.desk = desk
        self.executor = executor

    def found(self, args: WhichAccount) -> Account:
        """The account.

        Raises:
            NotFound: there is none.
        """
        key = self.desk.key(args.Tenant, args.Account)
        account = self.desk.accounts.get(key)
        if account is None:
            raise NotFound(explain=f"no account {key}")
        return account

    @method("APIerSv2.GetAccount")
    def get_account(self, args: WhichAccount) -> Account:
        """An account."""
        return self.found(args)

    @method("APIerSv1.GetAccount")
    def get_account_old(self, args: WhichAccount) -> dict[str, Any]:
        """An account in the old form."""
        return old_account(self.found(args))

    def _wanted(self, args: WhichAccounts) -> list[Account]:
        tenant = args.Tenant or self.desk.services.default_tenant
        accounts: Iterable[Account]
        if args.AccountIDs:
            named = (self.desk.accounts.get(f"{tenant}:{name}") for name in args.AccountIDs)
            accounts = (account for account in named if account is not None)
        else:
            accounts = self.desk.accounts.of_tenant(tenant)
        asked = args.Filter or {}
        kept = [account for account in accounts if all(getattr(account, flag, None) is value for flag, value in asked.items())]
        return kept[args.Offset : args.Offset + args.Limit] if args.Limit > 0 else kept[args.Offset :]

    @method("APIerSv2.GetAccounts")
    def get_accounts(self, args: WhichAccounts) -> list[Account]:
        """Accounts of a tenant."""
        return self._wanted(args)

    @method("APIerSv1.GetAccounts")
    def get_accounts_old(self, args: WhichAccounts) -> list[dict[str, Any]]:
        """Accounts of a tenant in the old form."""
        return [old_account(account) for account in self._wanted(args)]

    @method("APIerSv1.GetAccountsCount")
    def count_accounts(self, args: OfTenant) -> int:
        """How many accounts a tenant has."""
        return sum(1 for _ in self.desk.accounts.of_tenant(args.Tenant or self.desk.services.default_tenant))

    @method("APIerSv2.GetAccountsCount")
    def count_accounts_v2(self, args: OfTenant) -> int:
        """How many accounts a tenant has; none is an error."""
        count = self.count_accounts(args)
        if not count:
            raise NotFound(explain=f"tenant {args.Tenant or self.desk.services.default_tenant} has no account")
        return count

    @method("APIerSv1.GetAccountIDs")
    def account_ids(self, args: PaginatorWithTenant) -> list[str]:
        """The accounts of a tenant by name."""
        tenant = args.Tenant or self.desk.services.default_tenant
        names = sorted(account.name for account in self.desk.accounts.of_tenant(tenant) if account.name.startswith(args.Search))
        if not names:
            raise NotFound(explain=f"tenant {tenant} has no account")
        return page(names, args)

    @method("APIerSv1.SetAccount")
    async def set_account(self, args: SetAccount) -> str:
        """Make or change an account; a plan named here is its only one, triggers stand in the place of what it had."""
        plans = [args.ActionPlanID] if args.ActionPlanID else []
        triggers = [args.ActionTriggersID] if args.ActionTriggersID else []
        self._set("APIerSv1.SetAccount", args, plans, triggers, keep_plans=not plans, keep_triggers=False)
        return await self._reloaded(args.ReloadScheduler)

    @method("APIerSv2.SetAccount")
    async def set_account_v2(self, args: SetAccountV2) -> str:
        """Make or change an account; plans and triggers are added unless they overwrite."""
        plans, triggers = args.ActionPlanIDs or [], args.ActionTriggerIDs or []
        keep_triggers = not args.ActionTriggerOverwrite
        self._set("APIerSv2.SetAccount", args, plans, triggers, keep_plans=not args.ActionPlansOverwrite, keep_triggers=keep_triggers)
        return await self._reloaded(args.ReloadScheduler)

    def _set(self, why: str, args: SetAccount | SetAccountV2, plans: list[str], triggers: list[str], *, keep_plans: bool, keep_triggers: bool) -> None:
        if not args.Account:
            raise MandatoryMissing("Account")
        key = self.desk.key(args.Tenant, args.Account)
        self._check(plans, triggers)
        work = self.desk.work(why)
        purse = work.purse(key)
        account = purse.own
        if triggers:
            account.ActionTriggers = _joined(account.ActionTriggers if keep_triggers else None, attached(self.desk, triggers))
        if account.ActionTriggers or account.UnitCounters:
            init_counters(account)
        for flag, value in (args.ExtraOptions or {}).items():
            if flag in ("AllowNegative", "Disabled"):
                setattr(account, flag, value)
        work.take(purse)
        if triggers:
            self.executor.fire(work, key, held(account))
        if plans:
            first_form = isinstance(args, SetAccount)  # which keeps accounts in plans that have nothing more to do for them, as recorded
            work.beside.append(lambda: rebind(self.desk, key, plans, keep_others=keep_plans, why=why, at_once_too=first_form))
        self.desk.keep(work)
        self.desk.in_background(work)

    def _check(self, plans: list[str], triggers: list[str]) -> None:
        try:
            for plan_id in plans:
                plan_of(self.desk, plan_id)
            for group in triggers:
                self.desk.services.profiles["ActionTriggers"].get("", group)
        except NotFound as error:
            raise ServerError(error) from error

    async def _reloaded(self, wanted: bool) -> str:
        if wanted:
            await reload_scheduler(self.desk)
        return "OK"

    @method("APIerSv1.RemoveAccount")
    async def remove_account(self, args: RemoveAccount) -> str:
        """Delete an account and let it off its plans; the ledger keeps what it had."""
        if not args.Account:
            raise MandatoryMissing("Account")
        key = self.desk.key(args.Tenant, args.Account)
        work = self.desk.work("APIerSv1.RemoveAccount")
        work.remove(key)
        unbind_everywhere(self.desk, work, key)
        self.desk.keep(work)
        return await self._reloaded(args.ReloadScheduler)


def _joined(old: list[ActionTrigger] | None, fresh: list[ActionTrigger]) -> list[ActionTrigger]:
    """Triggers with others added; one that is there already stays as it is."""
    known = {(trigger.ID, trigger.UniqueID) for trigger in old or ()}
    return [*(old or ()), *(trigger for trigger in fresh if (trigger.ID, trigger.UniqueID) not in known)]
