"""Debiting a call: unit balances first, then money, then what is left.

Source: spec/rating.md §7.3, observed_rating.md (accounts).
"""

from __future__ import annotations

import msgspec

from cgrd.costs import CallCost, CallDescriptor, Increment, TimeSpan, rounding_of
from cgrd.money import ZERO, round_decimal
from cgrd_subsystem_rals.accounts.charge import Charge, begin_charge
from cgrd_subsystem_rals.accounts.counters import count_spans
from cgrd_subsystem_rals.accounts.errors import AccountDisabled, BlockedByBalance
from cgrd_subsystem_rals.accounts.pay import pay
from cgrd_subsystem_rals.accounts.purse import BalanceChange, Bank, Held, Purse
from cgrd_subsystem_rals.accounts.records import MONETARY, VOICE, Account
from cgrd_subsystem_rals.accounts.rest import free_spans, pay_with_default
from cgrd_subsystem_rals.accounts.summary import summary_of
from cgrd_subsystem_rals.rating import RatingBook, compress_spans
from cgrd_subsystem_rals.rating.getcost import call_cost
from cgrd_subsystem_rals.rating.spans import zero_span


class Debited(msgspec.Struct, kw_only=True):
    """What a debit did: its cost, the accounts as they are now, and each change for the ledger. The accounts given are unchanged."""

    cost: CallCost
    accounts: dict[str, Account]
    changes: list[BalanceChange]


def debit(book: RatingBook, bank: Bank, account: Account, call: CallDescriptor) -> Debited:
    """Debit a call; what balances do not cover goes to the `*default` money balance, unless `DenyNegativeAccount`.

    Raises:
        AccountDisabled: the account may not be used.
        BlockedByBalance: a blocker ran out before the call was paid; nothing is debited.
        MaxUsageExceeded, RatingPlanNotFound, UnauthorizedDestination: no price for it.
    """
    book.policy.check_usage(call.ToR, call.duration)
    refuse_disabled(account)
    call = with_defaults(call)
    purse = Purse(account, bank)
    if call.duration == 0:
        span = zero_span(book, call)
        return outcome_of(call, purse, [span] if span else [])
    return settled(book, call, run(book, purse, call, go_negative=not call.DenyNegativeAccount, dry_run=False))


def settled(book: RatingBook, call: CallDescriptor, charge: Charge) -> Debited:
    """A charge as a debit: counted, compressed and rounded."""
    for account in charge.purse.accounts.values():
        if account.UnitCounters:
            count_spans(charge.purse.accounts, book, call, charge.spans)
            break
    spans = compress_spans(charge.spans)
    if call.PerformRounding:
        round_spans(charge.purse, spans)
    return outcome_of(call, charge.purse, spans)


def with_defaults(call: CallDescriptor) -> CallDescriptor:
    """The call with its type and subject filled in."""
    if call.ToR and call.Subject:
        return call
    return msgspec.structs.replace(call, ToR=call.ToR or VOICE, Subject=call.Subject or call.Account)


def refuse_disabled(account: Account) -> None:
    """Let only accounts in use pass.

    Raises:
        AccountDisabled: this one is not.
    """
    if account.Disabled:
        raise AccountDisabled(explain=f"account {account.ID} is disabled; enable it by SetAccount or *enable_account")


def outcome_of(call: CallDescriptor, purse: Purse, spans: list[TimeSpan]) -> Debited:
    """The answer and the changes of a purse after a charge."""
    cost = round_decimal(sum([span.Cost for span in spans], ZERO), purse.bank.decimals, "*middle")
    made = call_cost(call, subject=call.Subject, spans=spans, cost=cost)
    made.Timespans = spans or None
    made.AccountSummary = summary_of(purse.own, purse)
    return Debited(cost=made, accounts=purse.touched(), changes=purse.changes())


def run(book: RatingBook, purse: Purse, call: CallDescriptor, *, go_negative: bool, dry_run: bool) -> Charge:
    """Pay a call out of a purse, as far as may be; the charge says how far that is."""
    charge = begin_charge(book, purse, call, dry_run=dry_run)
    orders = [order for order in (charge.units, charge.money) if order]
    paid = True
    while paid:
        paid = False
        for order in orders:
            outcome = _exhaust(charge, order)
            if outcome is None:
                return charge
            paid = paid or outcome
    _pay_rest(charge, go_negative=go_negative)
    return charge


def _exhaust(charge: Charge, order: list[Held]) -> bool | None:
    """Go over balances until none pays any more; whether any did, None when nothing more is to be paid or a blocker ends a dry run."""
    any_paid = False
    paying = True
    while paying:
        paying = False
        for held in order:
            paying = charge.add(pay(charge, held)) or paying
            if charge.is_over:
                return None
            if held.balance.Blocker:
                if charge.dry_run:
                    return None
                raise BlockedByBalance(explain=f"balance {held.balance.ID or held.balance.Uuid} blocks those behind it and is used up")
        any_paid = any_paid or paying
    return any_paid


def _pay_rest(charge: Charge, *, go_negative: bool) -> None:
    rated = charge.rate(charge.call.Subject)
    if all(piece.cost == 0 for piece in rated.pieces):
        charge.add(free_spans(charge, rated))
    elif go_negative:
        charge.add(pay_with_default(charge, rated))


def round_spans(purse: Purse, spans: list[TimeSpan]) -> None:
    """Bring each span paid with money to its tariff's rounding; the difference is taken from, or given to, its first payer."""
    for span in spans:
        if (rounding := rounding_of(span, span.Cost)) is not None:
            _take(purse, rounding)
            span.RoundIncrement = rounding
            span.Cost += rounding.Cost


def _take(purse: Purse, rounding: Increment) -> None:
    payer, amount = rounding.BalanceInfo, rounding.Cost
    if payer is None or payer.Monetary is None:
        return
    account = purse.accounts.get(payer.AccountID)
    for balance in account.balances(MONETARY) if account else ():
        if balance.Uuid == payer.Monetary.UUID:
            purse.put(Held(account, MONETARY, balance), balance.Value - amount)  # type: ignore[arg-type]
