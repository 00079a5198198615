"""The cost of a volume of data, in units instead of times."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from cgrd.costs.calls import CallCost, DebitInfo, TimeSpan
from cgrd.costs.rates import RateInterval
from cgrd.money import ZERO


class DataIncrement(msgspec.Struct, kw_only=True):
    """A run of equal amounts."""

    Amount: Decimal = ZERO
    Cost: Decimal = ZERO
    BalanceInfo: DebitInfo | None = None
    CompressFactor: int = 0


class DataSpan(msgspec.Struct, kw_only=True):
    """A part of the volume under one rate, counted from its first unit."""

    DataStart: Decimal = ZERO
    DataEnd: Decimal = ZERO
    Cost: Decimal = ZERO
    RateInterval: RateInterval | None = None
    DataIndex: Decimal = ZERO
    Increments: list[DataIncrement] = []
    MatchedSubject: str = ""
    MatchedPrefix: str = ""
    MatchedDestId: str = ""
    RatingPlanId: str = ""


class DataCost(msgspec.Struct, kw_only=True):
    """A CallCost told in units."""

    Category: str = ""
    Tenant: str = ""
    Subject: str = ""
    Account: str = ""
    Destination: str = ""
    ToR: str = ""
    Cost: Decimal = ZERO
    DataSpans: list[DataSpan] = []


def data_cost(cost: CallCost) -> DataCost:
    """The same cost with units in place of times."""
    start = cost.spans()[0].TimeStart.ns if cost.spans() else 0
    return DataCost(
        Category=cost.Category,
        Tenant=cost.Tenant,
        Subject=cost.Subject,
        Account=cost.Account,
        Destination=cost.Destination,
        ToR=cost.ToR,
        Cost=cost.Cost,
        DataSpans=[_data_span(span, start) for span in cost.spans()],
    )


def _data_span(span: TimeSpan, start: int) -> DataSpan:
    return DataSpan(
        DataStart=Decimal(span.TimeStart.ns - start),
        DataEnd=Decimal(span.TimeEnd.ns - start),
        Cost=span.Cost,
        RateInterval=span.RateInterval,
        DataIndex=Decimal(span.DurationIndex),
        Increments=[DataIncrement(Amount=Decimal(i.Duration), Cost=i.Cost, BalanceInfo=i.BalanceInfo, CompressFactor=i.factor) for i in span.runs()],
        MatchedSubject=span.MatchedSubject,
        MatchedPrefix=span.MatchedPrefix,
        MatchedDestId=span.MatchedDestId,
        RatingPlanId=span.RatingPlanId,
    )
