"""The cost of a part of a session that is not charged."""

from __future__ import annotations

from cgrd.costs.event_cost import (
    PAUSE,
    BalanceCharge,
    ChargingIncrement,
    ChargingInterval,
    EventCost,
    RatingMatchedFilters,
    RatingUnit,
)
from cgrd.costs.rates import RGRate
from cgrd.instants import Instant
from cgrd.money import ZERO


def pause_cost(*, start: Instant, usage: int, account_key: str = "", cgrid: str = "", run_id: str = "") -> EventCost:
    """A free EventCost over `usage` (ns or units), all its records named `*pause`."""
    run = ChargingIncrement(Usage=usage, Cost=ZERO, AccountingID=PAUSE, CompressFactor=1)
    payer = BalanceCharge(AccountID=account_key, BalanceUUID="", RatingID=PAUSE, Units=ZERO, ExtraChargeID="")
    return EventCost(
        CGRID=cgrid,
        RunID=run_id,
        StartTime=start,
        Charges=[ChargingInterval(RatingID=PAUSE, Increments=[run], CompressFactor=1)],
        Rating={PAUSE: RatingUnit(RoundingMethod="*up", RoundingDecimals=5, RatesID=PAUSE, RatingFiltersID=PAUSE)},
        Accounting={PAUSE: payer},
        RatingFilters={PAUSE: RatingMatchedFilters(RatingPlanID=PAUSE)},
        Rates={PAUSE: [RGRate(RateIncrement=1, RateUnit=1)]},
        Timings={},
    ).compute()
