"""Thresholds.csv: what is done when events of a sort have come often enough."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from cgrd.profiles import DURATION, FLAG, INTEGER, INTERVAL, LIST, NUMBER, ActivationInterval, Api, FilterIndex, Kind, TpApi, column


class ThresholdProfile(msgspec.Struct):
    """Counts events that pass its filters and runs actions. MaxHits -1 = for ever; MinSleep in ns between two firings."""

    Tenant: str = ""
    ID: str = ""
    FilterIDs: list[str] = []
    ActivationInterval: ActivationInterval | None = None
    MaxHits: int = 0
    MinHits: int = 0
    MinSleep: int = 0
    Blocker: bool = False
    Weight: Decimal = Decimal(0)
    ActionIDs: list[str] = []
    Async: bool = False
    EeIDs: list[str] = []


THRESHOLD_PROFILE = Kind(
    name="ThresholdProfile",
    record=ThresholdProfile,
    file="Thresholds.csv",
    model="ThresholdMdl",
    order=180,
    columns=(
        column("Tenant"),
        column("ID"),
        column("FilterIDs", LIST),
        column("ActivationInterval", INTERVAL),
        column("MaxHits", INTEGER, first=True),
        column("MinHits", INTEGER, first=True),
        column("MinSleep", DURATION, first=True),
        column("Blocker", FLAG, first=True),
        column("Weight", NUMBER),
        column("ActionIDs", LIST),
        column("Async", FLAG, first=True),
        column("EeIDs", LIST),
    ),
    cache="*threshold_profiles",
    caches=("*thresholds",),
    api=Api(noun="ThresholdProfile", count=True),
    tp=TpApi(noun="Threshold", ids="ThresholdIDs"),
    index=FilterIndex(item_type="*thresholds", section="thresholds"),
    docs="Actions on repeated events.",
)

KINDS = [THRESHOLD_PROFILE]
