"""From a CallCost to an EventCost and back.

Source: spec/rating.md §8.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

import msgspec

from cgrd.costs.calls import CallCost, DebitInfo, Increment, MonetaryInfo, TimeSpan, UnitInfo
from cgrd.costs.event_cost import (
    NO_CHARGE,
    PAUSE,
    ROUNDING,
    BalanceCharge,
    ChargedTiming,
    ChargingIncrement,
    ChargingInterval,
    EventCost,
    RatingMatchedFilters,
    RatingUnit,
    name_of,
)
from cgrd.costs.rates import RateInterval, RGRate, RIRate, RITiming
from cgrd.instants import Instant
from cgrd.money import ONE, ZERO

_RATING, _ACCOUNTING, _FILTERS, _RATES, _TIMINGS = "abcde"


_Key = tuple[int, str, str, str, str]
"""A rate interval by identity, and by what it was found."""


class _Named(NamedTuple):
    """The records of one rate under their names. `interval` is held so that its identity stays its own."""

    interval: RateInterval
    name: str
    rating: dict[str, RatingUnit]
    rates: dict[str, list[RGRate]]
    timings: dict[str, ChargedTiming]


_first_named: dict[int, _Named] = {}
_MOST_KNOWN = 2_048


def event_cost(cost: CallCost, *, cgrid: str = "", run_id: str = "", decimals: int = 5) -> EventCost:
    """The EventCost of a rated or debited call, computed; the call's cost is not changed."""
    spans = cost.spans()
    made = EventCost(
        CGRID=cgrid,
        RunID=run_id,
        StartTime=spans[0].TimeStart if spans else Instant.ZERO,
        AccountSummary=cost.AccountSummary,
    )
    made.Charges = charges_of(spans, named_in=made)
    return made.compute(decimals)


def charges_of(spans: Iterable[TimeSpan], *, named_in: EventCost) -> list[ChargingInterval]:
    """What spans become in an EventCost: their charges; the records that these name are added to the cost's maps, which are changed."""
    writer = _Writer(named_in)
    for span in spans:
        writer.add(span)
    return writer.charges


class _Writer:
    """Writes charges and names records; remembers what it has named, so that a span like the last one costs nothing."""

    def __init__(self, cost: EventCost) -> None:
        self.charges: list[ChargingInterval] = []
        self.rating_named = cost.Rating = cost.Rating or {}
        self.accounting_named = cost.Accounting = cost.Accounting or {}
        self.filters_named = cost.RatingFilters = cost.RatingFilters or {}
        self.rates_named = cost.Rates = cost.Rates or {}
        self.timings_named = cost.Timings = cost.Timings or {}
        self.seen: dict[_Key, str] = {}

    def add(self, span: TimeSpan) -> None:
        rating_id = self.rating(span, span.RateInterval)
        runs = [
            ChargingIncrement(Usage=run.Duration, Cost=run.Cost, AccountingID=self.accounting(span, run), CompressFactor=run.CompressFactor or 1)
            for run in span.Increments or ()
        ]
        charge = ChargingInterval(RatingID=rating_id, Increments=runs, CompressFactor=span.CompressFactor)
        if span.RoundIncrement is not None:
            self.add_rounding(charge, span.RoundIncrement)
        append_charge(self.charges, charge)

    def add_rounding(self, charge: ChargingInterval, run: Increment) -> None:
        info = run.BalanceInfo
        money = info.Monetary if info else None
        payer = BalanceCharge(
            AccountID=info.AccountID if info else "",
            BalanceUUID=money.UUID if money else "",
            RatingID=ROUNDING,
            Units=run.Cost,
            ExtraChargeID="",
        )
        accounting = name_of(self.accounting_named, payer, _ACCOUNTING)
        charge.runs().append(ChargingIncrement(Usage=0, Cost=run.Cost, AccountingID=accounting, CompressFactor=1))

    def rating(self, span: TimeSpan, interval: RateInterval | None) -> str:
        if interval is None:
            return ""
        key = (id(interval), span.MatchedSubject, span.MatchedPrefix, span.MatchedDestId, span.RatingPlanId)
        name = self.seen.get(key)
        if name is None:
            name = self.seen[key] = self.later_rating(span, interval) if self.rating_named else self.first_rating(span, interval)
        return name

    def first_rating(self, span: TimeSpan, interval: RateInterval) -> str:
        """The same for the first one, whose names are always the same: they are kept for the next call at this rate, wherever it goes."""
        known = _first_named.get(id(interval))
        if known is None:
            if len(_first_named) >= _MOST_KNOWN:
                _first_named.clear()
            name = self.name_rating(span, interval)
            known = _Named(interval, name, self.rating_named.copy(), self.rates_named.copy(), self.timings_named.copy())
            _first_named[id(interval)] = known
            return name
        self.filters(span)
        self.rating_named.update(known.rating)
        self.rates_named.update(known.rates)
        self.timings_named.update(known.timings)
        return known.name

    def later_rating(self, span: TimeSpan, interval: RateInterval) -> str:
        """The same for any other one; a cost that grows is nearly always charged by the rate that it began with."""
        known = _first_named.get(id(interval))
        unit = self.rating_named.get(known.name) if known is not None else None
        if known is not None and unit is known.rating[known.name] and _tells_of(self.filters_named.get(unit.RatingFiltersID), span):
            return known.name
        return self.name_rating(span, interval)

    def name_rating(self, span: TimeSpan, interval: RateInterval) -> str:
        rating = interval.Rating or RIRate()
        unit = RatingUnit(
            ConnectFee=rating.ConnectFee,
            RoundingMethod=rating.RoundingMethod,
            RoundingDecimals=rating.RoundingDecimals,
            MaxCost=rating.MaxCost,
            MaxCostStrategy=rating.MaxCostStrategy,
            TimingID=self.timing(interval.Timing),
            RatesID=name_of(self.rates_named, rating.Rates or [], _RATES),
            RatingFiltersID=self.filters(span),
        )
        return name_of(self.rating_named, unit, _RATING)

    def timing(self, timing: RITiming | None) -> str:
        if timing is None:
            return ""
        charged = ChargedTiming(
            Years=timing.Years,
            Months=timing.Months,
            MonthDays=timing.MonthDays,
            WeekDays=timing.WeekDays,
            StartTime=timing.StartTime,
        )
        return name_of(self.timings_named, charged, _TIMINGS)

    def filters(self, span: TimeSpan) -> str:
        matched = RatingMatchedFilters(
            DestinationID=span.MatchedDestId,
            DestinationPrefix=span.MatchedPrefix,
            RatingPlanID=span.RatingPlanId,
            Subject=span.MatchedSubject,
        )
        return name_of(self.filters_named, matched, _FILTERS)

    def accounting(self, span: TimeSpan, run: Increment) -> str:
        info = run.BalanceInfo
        if info is None or (info.Unit is None and info.Monetary is None):
            return ""
        money = self.money_charge(span, run, info, info.Monetary) if info.Monetary else ""
        if info.Unit is None:
            return money
        unit = info.Unit
        charge = BalanceCharge(
            AccountID=info.AccountID,
            BalanceUUID=unit.UUID,
            RatingID=self.rating(span, unit.RateInterval),
            Units=unit.Consumed,
            BalanceFactor=unit.Factor if unit.Factor not in (ZERO, ONE) else msgspec.UNSET,
            ExtraChargeID=money or NO_CHARGE,
        )
        return name_of(self.accounting_named, charge, _ACCOUNTING)

    def money_charge(self, span: TimeSpan, run: Increment, info: DebitInfo, money: MonetaryInfo) -> str:
        charge = BalanceCharge(
            AccountID=info.AccountID,
            BalanceUUID=money.UUID,
            RatingID=self.rating(span, money.RateInterval) if money.RateInterval is not None else "",
            Units=run.Cost,
            ExtraChargeID="",
        )
        return name_of(self.accounting_named, charge, _ACCOUNTING)


def _tells_of(matched: RatingMatchedFilters | None, span: TimeSpan) -> bool:
    """Whether this is what `_Writer.filters` would write of a span."""
    return (
        matched is not None
        and matched.DestinationPrefix == span.MatchedPrefix
        and matched.DestinationID == span.MatchedDestId
        and matched.RatingPlanID == span.RatingPlanId
        and matched.Subject == span.MatchedSubject
    )


def append_charge(charges: list[ChargingInterval], charge: ChargingInterval) -> None:
    """Add a charge behind the others, or count it into the last one when that is equal."""
    last = charges[-1] if charges else None
    if last is not None and charge.Increments and last.RatingID == charge.RatingID and last.Increments == charge.Increments:
        last.CompressFactor = last.factor + charge.factor
    else:
        charges.append(charge)


def payer_of(cost: EventCost, accounting_id: str) -> DebitInfo:
    """The balances behind an accounting id, as an increment names them.

    An accounting entry does not say of what kind its balance is; a unit charge always carries an extra charge.
    """
    known = cost.Accounting or {}
    charge = known.get(accounting_id)
    if charge is None:
        return DebitInfo()
    if not charge.ExtraChargeID:
        return DebitInfo(Monetary=MonetaryInfo(UUID=charge.BalanceUUID, ID=_balance_id(cost, charge)), AccountID=charge.AccountID)
    extra = known.get(charge.ExtraChargeID)
    money = MonetaryInfo(UUID=extra.BalanceUUID, ID=_balance_id(cost, extra)) if extra else None
    unit = UnitInfo(UUID=charge.BalanceUUID, Consumed=charge.Units, Factor=charge.factor, ID=_balance_id(cost, charge))
    return DebitInfo(Unit=unit, Monetary=money, AccountID=charge.AccountID)


def _balance_id(cost: EventCost, charge: BalanceCharge) -> str:
    summary = cost.balance(charge.BalanceUUID)
    return summary.ID if summary else ""


PAID_ONLY = "*paidOnly"
"""Option of a refund: what the ledger does not know the call to have paid is not given back; who asks has the cost from others."""


def refundable(cost: EventCost) -> list[Increment]:
    """The increments that somebody paid, as `Responder.RefundIncrements` takes them: one per run, however long."""
    return [
        Increment(
            Duration=run.Usage,
            Cost=run.Cost,
            BalanceInfo=payer_of(cost, run.AccountingID),
            CompressFactor=run.factor * charge.factor,
        )
        for charge in cost.charges()
        for run in charge.runs()
        if run.AccountingID and run.AccountingID != PAUSE
    ]


def call_cost_of(cost: EventCost, *, tor: str) -> CallCost:
    """The CallCost that an EventCost tells of."""
    at = cost.StartTime
    spans: list[TimeSpan] = []
    for charge in cost.charges():
        span = _span_of(cost, charge, at)
        at = span.TimeEnd
        spans.append(span)
    return CallCost(
        ToR=tor,
        Cost=cost.Cost if cost.Cost is not None else ZERO,
        Timespans=spans,
        RatedUsage=Decimal(cost.usage()),
        AccountSummary=cost.AccountSummary,
    )


def _span_of(cost: EventCost, charge: ChargingInterval, start: Instant) -> TimeSpan:
    rating = (cost.Rating or {}).get(charge.RatingID) or RatingUnit()
    matched = (cost.RatingFilters or {}).get(rating.RatingFiltersID) or RatingMatchedFilters()
    runs = [Increment(Duration=run.Usage, Cost=run.Cost, BalanceInfo=payer_of(cost, run.AccountingID), CompressFactor=run.factor) for run in charge.runs()]
    rounding = runs.pop() if runs and _is_rounding(cost, charge.runs()[-1]) else None
    return TimeSpan(
        TimeStart=start,
        TimeEnd=start.plus(charge.usage() * charge.factor),
        Cost=sum((run.total_cost for run in charge.runs()), ZERO) * charge.factor,
        RateInterval=_interval_of(cost, rating) if charge.RatingID in (cost.Rating or {}) else None,
        Increments=runs,
        RoundIncrement=rounding,
        MatchedSubject=matched.Subject,
        MatchedPrefix=matched.DestinationPrefix,
        MatchedDestId=matched.DestinationID,
        RatingPlanId=matched.RatingPlanID,
        CompressFactor=charge.factor,
    )


def _is_rounding(cost: EventCost, run: ChargingIncrement) -> bool:
    charge = (cost.Accounting or {}).get(run.AccountingID)
    return charge is not None and charge.RatingID == ROUNDING


def _interval_of(cost: EventCost, rating: RatingUnit) -> RateInterval:
    timing = (cost.Timings or {}).get(rating.TimingID)
    return RateInterval(
        Timing=RITiming(
            Years=timing.Years,
            Months=timing.Months,
            MonthDays=timing.MonthDays,
            WeekDays=timing.WeekDays,
            StartTime=timing.StartTime,
        )
        if timing
        else None,
        Rating=RIRate(
            ConnectFee=rating.ConnectFee,
            RoundingMethod=rating.RoundingMethod,
            RoundingDecimals=rating.RoundingDecimals,
            MaxCost=rating.MaxCost,
            MaxCostStrategy=rating.MaxCostStrategy,
            Rates=(cost.Rates or {}).get(rating.RatesID, []),
        ),
    )
