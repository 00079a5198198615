"""Debiting a sum that is given, not rated (`*directdebit`).

Source: spec/rating.md §7.5.
"""

from __future__ import annotations

from decimal import Decimal

from cgrd.costs import CallDescriptor
from cgrd_subsystem_rals.accounts.debit import Debited, outcome_of, refuse_disabled, with_defaults
from cgrd_subsystem_rals.accounts.purse import Bank, Purse
from cgrd_subsystem_rals.accounts.records import MONETARY, Account
from cgrd_subsystem_rals.accounts.select import active, usable
from cgrd_subsystem_rals.rating import RatingBook


def debit_sum(book: RatingBook, bank: Bank, account: Account, call: CallDescriptor, amount: Decimal) -> Debited:
    """Take a sum from the money balances that may pay for the call, in their order; what they lack goes to `*default`.

    Raises:
        AccountDisabled: the account may not be used.
    """
    refuse_disabled(account)
    call = with_defaults(call)
    purse = Purse(account, bank)
    left = amount
    for held in usable(purse, book, call, MONETARY):
        if left > 0 and held.balance.Value > 0 and active(held.balance, call.TimeStart):
            taken = min(left, held.balance.Value)
            purse.put(held, held.balance.Value - taken)
            left -= taken
    if left:
        rest = purse.default()
        purse.put(rest, rest.balance.Value - left)
    done = outcome_of(call, purse, [])
    done.cost.Cost = amount
    return done
