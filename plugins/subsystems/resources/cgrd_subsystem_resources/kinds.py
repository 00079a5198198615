"""Resources.csv: things there are only so many of, such as calls at a time."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from cgrd.profiles import AMOUNT, DURATION, FLAG, INTERVAL, LIST, NUMBER, ActivationInterval, Api, FilterIndex, Kind, TpApi, column


class ResourceProfile(msgspec.Struct):
    """A limit on units in use at a time. UsageTTL in ns, -1 = a use never expires; a Limit below zero is none."""

    Tenant: str = ""
    ID: str = ""
    FilterIDs: list[str] = []
    ActivationInterval: ActivationInterval | None = None
    UsageTTL: int = 0
    Limit: Decimal = Decimal(0)
    AllocationMessage: str = ""
    Blocker: bool = False
    Stored: bool = False
    Weight: Decimal = Decimal(0)
    ThresholdIDs: list[str] = []


RESOURCE_PROFILE = Kind(
    name="ResourceProfile",
    record=ResourceProfile,
    file="Resources.csv",
    model="ResourceMdl",
    order=130,
    columns=(
        column("Tenant"),
        column("ID"),
        column("FilterIDs", LIST),
        column("ActivationInterval", INTERVAL),
        column("UsageTTL", DURATION),
        column("Limit", AMOUNT),
        column("AllocationMessage"),
        column("Blocker", FLAG),
        column("Stored", FLAG),
        column("Weight", NUMBER),
        column("ThresholdIDs", LIST),
    ),
    cache="*resource_profiles",
    caches=("*resources",),
    api=Api(noun="ResourceProfile"),
    tp=TpApi(noun="Resource", ids="ResourceIDs", mandatory=("ID", "Limit")),
    index=FilterIndex(item_type="*resources", section="resources"),
    docs="Limits on what may be in use at a time.",
)

KINDS = [RESOURCE_PROFILE]
