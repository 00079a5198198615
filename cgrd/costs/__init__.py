"""Costs: the wire shapes of rating and charging, shared by whoever rates, keeps a session or writes a CDR.

CallDescriptor asks, CallCost answers span by span, EventCost is what is kept. Increments are runs (`CompressFactor`) everywhere.
"""

from cgrd.costs.asking import MAIN_FIELDS, descriptor_of, duration_of, extra_fields, instant_of, requested_usage
from cgrd.costs.calls import (
    CallCost,
    CallDescriptor,
    DebitInfo,
    Increment,
    MonetaryInfo,
    RatingInfo,
    TimeSpan,
    UnitInfo,
    join_increments,
)
from cgrd.costs.changing import added, merge, trim
from cgrd.costs.charging import PAID_ONLY, call_cost_of, event_cost, payer_of, refundable
from cgrd.costs.data import DataCost, DataIncrement, DataSpan, data_cost
from cgrd.costs.event_cost import (
    BalanceCharge,
    ChargedTiming,
    ChargingIncrement,
    ChargingInterval,
    EventCost,
    RatingMatchedFilters,
    RatingUnit,
)
from cgrd.costs.paths import field
from cgrd.costs.pause import pause_cost
from cgrd.costs.rates import RateInterval, RGRate, RIRate, RITiming
from cgrd.costs.rounding import rounding_of
from cgrd.costs.summaries import AccountSummary, BalanceSummary
from cgrd.costs.told import told

__all__ = [
    "MAIN_FIELDS",
    "PAID_ONLY",
    "AccountSummary",
    "BalanceCharge",
    "BalanceSummary",
    "CallCost",
    "CallDescriptor",
    "ChargedTiming",
    "ChargingIncrement",
    "ChargingInterval",
    "DataCost",
    "DataIncrement",
    "DataSpan",
    "DebitInfo",
    "EventCost",
    "Increment",
    "MonetaryInfo",
    "RGRate",
    "RIRate",
    "RITiming",
    "RateInterval",
    "RatingInfo",
    "RatingMatchedFilters",
    "RatingUnit",
    "TimeSpan",
    "UnitInfo",
    "added",
    "call_cost_of",
    "data_cost",
    "descriptor_of",
    "duration_of",
    "event_cost",
    "extra_fields",
    "field",
    "instant_of",
    "join_increments",
    "merge",
    "pause_cost",
    "payer_of",
    "refundable",
    "requested_usage",
    "rounding_of",
    "told",
    "trim",
]
