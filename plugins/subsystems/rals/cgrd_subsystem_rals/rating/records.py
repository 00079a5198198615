"""The stored forms of destinations, rating plans and rating profiles, with their wire names.

Source: spec/rating.md §1.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from cgrd.costs import RIRate, RITiming
from cgrd.instants import Instant
from cgrd.money import ZERO


class Destination(msgspec.Struct, kw_only=True):
    """A named set of number prefixes."""

    Id: str
    Prefixes: list[str] = []


class RPRate(msgspec.Struct, kw_only=True):
    """A line of a rating plan: tags of a timing and of a rating of the same plan, and the weight."""

    Timing: str
    Rating: str
    Weight: Decimal = ZERO


class RatingPlan(msgspec.Struct, kw_only=True):
    """Rates by destination; timings and ratings that lines share are held once, under tags."""

    Id: str
    Timings: dict[str, RITiming] = {}
    Ratings: dict[str, RIRate] = {}
    DestinationRates: dict[str, list[RPRate]] = {}


class DestinationRate(msgspec.Struct, kw_only=True):
    """One line of DestinationRates.csv, its rate looked up already."""

    destination: str
    rating: RIRate


class RatingPlanActivation(msgspec.Struct, kw_only=True):
    """From when on a plan holds for a rating profile, and whom to ask where it has no rate."""

    ActivationTime: Instant = Instant.ZERO
    RatingPlanId: str = ""
    FallbackKeys: list[str] | None = None


class RatingProfile(msgspec.Struct, kw_only=True):
    """The plans of a subject, in the order of their activation."""

    Id: str
    RatingPlanActivations: list[RatingPlanActivation] = []


def profile_key(tenant: str, category: str, subject: str) -> str:
    """The id of a rating profile: `*out:tenant:category:subject`."""
    return f"*out:{tenant}:{category}:{subject}"
