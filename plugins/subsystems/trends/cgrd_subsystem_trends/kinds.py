"""Trends.csv: how metrics of a statistics queue go over time."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from cgrd.profiles import DURATION, FLAG, INTEGER, LIST, NUMBER, Api, Kind, TpApi, column


class TrendProfile(msgspec.Struct):
    """When to read which metrics of which queue, and what they are compared with. TTL in ns; Tolerance in percent."""

    Tenant: str = ""
    ID: str = ""
    Schedule: str = ""
    StatID: str = ""
    Metrics: list[str] = []
    TTL: int = 0
    QueueLength: int = 0
    MinItems: int = 0
    CorrelationType: str = ""
    Tolerance: Decimal = Decimal(0)
    Stored: bool = False
    ThresholdIDs: list[str] = []


TREND_PROFILE = Kind(
    name="TrendProfile",
    record=TrendProfile,
    file="Trends.csv",
    model="TrendMdl",
    order=160,
    columns=(
        column("Tenant"),
        column("ID"),
        column("Schedule"),
        column("StatID"),
        column("Metrics", LIST),
        column("TTL", DURATION),
        column("QueueLength", INTEGER),
        column("MinItems", INTEGER),
        column("CorrelationType"),
        column("Tolerance", NUMBER),
        column("Stored", FLAG),
        column("ThresholdIDs", LIST),
    ),
    cache="*trend_profiles",
    caches=("*trends",),
    api=Api(noun="TrendProfile", ids=False),
    tp=TpApi(noun="Trend", ids="TrendIDs"),
    docs="Trends of metrics.",
)

KINDS = [TREND_PROFILE]
