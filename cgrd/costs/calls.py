"""What is to be rated and what came out, on the wire: CallDescriptor in, CallCost out.

A `*data`, `*sms` or `*generic` amount travels as a duration: one unit is one nanosecond. Increments are runs: `CompressFactor` times
`Duration` for `Cost` each; nothing here or behind it ever makes one object per increment.

Source: spec/rating.md §1; type appendix of spec/api.md.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from cgrd.costs.rates import RateInterval
from cgrd.costs.summaries import AccountSummary
from cgrd.instants import Instant
from cgrd.money import ZERO


class UnitInfo(msgspec.Struct, kw_only=True, gc=False):
    """The unit balance that paid: `Consumed` of it for each increment, `Value` left after the run."""

    UUID: str = ""
    ID: str = ""
    Value: Decimal = ZERO
    DestinationID: str = ""
    Consumed: Decimal = ZERO
    Factor: Decimal = ZERO
    Category: str = ""
    ToR: str = ""
    RateInterval: RateInterval | None = None


class MonetaryInfo(msgspec.Struct, kw_only=True, gc=False):
    """The money balance that paid the increment's cost; `Value` is what it held after the run."""

    UUID: str = ""
    ID: str = ""
    Value: Decimal = ZERO
    RateInterval: RateInterval | None = None


class DebitInfo(msgspec.Struct, kw_only=True, gc=False):
    """Who paid an increment; all empty when it was only rated."""

    Unit: UnitInfo | None = None
    Monetary: MonetaryInfo | None = None
    AccountID: str = ""

    def same_payer(self, other: DebitInfo) -> bool:
        """Whether the same balances paid, whatever was left in them."""
        if self is other:
            return True
        one, two = self.Unit, other.Unit
        if (one is None) != (two is None) or self.AccountID != other.AccountID:
            return False
        if one is not None and two is not None and (one.UUID != two.UUID or one.Consumed != two.Consumed or one.Factor != two.Factor):
            return False
        mine, theirs = self.Monetary, other.Monetary
        if mine is None or theirs is None:
            return mine is theirs
        return mine.UUID == theirs.UUID and mine.RateInterval == theirs.RateInterval


class Increment(msgspec.Struct, kw_only=True, gc=False):
    """A run of equal increments."""

    Duration: int = 0
    Cost: Decimal = ZERO
    BalanceInfo: DebitInfo | None = None
    CompressFactor: int = 0

    @property
    def factor(self) -> int:
        """How many increments this is; 0 on the wire means one."""
        return self.CompressFactor or 1

    @property
    def total(self) -> Decimal:
        """What the run costs."""
        return self.Cost * self.factor

    @property
    def usage(self) -> int:
        """What the run covers, ns or units."""
        return self.Duration * self.factor

    def joins(self, other: Increment) -> bool:
        """Whether the other run can be counted into this one."""
        if self.Duration != other.Duration or self.Cost != other.Cost:
            return False
        mine, theirs = self.BalanceInfo, other.BalanceInfo
        return mine.same_payer(theirs) if mine is not None and theirs is not None else mine is theirs


def join_increments(runs: list[Increment]) -> list[Increment]:
    """Neighbouring runs that are equal as one; what is left in the balance is the last one's. The runs given are not changed."""
    joined: list[Increment] = []
    for run in runs:
        if joined and joined[-1].joins(run):
            joined[-1] = msgspec.structs.replace(run, CompressFactor=joined[-1].factor + run.factor)
        else:
            joined.append(run)
    return joined


class TimeSpan(msgspec.Struct, kw_only=True, gc=False):
    """A part of the call under one rate; `CompressFactor` equal parts in a row are one."""

    TimeStart: Instant = Instant.ZERO
    TimeEnd: Instant = Instant.ZERO
    Cost: Decimal = ZERO
    RateInterval: RateInterval | None = None
    DurationIndex: int = 0
    Increments: list[Increment] | None = []
    RoundIncrement: Increment | None = None
    MatchedSubject: str = ""
    MatchedPrefix: str = ""
    MatchedDestId: str = ""
    RatingPlanId: str = ""
    CompressFactor: int = 0

    @property
    def factor(self) -> int:
        """How many parts this is; 0 on the wire means one."""
        return self.CompressFactor or 1

    @property
    def usage(self) -> int:
        """From start to end, ns or units."""
        return self.TimeEnd.ns - self.TimeStart.ns

    def runs(self) -> list[Increment]:
        """Its increments, never None."""
        return self.Increments if self.Increments is not None else []


class CallCost(msgspec.Struct, kw_only=True, gc=False):
    """A rated or debited call."""

    Category: str = ""
    Tenant: str = ""
    Subject: str = ""
    Account: str = ""
    Destination: str = ""
    ToR: str = ""
    Cost: Decimal = ZERO
    Timespans: list[TimeSpan] | None = None
    RatedUsage: Decimal = ZERO
    AccountSummary: AccountSummary | None = None

    def spans(self) -> list[TimeSpan]:
        """Its spans, never None."""
        return self.Timespans if self.Timespans is not None else []

    def rated_usage(self) -> int:
        """What the spans cover together, ns or units; may exceed what was asked, as increments are whole."""
        used = 0
        for span in self.Timespans or ():
            used += span.TimeEnd.ns - span.TimeStart.ns
        return used


class RatingInfo(msgspec.Struct, kw_only=True, gc=False):
    """The rates found for a part of a call."""

    MatchedSubject: str = ""
    RatingPlanId: str = ""
    MatchedPrefix: str = ""
    MatchedDestId: str = ""
    ActivationTime: Instant = Instant.ZERO
    RateIntervals: list[RateInterval] | None = None
    FallbackKeys: list[str] | None = None


class CallDescriptor(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """A call, message or volume to be rated or debited."""

    Category: str = ""
    Tenant: str = ""
    Subject: str = ""
    Account: str = ""
    Destination: str = ""
    TimeStart: Instant = Instant.ZERO
    TimeEnd: Instant = Instant.ZERO
    LoopIndex: Decimal = ZERO
    DurationIndex: int = 0
    FallbackSubject: str = ""
    RatingInfos: list[RatingInfo] | None = None
    Increments: list[Increment] | None = None
    ToR: str = ""
    ExtraFields: dict[str, str] | None = None
    MaxRate: Decimal = ZERO
    MaxRateUnit: int = 0
    MaxCostSoFar: Decimal = ZERO
    CgrID: str = ""
    RunID: str = ""
    ForceDuration: bool = False
    PerformRounding: bool = False
    DenyNegativeAccount: bool = False
    DryRun: bool = False
    APIOpts: dict[str, Any] | None = None

    @property
    def duration(self) -> int:
        """From start to end, ns or units."""
        return self.TimeEnd.ns - self.TimeStart.ns

    def account_key(self) -> str:
        """The account that pays; the subject where no account is named."""
        return f"{self.Tenant}:{self.Account or self.Subject}"
