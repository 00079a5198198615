"""Rating plans out of the lines of a tariff plan."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

import msgspec

from cgrd.codec import encode
from cgrd.costs import RITiming
from cgrd_subsystem_rals.rating.records import DestinationRate, RatingPlan, RPRate


class PlanLine(NamedTuple):
    """A line of RatingPlans.csv with what its tags name."""

    rates: Iterable[DestinationRate]
    timing: RITiming
    weight: Decimal


def rating_plan(plan_id: str, lines: Iterable[PlanLine]) -> RatingPlan:
    """A plan out of its lines; what lines share is held once, a line that is there already is dropped. End times do not hold in rating."""
    plan = RatingPlan(Id=plan_id, Timings={}, Ratings={}, DestinationRates={})
    for line in lines:
        timing = msgspec.structs.replace(line.timing, EndTime="")
        timing_tag = tag_of(timing)
        for rate in line.rates:
            rating_tag = tag_of(rate.rating)
            plan.Timings[timing_tag] = timing
            plan.Ratings[rating_tag] = rate.rating
            known = plan.DestinationRates.setdefault(rate.destination, [])
            entry = RPRate(Timing=timing_tag, Rating=rating_tag, Weight=line.weight)
            if entry not in known:
                known.append(entry)
    return plan


def tag_of(record: msgspec.Struct) -> str:
    """Eight hex digits that name a timing or rating by its content."""
    return hashlib.sha1(encode(record), usedforsecurity=False).hexdigest()[:8]
