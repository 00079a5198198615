"""Rating plans made ready for looking up: for each destination a tuple of tables."""

from __future__ import annotations

from decimal import Context, Decimal
from functools import lru_cache
from typing import NamedTuple

import msgspec

from cgrd.costs import RateInterval, RGRate, RIRate, RITiming
from cgrd.durations import SECOND
from cgrd.money import ZERO, round_decimal
from cgrd_subsystem_rals.rating.records import RatingPlan, RPRate
from cgrd_subsystem_rals.rating.timings import Calendar

_WIDE = Context(prec=60)


class Slot(NamedTuple):
    """What usage costs from `start` of it on: `value` for each `unit`, taken in steps of `increment` (ns or units)."""

    start: int
    increment: int
    value: Decimal
    unit: int


@lru_cache(65_536)
def span_cost(slot: Slot, count: int, decimals: int) -> Decimal:
    """What `count` increments of a slot cost as one span, rounded."""
    exact = _WIDE.divide(_WIDE.multiply(slot.value, Decimal(count * slot.increment)), Decimal(slot.unit))
    return round_decimal(exact, decimals, "*middle")


@lru_cache(65_536)
def increment_cost(slot: Slot, count: int, decimals: int) -> Decimal:
    """What each of `count` increments of a span costs: the span's rounded cost in equal parts, rounded again.

    So the price of an increment can differ by a last digit between spans of different length, as recorded answers show.
    """
    return round_decimal(_WIDE.divide(span_cost(slot, count, decimals), Decimal(count)), decimals, "*middle")


class RateTable:
    """A rate interval ready for use; shared by every call under it and never changed."""

    __slots__ = ("calendar", "connect_fee", "disconnects", "free_beyond", "interval", "is_capped", "rating", "slots", "starts", "weight")

    def __init__(self, interval: RateInterval) -> None:
        self.rating = _without_zero_steps(interval.Rating or RIRate())
        self.interval = RateInterval(Timing=interval.Timing, Rating=self.rating, Weight=interval.Weight)
        self.calendar = Calendar(interval.Timing or RITiming())
        self.weight = interval.Weight
        self.slots = tuple(_slot(rate) for rate in self.rating.Rates or ())
        self.starts = tuple(sorted(slot.start for slot in self.slots if slot.start > 0))
        self.connect_fee = self.rating.ConnectFee
        capped = self.rating.MaxCost if self.rating.MaxCost > 0 else None
        self.free_beyond = capped if self.rating.MaxCostStrategy == "*free" else None
        self.disconnects = capped if self.rating.MaxCostStrategy == "*disconnect" else None
        self.is_capped = self.free_beyond is not None or self.disconnects is not None

    def slot_at(self, usage: int) -> Slot:
        """The slot in force when `usage` has been consumed: the last that starts at or before it; before the first, the first."""
        found = None
        for slot in self.slots:
            if slot.start <= usage:
                found = slot
        return found or (self.slots[0] if self.slots else _FREE)


_FREE = Slot(start=0, increment=SECOND, value=ZERO, unit=SECOND)


def _slot(rate: RGRate) -> Slot:
    return Slot(start=rate.GroupIntervalStart, increment=rate.RateIncrement, value=rate.Value, unit=rate.RateUnit)


def _without_zero_steps(rating: RIRate) -> RIRate:
    """The rating with a second for every increment and unit of 0; costs show what was used."""
    rates = rating.Rates or []
    if all(rate.RateIncrement and rate.RateUnit for rate in rates):
        return rating
    mended = [msgspec.structs.replace(rate, RateIncrement=rate.RateIncrement or SECOND, RateUnit=rate.RateUnit or SECOND) for rate in rates]
    return msgspec.structs.replace(rating, Rates=mended)


Tables = tuple[RateTable, ...]


class PlanTables:
    """The tables of a rating plan by destination, in the plan's order. Each is made when it is first asked for, so a plan of any size is
    ready at once; destinations whose lines are the same share theirs."""

    def __init__(self, plan: RatingPlan) -> None:
        self._plan = plan
        # By the list that lines stand in: destinations of a loaded plan share it, and a plan that is in force is never changed.
        self._of: dict[int, Tables] = {}
        self._shared: dict[tuple[tuple[str, str, Decimal], ...], Tables] = {}
        self.unbound = all(Calendar(timing).unbound for timing in plan.Timings.values())
        """Whether every rate of it holds always."""

    def of(self, destination: str) -> Tables | None:
        """The tables of a destination, None when the plan does not know it."""
        rates = self._plan.DestinationRates.get(destination)
        return None if rates is None else self._of.get(id(rates)) or self._made(rates)

    def _made(self, rates: list[RPRate]) -> Tables:
        key = tuple([(rate.Timing, rate.Rating, rate.Weight) for rate in rates])
        made = self._shared.get(key)
        if made is None:
            timings, ratings = self._plan.Timings, self._plan.Ratings
            made = self._shared[key] = tuple(
                RateTable(RateInterval(Timing=timings.get(timing), Rating=ratings.get(rating), Weight=weight)) for timing, rating, weight in key
            )
        self._of[id(rates)] = made
        return made
