"""At the end of a session the tariff's rounding: what each part of the cost lacks or has too much, to be settled with the balance that paid it.

Pure. Source: spec/rating.md §7 (PerformRounding), §10.
"""

from __future__ import annotations

from msgspec.structs import replace

from cgrd import Instant
from cgrd.costs import CallCost, ChargingInterval, EventCost, Increment, TimeSpan, call_cost_of, event_cost, rounding_of
from cgrd.money import ZERO, round_decimal


def rounded(cost: EventCost, *, tor: str, decimals: int) -> tuple[EventCost, list[Increment]]:
    """The cost rounded as its tariffs say, and the corrections to be taken (above 0) or given back, one for each part that money paid.

    A cost of nothing began at no time.
    """
    charges = cost.charges()
    if not charges:
        return replace(cost, StartTime=Instant.ZERO), []
    if all(_is_round(cost, charge) for charge in charges):
        return cost, []
    told = call_cost_of(cost, tor=tor)
    spans = [_rounded(span) for span in told.spans()]
    corrections = [span.RoundIncrement for span, before in zip(spans, told.spans(), strict=True) if span is not before and span.RoundIncrement]
    if not corrections:
        return cost, []
    return _as_event_cost(cost, replace(told, Timespans=spans), decimals), corrections


def _is_round(cost: EventCost, charge: ChargingInterval) -> bool:
    tariff = (cost.Rating or {}).get(charge.RatingID)
    if tariff is None:
        return True
    paid = charge.sums()[1] * charge.factor
    return round_decimal(paid, tariff.RoundingDecimals, tariff.RoundingMethod) == paid


def _rounded(span: TimeSpan) -> TimeSpan:
    if span.RoundIncrement is not None:
        return span
    rounding = rounding_of(span, sum((run.total for run in span.runs()), ZERO) * span.factor)
    return span if rounding is None else replace(span, RoundIncrement=rounding)


def _as_event_cost(cost: EventCost, told: CallCost, decimals: int) -> EventCost:
    made = event_cost(told, cgrid=cost.CGRID, run_id=cost.RunID, decimals=decimals)
    return replace(made, AccountSummary=cost.AccountSummary, StartTime=cost.StartTime)
