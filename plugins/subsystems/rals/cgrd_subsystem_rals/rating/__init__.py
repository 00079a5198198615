"""Rating: which rate a call falls under, where the rate changes within it, and what it costs. No I/O."""

from cgrd_subsystem_rals.rating.book import RatingBook
from cgrd_subsystem_rals.rating.errors import MaxUsageExceeded, RatingPlanNotFound, UnauthorizedDestination
from cgrd_subsystem_rals.rating.getcost import compress_spans, cost_by_plan, cost_of
from cgrd_subsystem_rals.rating.policy import RatingPolicy
from cgrd_subsystem_rals.rating.records import (
    Destination,
    DestinationRate,
    RatingPlan,
    RatingPlanActivation,
    RatingProfile,
    RPRate,
    profile_key,
)
from cgrd_subsystem_rals.rating.spans import rated_spans
from cgrd_subsystem_rals.rating.timings import Calendar

__all__ = [
    "Calendar",
    "Destination",
    "DestinationRate",
    "MaxUsageExceeded",
    "RPRate",
    "RatingBook",
    "RatingPlan",
    "RatingPlanActivation",
    "RatingPlanNotFound",
    "RatingPolicy",
    "RatingProfile",
    "UnauthorizedDestination",
    "compress_spans",
    "cost_by_plan",
    "cost_of",
    "profile_key",
    "rated_spans",
]
