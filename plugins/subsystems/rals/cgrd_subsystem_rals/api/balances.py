"""APIerSv1: balances added, taken, set, removed, moved. Each method is a set of one action, so triggers see it like any other.

Source: observed_rating.md (accounts).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from cgrd import method
from cgrd.codec import encode
from cgrd.costs import RITiming
from cgrd.errors import CgrdError, MandatoryMissing, NotFound, PartiallyExecuted, ServerError
from cgrd_subsystem_rals.accounts.matching import balance_filter
from cgrd_subsystem_rals.accounts.records import Account, BalanceFilter, ValueFormula
from cgrd_subsystem_rals.actions.execute import Executor
from cgrd_subsystem_rals.amounts import fitting
from cgrd_subsystem_rals.desk import Desk
from cgrd_subsystem_rals.kinds.actions import Action
from cgrd_subsystem_rals.kinds.timings import builtin_timing


class ChangeBalance(msgspec.Struct):
    """Arguments of AddBalance and DebitBalance. `Balance` says which ones, and what a new one gets."""

    Tenant: str = ""
    Account: str = ""
    BalanceType: str = ""
    Value: Decimal = Decimal(0)
    Balance: dict[str, Any] | None = None
    ActionExtraData: dict[str, Any] | None = None
    Overwrite: bool = False
    Cdrlog: bool = False


class SetBalance(msgspec.Struct):
    """Arguments of SetBalance and RemoveBalances."""

    Tenant: str = ""
    Account: str = ""
    BalanceType: str = ""
    Value: Decimal = Decimal(0)
    Balance: dict[str, Any] | None = None
    ActionExtraData: dict[str, Any] | None = None
    Cdrlog: bool = False


class OneBalance(msgspec.Struct):
    """One of SetBalances."""

    BalanceType: str = ""
    Value: Decimal = Decimal(0)
    Balance: dict[str, Any] | None = None
    ActionExtraData: dict[str, Any] | None = None
    Cdrlog: bool = False


class SetBalances(msgspec.Struct):
    """Arguments of SetBalances."""

    Tenant: str = ""
    Account: str = ""
    Balances: list[OneBalance] | None = None


class TransferBalance(msgspec.Struct):
    """Arguments of TransferBalance."""

    Tenant: str = ""
    SourceAccountID: str = ""
    SourceBalanceID: str = ""
    DestinationAccountID: str = ""
    DestinationBalanceID: str = ""
    DestinationReferenceValue: Decimal | None = None
    Units: Decimal = Decimal(0)
    Cdrlog: bool = False
    APIOpts: dict[str, Any] | None = None


class BalancesApi:
    """Balances."""

    def __init__(self, desk: Desk, executor: Executor) -> None:
        self.desk = desk
        self.executor = executor

    @method("APIerSv1.AddBalance")
    async def add_balance(self, args: ChangeBalance) -> str:
        """Add to the balances meant, or make one."""
        return await self._change("APIerSv1.AddBalance", "*topup", args)

    @method("APIerSv1.DebitBalance")
    async def debit_balance(self, args: ChangeBalance) -> str:
        """Take from the balances meant, or make one below nothing."""
        return await self._change("APIerSv1.DebitBalance", "*debit", args)

    async def _change(self, why: str, kind: str, args: ChangeBalance) -> str:
        _need(args, "Account", "BalanceType")
        fitting("Value", args.Value, kind=args.BalanceType)
        key = self._made(args.Tenant, args.Account, why=why)
        action = self._action(kind + ("_reset" if args.Overwrite else ""), args, abs(args.Value))
        return await self._done(why, key, self._set_of(action, args.Cdrlog, args.ActionExtraData))

    @method("APIerSv1.SetBalance")
    async def set_balance(self, args: SetBalance) -> str:
        """Set a balance, or make it."""
        _need(args, "Account", "BalanceType")
        return await self._set("APIerSv1.SetBalance", args.Tenant, args.Account, [args])

    @method("APIerSv1.SetBalances")
    async def set_balances(self, args: SetBalances) -> str:
        """Set several balances of an account."""
        _need(args, "Account", "Balances")
        return await self._set("APIerSv1.SetBalances", args.Tenant, args.Account, args.Balances or [])

    async def _set(self, why: str, tenant: str, account: str, asked: list[Any]) -> str:
        for each in asked:
            if not _names_one(each.Balance or {}):
                raise MandatoryMissing("BalanceID", "or", "BalanceUUID")
            fitting("Value", each.Value, kind=each.BalanceType)
        key = self._made(tenant, account, why=why)
        # A value of 0 leaves what a balance holds, as recorded.
        made = [(self._action("*set_balance", each, each.Value or None), each) for each in asked]
        actions = [action for one, each in made for action in self._set_of(one, each.Cdrlog, each.ActionExtraData)]
        return await self._done(why, key, actions)

    @method("APIerSv1.RemoveBalances")
    async def remove_balances(self, args: SetBalance) -> str:
        """Delete the balances meant."""
        _need(args, "Account", "BalanceType")
        key = self.desk.key(args.Tenant, args.Account)
        if key not in self.desk.accounts:
            raise NotFound(explain=f"no account {key}")
        return await self._done("APIerSv1.RemoveBalances", key, [self._action("*remove_balance", args, None)])

    @method("APIerSv1.TransferBalance")
    async def transfer_balance(self, args: TransferBalance) -> str:
        """Move units from one balance to another."""
        _need(args, "SourceAccountID", "SourceBalanceID", "DestinationAccountID", "DestinationBalanceID")
        fitting("Units", args.Units)
        fitting("DestinationReferenceValue", args.DestinationReferenceValue or Decimal(0))
        extra = {"DestinationAccountID": self.desk.key(args.Tenant, args.DestinationAccountID), "DestinationBalanceID": args.DestinationBalanceID}
        told: dict[str, Any] = extra if args.DestinationReferenceValue is None else {**extra, "DestinationReferenceValue": args.DestinationReferenceValue}
        balance = BalanceFilter(ID=args.SourceBalanceID, Value=ValueFormula(Static=args.Units))
        action = Action(ActionType="*transfer_balance", ExtraParameters=encode(told).decode(), Balance=balance)
        try:
            await self._done("APIerSv1.TransferBalance", self.desk.key(args.Tenant, args.SourceAccountID), self._set_of(action, args.Cdrlog, None))
        except CgrdError as error:
            raise ServerError(error) from error
        return ""

    def _made(self, tenant: str, account: str, *, why: str) -> str:
        """The key of the account, which is made before its balances are looked at, as recorded."""
        key = self.desk.key(tenant, account)
        if key not in self.desk.accounts:
            work = self.desk.work(why)
            work.accept({key: Account(ID=key)}, ())
            self.desk.keep(work)
        return key

    def _action(self, kind: str, args: Any, units: Decimal | None) -> Action:
        balance = self._filter(args.Balance or {}, kind=args.BalanceType, units=units)
        return Action(ActionType=kind, Balance=balance)

    def _filter(self, fields: Mapping[str, Any], *, kind: str, units: Decimal | None) -> BalanceFilter:
        return balance_filter(fields, kind=kind, units=units, timing=self._timing, zone=self.desk.services.zone, now=self.desk.now())

    def _timing(self, name: str) -> RITiming | None:
        profiles: Any = self.desk.services.profiles
        found: RITiming | None = builtin_timing(name, profiles.now()) or profiles["Timing"].find(name)
        return found

    def _set_of(self, action: Action, cdrlog: bool, extra: Mapping[str, Any] | None) -> list[Action]:
        """The action, told to others behind it, and recorded where that is wanted."""
        made = [action, Action(ActionType="*publish_account")]
        if cdrlog:
            told = {name: str(value) for name, value in (extra or {}).items()}
            made.append(Action(ActionType="*cdrlog", ExtraParameters=encode(told).decode() if told else ""))
        return made

    async def _done(self, why: str, key: str, actions: list[Action]) -> str:
        for order in self.executor.execute(actions, [key], why=why, is_waited=True):
            try:
                await self.desk.finish(order)
            except CgrdError as error:
                raise PartiallyExecuted(explain=f"{error} {error.explain}".strip()) from error
        return "OK"


def _need(args: Any, *names: str) -> None:
    if missing := [name for name in names if not getattr(args, name)]:
        raise MandatoryMissing(*missing)


def _names_one(fields: Mapping[str, Any]) -> bool:
    return bool(fields.get("ID") or fields.get("UUID"))
