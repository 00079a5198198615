"""What an account held before and after a charge."""

from __future__ import annotations

import msgspec

from cgrd.costs import AccountSummary, BalanceSummary
from cgrd_subsystem_rals.accounts.purse import Purse
from cgrd_subsystem_rals.accounts.records import TYPES, Account


def summary_of(account: Account, purse: Purse | None = None) -> AccountSummary:
    """The account's balances in the order of their types; initial values as before the purse's charge."""
    tenant, _, name = account.ID.partition(":")
    held = account.BalanceMap or {}
    return AccountSummary(
        Tenant=tenant,
        AccountID=name,
        BalanceSummaries=[
            BalanceSummary(
                UUID=balance.Uuid,
                ID=balance.ID or balance.Uuid,
                Type=kind,
                Initial=purse.before(balance) if purse else balance.Value,
                Value=balance.Value,
                Weight=balance.Weight or msgspec.UNSET,
                Disabled=balance.Disabled,
                Factors=balance.Factors or None,
            )
            for kind in TYPES
            for balance in held.get(kind) or ()
        ],
        AllowNegative=account.AllowNegative,
        Disabled=account.Disabled,
    )
