"""Responder: rates calls, debits accounts, gives back, says how long an account can pay.

Every method is a plain function: between reading an account and writing it nothing else runs, so debits at the same time never
overdraw it.

Source: spec/rating.md §6 and §7, observed_rating.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from cgrd import Instant, method
from cgrd.costs import PAID_ONLY, CallCost, CallDescriptor
from cgrd.errors import CgrdError, MandatoryMissing, NotFound, Wrong
from cgrd_subsystem_rals.accounts.counters import count_runs
from cgrd_subsystem_rals.accounts.debit import Debited, debit
from cgrd_subsystem_rals.accounts.direct import debit_sum
from cgrd_subsystem_rals.accounts.errors import AccountNotFound
from cgrd_subsystem_rals.accounts.given_back import refuse_again
from cgrd_subsystem_rals.accounts.purse import Bank
from cgrd_subsystem_rals.accounts.records import Account
from cgrd_subsystem_rals.accounts.refund import Refunded, refund, refund_rounding
from cgrd_subsystem_rals.accounts.summary import summary_of
from cgrd_subsystem_rals.accounts.triggers import begun
from cgrd_subsystem_rals.accounts.usage import max_debit, max_session_time
from cgrd_subsystem_rals.accounts.work import Work
from cgrd_subsystem_rals.actions.execute import Executor
from cgrd_subsystem_rals.amounts import fitting
from cgrd_subsystem_rals.desk import Desk
from cgrd_subsystem_rals.publishing import announce
from cgrd_subsystem_rals.rating import RatingBook, RatingPlanNotFound, cost_by_plan, cost_of
from cgrd_subsystem_rals.responses import answered, forget_debits

How = Callable[[RatingBook, Bank, Account, CallDescriptor], Debited]


class OnPlans(msgspec.Struct):
    """A call to be rated by the first of these plans that knows its destination."""

    Account: str = ""
    Subject: str = ""
    Destination: str = ""
    Tenant: str = ""
    SetupTime: Instant = Instant.ZERO
    Usage: int = 0
    RatingPlanIDs: list[str] | None = None
    APIOpts: dict[str, Any] | None = None


class OnAccounts(msgspec.Struct):
    """A call that the first of these accounts is to pay that can be asked."""

    Subject: str = ""
    Destination: str = ""
    Tenant: str = ""
    SetupTime: Instant = Instant.ZERO
    Usage: int = 0
    AccountIDs: list[str] | None = None
    APIOpts: dict[str, Any] | None = None


class Record(msgspec.Struct):
    """What of a CDR says whom to debit how much."""

    CGRID: str = ""
    RunID: str = ""
    ToR: str = ""
    Tenant: str = ""
    Category: str = ""
    Account: str = ""
    Subject: str = ""
    Destination: str = ""
    SetupTime: Instant = Instant.ZERO
    AnswerTime: Instant = Instant.ZERO
    Usage: int = 0
    Cost: Decimal | None = None
    APIOpts: dict[str, Any] | None = None


class Responder:
    """What sessions, CDRs and routes ask of rating and accounts."""

    def __init__(self, desk: Desk, executor: Executor) -> None:
        self.desk = desk
        self.executor = executor

    def filled(self, call: CallDescriptor) -> CallDescriptor:
        """The call with tenant, category and subject; the caller's stays as it is."""
        if call.Tenant and call.Category and call.Subject:
            return call
        services = self.desk.services
        return msgspec.structs.replace(
            call,
            Tenant=call.Tenant or services.default_tenant,
            Category=call.Category or services.default_category,
            Subject=call.Subject or call.Account,
        )

    def payer(self, call: CallDescriptor) -> Account:
        """The account that pays.

        Raises:
            AccountNotFound: there is none.
        """
        key = call.account_key()
        account = self.desk.accounts.get(key)
        if account is None:
            raise AccountNotFound(explain=f"no account {key}; make it by SetAccount, SetBalance or an action plan")
        return account

    @method("Responder.GetCost")
    def get_cost(self, args: CallDescriptor) -> CallCost:
        """What a call costs by tariff."""
        return cost_of(self.desk.book, self.filled(args))

    @method("Responder.GetCostOnRatingPlans")
    def get_cost_on_plans(self, args: OnPlans) -> dict[str, Any]:
        """The cost by the first plan that can be asked."""
        call = self.filled(
            CallDescriptor(
                Tenant=args.Tenant,
                Account=args.Account,
                Subject=args.Subject,
                Destination=args.Destination,
                TimeStart=args.SetupTime,
                TimeEnd=args.SetupTime.plus(args.Usage),
                DurationIndex=args.Usage,
                ToR="*voice",
            )
        )
        for plan_id in args.RatingPlanIDs or ():
            try:
                return {"Cost": cost_by_plan(self.desk.book, call, plan_id=plan_id).Cost, "RatingPlanID": plan_id}
            except RatingPlanNotFound:
                continue
        raise NotFound(explain=f"none of the rating plans {args.RatingPlanIDs} is loaded")

    @method("Responder.GetMaxSessionTime")
    def get_max_session_time(self, args: CallDescriptor) -> int:
        """How much of a call its account can pay, ns or units; -1 when it may go below nothing."""
        call = self.filled(args)
        return max_session_time(self.desk.book, self.desk.accounts.bank, self.payer(call), call)

    @method("Responder.GetMaxSessionTimeOnAccounts")
    def get_max_session_time_on_accounts(self, args: OnAccounts) -> dict[str, Any]:
        """The same for the first account that can be asked."""
        failed: CgrdError = AccountNotFound(explain="no AccountIDs were given")
        for account in args.AccountIDs or ():
            call = CallDescriptor(
                Tenant=args.Tenant,
                # As recorded: accounts asked by RouteS are rated under the category *routes.
                Category="*routes",
                Account=account,
                Subject=args.Subject,
                Destination=args.Destination,
                TimeStart=args.SetupTime,
                TimeEnd=args.SetupTime.plus(args.Usage),
                DurationIndex=args.Usage,
                ToR="*voice",
            )
            try:
                return {"MaxUsage": self.get_max_session_time(call), "Cost": 0, "Account": account}
            except CgrdError as error:
                failed = error
        raise failed

    @method("Responder.Debit")
    def debit(self, args: CallDescriptor) -> CallCost:
        """Debit a call, all of it."""
        return self.charged("Responder.Debit", debit, self.filled(args))

    @method("Responder.MaxDebit")
    def max_debit(self, args: CallDescriptor) -> CallCost:
        """Debit as much of a call as the account can pay."""
        return self.charged("Responder.MaxDebit", max_debit, self.filled(args))

    @method("Responder.DebitMonetary")
    def debit_monetary(self, args: Record) -> CallCost:
        """Debit the cost that a record names from money alone."""
        if args.Cost is None:
            raise MandatoryMissing("Cost")
        if args.Cost < 0:
            raise Wrong(f"Cost is {args.Cost}: a debit takes", explain="give money by AddBalance or a refund")
        cost = fitting("Cost", args.Cost, kind="*monetary")
        start = args.AnswerTime or args.SetupTime
        call = CallDescriptor(
            Tenant=args.Tenant,
            Category=args.Category,
            Account=args.Account,
            Subject=args.Subject,
            Destination=args.Destination,
            ToR=args.ToR,
            TimeStart=start,
            TimeEnd=start.plus(args.Usage),
            DurationIndex=args.Usage,
            CgrID=args.CGRID,
            RunID=args.RunID,
        )
        return self.charged("Responder.DebitMonetary", lambda book, bank, account, call: debit_sum(book, bank, account, call, cost), self.filled(call))

    def charged(self, why: str, how: How, call: CallDescriptor) -> CallCost:
        """Debit a call: balances, counters and triggers in one step."""
        return answered(self.desk.services, why, call, partial(self._charged, why, how, call))

    def _charged(self, why: str, how: How, call: CallDescriptor) -> CallCost:
        account = self.payer(call)
        done = how(self.desk.book, self.desk.accounts.bank, account, call)
        if call.DryRun:
            return done.cost
        if done.accounts:
            work = self.desk.work(why, event_id=call.CgrID, run_id=call.RunID)
            work.accept(done.accounts, done.changes)
            self._settle(work, begun=begun(account, self.desk.book, call, done.cost.spans(), at=work.at) if account.ActionTriggers else ())
            if account.ActionTriggers:
                self._tell_again(done.cost, account.ID, work)
        return done.cost

    def _tell_again(self, cost: CallCost, key: str, work: Work) -> None:
        """What the account holds now, where triggers have changed it after the debit."""
        account = work.find(key)
        if account is not None and cost.AccountSummary is not None:
            cost.AccountSummary = summary_of(account).keeping_initials(cost.AccountSummary)

    def _settle(self, work: Work, *, begun: Collection[tuple[str, str]] = ()) -> None:
        changed = {entry.balance_uuid: entry.before for entry in work.entries}
        keys = list(work.changed)
        for key in keys:
            self.executor.fire(work, key, frozenset(changed), begun=begun)
        for key in keys:
            announce(self.desk, work, key, initial=changed)
        self.desk.keep(work)
        self.desk.in_background(work)

    @method("Responder.RefundIncrements")
    def refund_increments(self, args: CallDescriptor) -> Account:
        """Give increments back to the balances that paid them; to a call that is named (CgrID) no more than it has paid.

        Raises:
            Wrong: an increment would take, or is of another tenant's account.
            Exists: the call was given them back before.
        """
        services, call = self.desk.services, self.filled(args)
        refuse_takings(args, call.Tenant)
        strict = (args.APIOpts or {}).get(PAID_ONLY) is True
        if args.CgrID and (strict or not services.store.in_transaction):
            refuse_again(args, services.store.ledger(event=args.CgrID), strict=strict)
        forget_debits(services, call)
        return self._refunded("Responder.RefundIncrements", refund, call, uncount=True)

    @method("Responder.RefundRounding")
    def refund_rounding(self, args: CallDescriptor) -> Account:
        """Settle corrections of rounding.

        Raises:
            Wrong: an increment is of another tenant's account.
        """
        call = self.filled(args)
        refuse_strangers(call, call.Tenant)
        return self._refunded("Responder.RefundRounding", refund_rounding, call, uncount=False)

    def _refunded(self, why: str, how: Callable[..., Refunded], call: CallDescriptor, *, uncount: bool) -> Account:
        self.desk.book.policy.check_usage(call.ToR, call.duration)
        done = how(self.desk.accounts.bank, self.desk.accounts, call)
        for run in done.lost:
            self.desk.services.log("rals").warning("nothing to give an increment back to", call=call.CgrID, account=call.account_key(), cost=str(run.total))
        if done.accounts:
            work = self.desk.work(why, event_id=call.CgrID, run_id=call.RunID)
            if uncount:
                count_runs(done.accounts, self.desk.book, call, call.Increments or [], sign=-1)
            work.accept(done.accounts, done.changes)
            self._settle(work)
        payers = [run.BalanceInfo.AccountID for run in call.Increments or () if run.BalanceInfo]
        return (self.desk.accounts.get(payers[-1]) if payers else None) or Account(ID="")

    @method("Responder.Shutdown")
    def shutdown(self, args: dict[str, Any]) -> str:
        """Stop the daemon."""
        self.desk.services.background.stop()
        return "Done!"


def refuse_takings(call: CallDescriptor, tenant: str) -> None:
    """Refuse increments that would take money, or touch another tenant's account.

    Raises:
        Wrong: such an increment is there; it is told.
    """
    for run in call.Increments or ():
        if run.Cost < 0 or run.Duration < 0 or run.CompressFactor < 0:
            raise Wrong("a refund gives back: Cost, Duration and CompressFactor of an increment are 0 or more")
    refuse_strangers(call, tenant)


def refuse_strangers(call: CallDescriptor, tenant: str) -> None:
    """Refuse increments of another tenant's account.

    Raises:
        Wrong: such an increment is there.
    """
    for run in call.Increments or ():
        owner = run.BalanceInfo.AccountID if run.BalanceInfo else ""
        if owner and not owner.startswith(f"{tenant}:"):
            raise Wrong(f"a refund of tenant {tenant} names an account of another one")
