"""IPs.csv: address pools that sessions are given addresses from."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from cgrd.profiles import DURATION, FLAG, INTERVAL, LIST, NUMBER, ActivationInterval, Api, FilterIndex, Items, Kind, column


class IPPool(msgspec.Struct):
    """A range of addresses, in CIDR notation, for events that pass its filters."""

    ID: str = ""
    FilterIDs: list[str] = []
    Type: str = ""
    Range: str = ""
    Strategy: str = ""
    Message: str = ""
    Weight: Decimal = Decimal(0)
    Blocker: bool = False


class IPProfile(msgspec.Struct):
    """Pools and for how long (ns) an address is kept."""

    Tenant: str = ""
    ID: str = ""
    FilterIDs: list[str] = []
    ActivationInterval: ActivationInterval | None = None
    Weight: Decimal = Decimal(0)
    TTL: int = 0
    Stored: bool = False
    Pools: list[IPPool] = []


IP_PROFILE = Kind(
    name="IPProfile",
    record=IPProfile,
    file="IPs.csv",
    model="IPMdl",
    order=140,
    columns=(
        column("Tenant"),
        column("ID"),
        column("FilterIDs", LIST),
        column("ActivationInterval", INTERVAL),
        column("TTL", DURATION),
        column("Stored", FLAG),
        column("Weight", NUMBER),
        column("PoolID", into="ID", item="Pools"),
        column("PoolFilterIDs", LIST, into="FilterIDs", item="Pools"),
        column("PoolType", into="Type", item="Pools"),
        column("PoolRange", into="Range", item="Pools"),
        column("PoolStrategy", into="Strategy", item="Pools"),
        column("PoolMessage", into="Message", item="Pools"),
        column("PoolWeight", NUMBER, into="Weight", item="Pools"),
        column("PoolBlocker", FLAG, into="Blocker", item="Pools"),
    ),
    items=Items(field="Pools", key="PoolID", type=IPPool),
    cache="*ip_profiles",
    caches=("*ips",),
    api=Api(noun="IPProfile"),
    index=FilterIndex(item_type="*ips", section="ips"),
    docs="Address pools.",
)

KINDS = [IP_PROFILE]
