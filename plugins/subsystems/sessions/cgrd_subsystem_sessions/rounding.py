"""At the end of a session the tariff's rounding: what each part of the cost lacks or has too much, to be settled with the balance that paid it.

Pure. Source: spec/rating.md §7 (PerformRounding), §10.
"""

from __future__ import annotations

from msgspec.structs import replace

from cgrd import Instant
from cgrd.costs import CallCost, DebitInfo, EventCost, Increment, TimeSpan, call_cost_of, event_cost
from cgrd.money import ZERO, round_decimal


def rounded(cost: EventCost, *, tor: str, decimals: int) -> tuple[EventCost, list[Increment]]:
    """The cost rounded as its tariffs say, and the corrections to be taken (above 0) or given back, one for each part that money paid.

    A cost of nothing began at no time.
    """
    if not cost.charges():
        return replace(cost, StartTime=Instant.ZERO), []
    told = call_cost_of(cost, tor=tor)
    spans = [_rounded(span) for span in told.spans()]
    corrections = [span.RoundIncrement for span, before in zip(spans, told.spans(), strict=True) if span is not before and span.RoundIncrement]
    if not corrections:
        return cost, []
    return _as_event_cost(cost, replace(told, Timespans=spans), decimals), corrections


def _rounded(span: TimeSpan) -> TimeSpan:
    rating = span.RateInterval.Rating if span.RateInterval else None
    payer = span.runs()[0].BalanceInfo if span.runs() else None
    if rating is None or payer is None or payer.Monetary is None or span.RoundIncrement is not None:
        return span
    total = sum((run.total for run in span.runs()), ZERO) * span.factor
    correction = round_decimal(total, rating.RoundingDecimals, rating.RoundingMethod) - total
    if not correction:
        return span
    info = DebitInfo(Monetary=payer.Monetary, AccountID=payer.AccountID)
    return replace(span, RoundIncrement=Increment(Cost=correction, BalanceInfo=info, CompressFactor=1))


def _as_event_cost(cost: EventCost, told: CallCost, decimals: int) -> EventCost:
    made = event_cost(told, cgrid=cost.CGRID, run_id=cost.RunID, decimals=decimals)
    return replace(made, AccountSummary=cost.AccountSummary, StartTime=cost.StartTime)
