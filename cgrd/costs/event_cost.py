"""The cost of an event as CDRs and sessions keep it: charges that name their rating and their payer by id, each thing told once.

Source: spec/rating.md §8.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

import msgspec

from cgrd.costs.rates import RGRate
from cgrd.costs.summaries import AccountSummary, BalanceSummary
from cgrd.instants import Instant
from cgrd.money import ONE, ZERO, round_decimal

PAUSE = "*pause"
ROUNDING = "*rounding"
NO_CHARGE = "*none"
Record = TypeVar("Record")


class ChargingIncrement(msgspec.Struct, kw_only=True, gc=False):
    """A run of equal increments and, by id, who paid it."""

    Usage: int = 0
    Cost: Decimal = ZERO
    AccountingID: str = ""
    CompressFactor: int = 0

    @property
    def factor(self) -> int:
        """How many increments; 0 on the wire means one."""
        return self.CompressFactor or 1

    @property
    def total_usage(self) -> int:
        """Usage of the whole run."""
        return self.Usage * self.factor

    @property
    def total_cost(self) -> Decimal:
        """Cost of the whole run."""
        return self.Cost * self.factor


class ChargingInterval(msgspec.Struct, kw_only=True, gc=False):
    """Increments under one rating, `CompressFactor` times in a row."""

    RatingID: str = ""
    Increments: list[ChargingIncrement] | None = []
    CompressFactor: int = 0

    @property
    def factor(self) -> int:
        """How many times; 0 on the wire means once."""
        return self.CompressFactor or 1

    def runs(self) -> list[ChargingIncrement]:
        """Its increments, never None."""
        return self.Increments if self.Increments is not None else []

    def sums(self) -> tuple[int, Decimal]:
        """Usage and exact cost of one time."""
        used, cost = 0, ZERO
        for run in self.Increments or ():
            count = run.CompressFactor or 1
            used += run.Usage * count
            cost += run.Cost * count
        return used, cost

    def usage(self) -> int:
        """Usage of one time."""
        return self.sums()[0]


class RatingUnit(msgspec.Struct, kw_only=True, gc=False):
    """The tariff of a charge, its parts by id."""

    ConnectFee: Decimal = ZERO
    RoundingMethod: str = ""
    RoundingDecimals: int = 0
    MaxCost: Decimal = ZERO
    MaxCostStrategy: str = ""
    TimingID: str = ""
    RatesID: str = ""
    RatingFiltersID: str = ""


class BalanceCharge(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """Who paid an increment: `Units` of a balance, and by `ExtraChargeID` what else was taken for it."""

    AccountID: str
    BalanceUUID: str
    RatingID: str
    Units: Decimal
    BalanceFactor: Decimal | msgspec.UnsetType = msgspec.UNSET
    ExtraChargeID: str

    @property
    def factor(self) -> Decimal:
        """How many units of the balance one unit of usage takes; 1 is left out on the wire."""
        return ONE if self.BalanceFactor is msgspec.UNSET else self.BalanceFactor


class RatingMatchedFilters(msgspec.Struct, kw_only=True, gc=False):
    """By what the rates were found; `Subject` is a rating profile's id or a balance's UUID."""

    DestinationID: str = ""
    DestinationPrefix: str = ""
    RatingPlanID: str = ""
    Subject: str = ""


class ChargedTiming(msgspec.Struct, kw_only=True, gc=False):
    """When the rate held."""

    Years: list[int] | None = []
    Months: list[int] | None = []
    MonthDays: list[int] | None = []
    WeekDays: list[int] | None = []
    StartTime: str = ""


class EventCost(msgspec.Struct, kw_only=True, gc=False):
    """The cost of an event. `Usage` and `Cost` are None until computed."""

    CGRID: str = ""
    RunID: str = ""
    StartTime: Instant = Instant.ZERO
    Usage: int | None = None
    Cost: Decimal | None = None
    Charges: list[ChargingInterval] | None = []
    AccountSummary: AccountSummary | None = None
    Rating: dict[str, RatingUnit] | None = {}
    Accounting: dict[str, BalanceCharge] | None = {}
    RatingFilters: dict[str, RatingMatchedFilters] | None = {}
    Rates: dict[str, list[RGRate]] | None = {}
    Timings: dict[str, ChargedTiming] | None = {}

    def charges(self) -> list[ChargingInterval]:
        """Its charges, never None."""
        return self.Charges if self.Charges is not None else []

    def usage(self) -> int:
        """What the charges cover, ns or units."""
        used = 0
        for charge in self.Charges or ():
            used += charge.usage() * (charge.CompressFactor or 1)
        return used

    def known_usage(self) -> int:
        """The usage as it was computed; of a cost that was not, what its charges cover."""
        return self.usage() if self.Usage is None else self.Usage

    def compute(self, decimals: int = 5) -> EventCost:
        """Fill in `Usage` and `Cost` from the charges, rounded to `decimals`; answers itself."""
        usage, cost = 0, ZERO
        for charge in self.Charges or ():
            times = charge.CompressFactor or 1
            used, paid = charge.sums()
            usage += used * times
            cost += round_decimal(paid, decimals, "*middle") * times
        self.Usage, self.Cost = usage, round_decimal(cost, decimals, "*middle")
        return self

    def end_time(self) -> Instant:
        """When the covered usage ends."""
        return self.StartTime.plus(self.known_usage())

    def balance(self, uuid: str) -> BalanceSummary | None:
        """The summary of a balance that paid."""
        for balance in (self.AccountSummary.BalanceSummaries if self.AccountSummary else None) or ():
            if uuid == balance.UUID:
                return balance
        return None


def name_of(named: dict[str, Record], record: Record, kind: str) -> str:
    """The id under which a record is kept, which it is given when none equals it: seven hex digits, the first tells the kind."""
    for known, other in named.items():
        if other is record or other == record:
            return known
    number = len(named) + 1
    while (name := f"{kind}{number:06x}") in named:
        number += 1
    named[name] = record
    return name
