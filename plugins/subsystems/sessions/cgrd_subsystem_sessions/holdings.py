"""What an account holds, as RALs answers a refund: the cost that was refunded tells it anew.

Source: spec/rating.md §7.5 and §8.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from cgrd.costs import AccountSummary, BalanceSummary, EventCost
from cgrd.money import ZERO

TYPES: Final = ("*data", "*sms", "*mms", "*voice", "*generic", "*monetary")
"""The order in which costs list balances."""


class Held(msgspec.Struct, kw_only=True):
    """A balance."""

    Uuid: str = ""
    ID: str = ""
    Value: Decimal = ZERO
    Weight: Decimal = ZERO
    Disabled: bool = False
    Factors: dict[str, Decimal] | None = None


class Holdings(msgspec.Struct, kw_only=True):
    """An account with its balances by type; without `ID` it is none."""

    ID: str = ""
    BalanceMap: dict[str, list[Held] | None] | None = None
    AllowNegative: bool = False
    Disabled: bool = False

    def summary(self) -> AccountSummary:
        """What a cost tells of it."""
        tenant, _, account = self.ID.partition(":")
        told = [_summary_of(balance, kind) for kind in TYPES for balance in (self.BalanceMap or {}).get(kind) or ()]
        return AccountSummary(Tenant=tenant, AccountID=account, BalanceSummaries=told, AllowNegative=self.AllowNegative, Disabled=self.Disabled)


def _summary_of(balance: Held, kind: str) -> BalanceSummary:
    return BalanceSummary(
        UUID=balance.Uuid,
        ID=balance.ID or balance.Uuid,
        Type=kind,
        Initial=balance.Value,
        Value=balance.Value,
        Weight=balance.Weight or msgspec.UNSET,
        Disabled=balance.Disabled,
        Factors=balance.Factors or None,
    )


def retold(cost: EventCost, holdings: Holdings | None) -> EventCost:
    """The cost with what the account holds now; the initial values stay those of the first debit."""
    if holdings is None or not holdings.ID:
        return cost
    return msgspec.structs.replace(cost, AccountSummary=holdings.summary().keeping_initials(cost.AccountSummary))
