"""The price shapes on the wire: when a rate holds, what it costs, and in which steps.

Durations are nanoseconds (of data and messages: units), money is `Decimal`. None of these is changed once a tariff plan is loaded,
so every span of every call shares the plan's own object.

Source: spec/rating.md §1.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from cgrd.money import ZERO


class RITiming(msgspec.Struct, kw_only=True, gc=False):
    """When a rate holds; an empty list means any. `WeekDays` counts from Sunday = 0, times are `hh:mm:ss` on the call's own clock."""

    ID: str = ""
    Years: list[int] | None = []
    Months: list[int] | None = []
    MonthDays: list[int] | None = []
    WeekDays: list[int] | None = []
    StartTime: str = ""
    EndTime: str = ""


class RGRate(msgspec.Struct, kw_only=True, gc=False):
    """One slot of a rate: from `GroupIntervalStart` of usage on, `Value` is paid for each `RateUnit`, in steps of `RateIncrement`."""

    GroupIntervalStart: int = 0
    Value: Decimal = ZERO
    RateIncrement: int = 0
    RateUnit: int = 0


class RIRate(msgspec.Struct, kw_only=True, gc=False):
    """A rate with its connect fee, the rounding of the total, and the most a call may cost (`*free` or `*disconnect` beyond)."""

    ConnectFee: Decimal = ZERO
    RoundingMethod: str = ""
    RoundingDecimals: int = 0
    MaxCost: Decimal = ZERO
    MaxCostStrategy: str = ""
    Rates: list[RGRate] | None = []


class RateInterval(msgspec.Struct, kw_only=True, gc=False):
    """A rate bound to its time; among those active at once the highest weight holds."""

    Timing: RITiming | None = None
    Rating: RIRate | None = None
    Weight: Decimal = ZERO
