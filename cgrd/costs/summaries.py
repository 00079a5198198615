"""What an account looked like when a cost was made."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from cgrd.money import ZERO


class BalanceSummary(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """A balance before (`Initial`) and after (`Value`) the debits that the cost tells of; a weight of 0 is left out."""

    UUID: str
    ID: str
    Type: str
    Initial: Decimal
    Value: Decimal
    Weight: Decimal | msgspec.UnsetType = msgspec.UNSET
    Disabled: bool
    Factors: dict[str, Decimal] | None = None


class AccountSummary(msgspec.Struct, kw_only=True, gc=False):
    """The account's balances and flags; `AccountID` is without the tenant."""

    Tenant: str = ""
    AccountID: str = ""
    BalanceSummaries: list[BalanceSummary] | None = None
    AllowNegative: bool = False
    Disabled: bool = False

    def keeping_initials(self, earlier: AccountSummary | None) -> AccountSummary:
        """This summary with the initial values of an earlier one of the same session; balances gone since are listed with 0."""
        if earlier is None:
            return self
        before = {b.UUID: b for b in earlier.BalanceSummaries or ()}
        told = [msgspec.structs.replace(b, Initial=before.pop(b.UUID, b).Initial) for b in self.BalanceSummaries or ()]
        if before:
            told += [msgspec.structs.replace(b, Value=ZERO) for b in before.values()]
        return msgspec.structs.replace(self, BalanceSummaries=told)
