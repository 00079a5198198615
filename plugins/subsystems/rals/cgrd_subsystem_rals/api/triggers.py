"""APIerSv1: the triggers that an account holds.

Source: observed_rating.md (actions).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec

from cgrd import Instant, method
from cgrd.errors import MandatoryMissing, NotFound, ServerError
from cgrd.instants import parse_instant
from cgrd_subsystem_rals.accounts.counters import init_counters
from cgrd_subsystem_rals.accounts.records import Account, ActionTrigger, BalanceFilter
from cgrd_subsystem_rals.actions.execute import Executor, held
from cgrd_subsystem_rals.desk import Desk
from cgrd_subsystem_rals.kinds.balances import word, words
from cgrd_subsystem_rals.kinds.triggers import altered
from cgrd_subsystem_rals.planned import own


class OfAccount(msgspec.Struct):
    """An account."""

    Tenant: str = ""
    Account: str = ""
    APIOpts: dict[str, Any] | None = None


class AddTriggers(msgspec.Struct):
    """Groups of stored triggers that an account shall have."""

    Tenant: str = ""
    Account: str = ""
    ActionTriggerIDs: list[str] | None = None
    ActionTriggerOverwrite: bool = False
    ActivationDate: str = ""
    Executed: bool = False


class WhichTriggers(msgspec.Struct):
    """Triggers of an account by group and unique id; neither means all."""

    Tenant: str = ""
    Account: str = ""
    GroupID: str = ""
    UniqueID: str = ""
    Executed: bool = False


class SetTriggers(msgspec.Struct):
    """Fields of an account's trigger."""

    Tenant: str = ""
    Account: str = ""
    GroupID: str = ""
    UniqueID: str = ""
    ActionTrigger: dict[str, Any] | None = None


class AddTriggered(msgspec.Struct):
    """A trigger of its own for an account."""

    ActionTriggersId: str = ""
    Tenant: str = ""
    Account: str = ""
    ThresholdType: str = ""
    ThresholdValue: Decimal = Decimal(0)
    BalanceId: str = ""
    BalanceType: str = ""
    BalanceDestinationIds: str = ""
    BalanceRatingSubject: str = ""
    BalanceWeight: Decimal = Decimal(0)
    BalanceExpiryTime: str = ""
    BalanceSharedGroup: str = ""
    Weight: Decimal = Decimal(0)
    ActionsId: str = ""


class TriggersApi:
    """Triggers of accounts."""

    def __init__(self, desk: Desk, executor: Executor) -> None:
        self.desk = desk
        self.executor = executor

    def found(self, args: Any) -> Account:
        """The account that is asked about.

        Raises:
            MandatoryMissing: no account is named.
            NotFound: there is none.
        """
        if not args.Account:
            raise MandatoryMissing("Account")
        key = self.desk.key(args.Tenant, args.Account)
        account = self.desk.accounts.get(key)
        if account is None:
            raise NotFound(explain=f"no account {key}")
        return account

    def _change(self, why: str, account: Account, change: Callable[[Account], None], *, look: bool = False) -> str:
        """Change an account's triggers; `look` at once whether any is to fire."""
        work = self.desk.work(why)
        purse = work.purse(account.ID)
        change(purse.own)
        init_counters(purse.own)
        work.take(purse)
        if look:
            self.executor.fire(work, account.ID, held(purse.own))
        self.desk.keep(work)
        self.desk.in_background(work)
        return "OK"

    @method("APIerSv1.GetAccountActionTriggers")
    def of_account(self, args: OfAccount) -> list[ActionTrigger]:
        """An account's triggers."""
        try:
            return self.found(args).ActionTriggers or []
        except NotFound as error:
            raise ServerError(error) from error

    @method("APIerSv1.AddAccountActionTriggers")
    def add(self, args: AddTriggers) -> str:
        """Give an account the triggers of stored groups."""
        if not args.Account:
            raise MandatoryMissing("Account")
        since = parse_instant(args.ActivationDate, zone=self.desk.services.zone, now=self.desk.now())
        account = self.found(args)
        table = self.desk.services.profiles["ActionTriggers"]
        fresh = [own(trigger) for group in args.ActionTriggerIDs or () for trigger in table.get("", group).Triggers]
        for trigger in fresh:
            trigger.ActivationDate, trigger.Executed = since, args.Executed

        def change(account: Account) -> None:
            kept = [] if args.ActionTriggerOverwrite else list(account.ActionTriggers or ())
            names = {(trigger.ID, trigger.UniqueID) for trigger in kept}
            account.ActionTriggers = [*kept, *(trigger for trigger in fresh if (trigger.ID, trigger.UniqueID) not in names)]

        return self._change("APIerSv1.AddAccountActionTriggers", account, change)

    @method("APIerSv1.RemoveAccountActionTriggers")
    def remove(self, args: WhichTriggers) -> str:
        """Take triggers from an account."""

        def change(account: Account) -> None:
            account.ActionTriggers = [trigger for trigger in account.ActionTriggers or () if not _is_meant(trigger, args)]

        return self._change("APIerSv1.RemoveAccountActionTriggers", self.found(args), change)

    @method("APIerSv1.ResetAccountActionTriggers")
    def reset(self, args: WhichTriggers) -> str:
        """Say whether triggers of an account have fired."""

        def change(account: Account) -> None:
            for trigger in account.ActionTriggers or ():
                if _is_meant(trigger, args):
                    trigger.Executed = args.Executed

        return self._change("APIerSv1.ResetAccountActionTriggers", self.found(args), change, look=not args.Executed)

    @method("APIerSv1.SetAccountActionTriggers")
    def set(self, args: SetTriggers) -> str:
        """Change triggers of an account, or make one."""
        account = self.found(args)
        fields = args.ActionTrigger or {}
        which = WhichTriggers(GroupID=args.GroupID, UniqueID=args.UniqueID)
        named = bool(args.GroupID or args.UniqueID)
        meant = [named and _is_meant(trigger, which) for trigger in account.ActionTriggers or ()]
        if not any(meant) and (missing := [name for name in ("ThresholdType", "ThresholdValue") if name not in fields]):
            raise MandatoryMissing(*missing)
        profiles: Any = self.desk.services.profiles
        reading = profiles.reading()

        def change(account: Account) -> None:
            held = account.ActionTriggers or []
            if any(meant):
                account.ActionTriggers = [altered(trigger, fields, reading) if wanted else trigger for trigger, wanted in zip(held, meant, strict=True)]
            else:
                made = ActionTrigger(ID=args.GroupID, UniqueID=args.UniqueID or str(uuid4()), Balance=BalanceFilter())
                account.ActionTriggers = [*held, altered(made, fields, reading)]

        return self._change("APIerSv1.SetAccountActionTriggers", account, change, look=True)

    @method("APIerSv1.AddTriggeredAction")
    def add_triggered(self, args: AddTriggered) -> str:
        """Give an account a trigger of its own."""
        if not args.Account:
            raise MandatoryMissing("Account")
        try:
            account = self.found(args)
        except NotFound as error:
            raise ServerError(error) from error
        expiry = parse_instant(args.BalanceExpiryTime, zone=self.desk.services.zone, now=self.desk.now()) if args.BalanceExpiryTime else Instant.ZERO
        made = ActionTrigger(
            ID=args.ActionTriggersId,
            UniqueID=str(uuid4()),
            ThresholdType=args.ThresholdType,
            ThresholdValue=args.ThresholdValue,
            Weight=args.Weight,
            ActionsID=args.ActionsId,
            Balance=BalanceFilter(
                ID=word(args.BalanceId),
                Type=word(args.BalanceType),
                Weight=args.BalanceWeight,
                ExpirationDate=expiry,
                DestinationIDs=words(args.BalanceDestinationIds),
                RatingSubject=word(args.BalanceRatingSubject),
                SharedGroups=words(args.BalanceSharedGroup),
            ),
        )

        def change(account: Account) -> None:
            account.ActionTriggers = [*(account.ActionTriggers or ()), made]

        return self._change("APIerSv1.AddTriggeredAction", account, change)


def _is_meant(trigger: ActionTrigger, which: WhichTriggers) -> bool:
    return (not which.GroupID or which.GroupID == trigger.ID) and (not which.UniqueID or which.UniqueID == trigger.UniqueID)
