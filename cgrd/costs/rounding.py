"""A part of a cost and the rounding of its tariff: what is to be settled with whoever paid it.

Source: spec/rating.md §7 (PerformRounding), §10.
"""

from __future__ import annotations

from decimal import Decimal

from cgrd.costs.calls import DebitInfo, Increment, TimeSpan
from cgrd.money import round_decimal


def rounding_of(span: TimeSpan, cost: Decimal) -> Increment | None:
    """What a span lacks of its tariff's rounding (above 0) or has too much, with the balance of money that paid first.

    Args:
        span: the span as it was paid; not changed.
        cost: its price in all.

    Returns:
        None: the span is round, has no tariff, or was not paid with money.
    """
    rating = span.RateInterval.Rating if span.RateInterval else None
    runs = span.runs()
    payer = runs[0].BalanceInfo if runs else None
    if rating is None or payer is None or payer.Monetary is None:
        return None
    correction = round_decimal(cost, rating.RoundingDecimals, rating.RoundingMethod) - cost
    if not correction:
        return None
    return Increment(Cost=correction, BalanceInfo=DebitInfo(Monetary=payer.Monetary, AccountID=payer.AccountID), CompressFactor=1)
