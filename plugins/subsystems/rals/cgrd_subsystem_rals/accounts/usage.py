"""How long an account can pay: maximum session time, and debits of no more than that.

Source: spec/rating.md §7.4.
"""

from __future__ import annotations

import msgspec

from cgrd.costs import CallDescriptor, TimeSpan
from cgrd.errors import InsufficientCredit
from cgrd.money import ZERO
from cgrd_subsystem_rals.accounts.charge import Charge
from cgrd_subsystem_rals.accounts.debit import Debited, debit, outcome_of, refuse_disabled, run, settled, with_defaults
from cgrd_subsystem_rals.accounts.purse import Bank, Purse
from cgrd_subsystem_rals.accounts.records import Account
from cgrd_subsystem_rals.accounts.rest import is_overdrawn_default
from cgrd_subsystem_rals.rating import RatingBook
from cgrd_subsystem_rals.rating.find import Asked, find_rates

UNLIMITED = -1


def max_session_time(book: RatingBook, bank: Bank, account: Account, call: CallDescriptor) -> int:
    """How much of the call the account can pay, ns or units; `UNLIMITED` when it may go below nothing. Nothing is changed.

    Raises:
        AccountDisabled: the account may not be used.
        MaxUsageExceeded, RatingPlanNotFound, UnauthorizedDestination: no price for it.
    """
    book.policy.check_usage(call.ToR, call.duration)
    refuse_disabled(account)
    if account.AllowNegative:
        return UNLIMITED
    call = with_defaults(call)
    if call.duration == 0:
        return 0
    return _covered(call, run(book, Purse(account, bank), call, go_negative=False, dry_run=True))


def _covered(call: CallDescriptor, charge: Charge) -> int:
    """How much of the call a trial has paid from what the account holds."""
    if charge.negative_fee:
        return 0
    covered, wanted = 0, call.duration
    for span in charge.spans:
        if call.MaxRate > ZERO and _too_dear(call, span):
            break
        is_paid = True
        for each in span.runs():
            if is_overdrawn_default(each):
                is_paid = False
            else:
                covered += each.usage
        if not is_paid:
            break
    return min(wanted, covered)


def _too_dear(call: CallDescriptor, span: TimeSpan) -> bool:
    """Whether a span's rate is above the call's `MaxRate`."""
    rating = span.RateInterval.Rating if span.RateInterval else None
    if call.MaxRateUnit <= 0 or rating is None:
        return False
    start = max(0, span.DurationIndex - span.usage)
    rates = [rate for rate in rating.Rates or [] if rate.GroupIntervalStart <= start]
    return bool(rates) and rates[-1].Value * call.MaxRateUnit > call.MaxRate * (rates[-1].RateUnit or 1)


def max_debit(book: RatingBook, bank: Bank, account: Account, call: CallDescriptor) -> Debited:
    """Debit as much of the call as the account can pay.

    Raises:
        InsufficientCredit: `ForceDuration` is set and it cannot pay all.
        AccountDisabled, MaxUsageExceeded, RatingPlanNotFound, UnauthorizedDestination: as for a debit.
    """
    wanted = call.duration
    if wanted == 0:
        return _debit_nothing(book, bank, account, call)
    book.policy.check_usage(call.ToR, wanted)
    refuse_disabled(account)
    if account.AllowNegative:
        return debit(book, bank, account, call)
    call = with_defaults(call)
    trial = run(book, Purse(account, bank), call, go_negative=False, dry_run=True)
    granted = _covered(call, trial)
    if granted == wanted and trial.done:
        # What was tried is what a debit would do.
        return settled(book, call, trial)
    if call.ForceDuration and granted < wanted:
        raise InsufficientCredit(explain=f"account {account.ID} can pay {granted} of {wanted}")
    if granted == 0:
        return outcome_of(call, Purse(account, bank), [])
    called = msgspec.structs.replace(call, TimeEnd=call.TimeStart.plus(granted), DurationIndex=call.DurationIndex - (wanted - granted))
    return debit(book, bank, account, called)


def _debit_nothing(book: RatingBook, bank: Bank, account: Account, call: CallDescriptor) -> Debited:
    """The debit of a call of no length, refused where it has no price."""
    filled = with_defaults(call)
    asked = Asked(filled.Destination, filled.TimeStart, filled.TimeStart.ns + 1)
    find_rates(book, tenant=filled.Tenant, category=filled.Category, subject=filled.Subject, asked=asked)
    return debit(book, bank, account, call)
