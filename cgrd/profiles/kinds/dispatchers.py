"""DispatcherProfiles.csv and DispatcherHosts.csv: which daemon serves a request, and how it is reached."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from cgrd.profiles.cells import DURATION, FLAG, INTEGER, INTERVAL, LIST, NUMBER, ActivationInterval, Cell, join_list, split_list
from cgrd.profiles.kind import Api, FilterIndex, Items, Kind, TpApi, column


class DispatcherHostProfile(msgspec.Struct):
    """A host as a profile uses it."""

    ID: str = ""
    FilterIDs: list[str] = []
    Weight: Decimal = Decimal(0)
    Params: dict[str, Any] = {}
    Blocker: bool = False


class DispatcherProfile(msgspec.Struct):
    """Where requests of some subsystems go."""

    Tenant: str = ""
    ID: str = ""
    Subsystems: list[str] = []
    FilterIDs: list[str] = []
    ActivationInterval: ActivationInterval | None = None
    Strategy: str = ""
    StrategyParams: dict[str, Any] = {}
    Weight: Decimal = Decimal(0)
    Hosts: list[DispatcherHostProfile] = []


class DispatcherHost(msgspec.Struct):
    """A daemon that serves requests; times in ns."""

    Tenant: str = ""
    ID: str = ""
    Address: str = ""
    Transport: str = ""
    ConnectAttempts: int = 0
    Reconnects: int = 0
    MaxReconnectInterval: int = 0
    ConnectTimeout: int = 0
    ReplyTimeout: int = 0
    TLS: bool = False
    ClientKey: str = ""
    ClientCertificate: str = ""
    CaCertificate: str = ""


def _by_position(values: list[str], _: Any) -> dict[str, Any]:
    return {str(at): value for at, value in enumerate(values)}


def _by_name(values: list[str], _: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for at, text in enumerate(values):
        name, colon, value = text.partition(":")
        found[name if colon else str(at)] = value if colon else text
    return found


def _named(params: dict[str, Any]) -> list[str]:
    return [str(value) if name == str(at) else f"{name}:{value}" for at, (name, value) in enumerate(params.items())]


def _values(params: dict[str, Any]) -> list[str]:
    return [str(value) for value in params.values()]


POSITIONS = Cell(word="list by `;`", row_type=list[str], zero=None, read=split_list, write=join_list, many=True, build=_by_position, unbuild=_values)
PARAMETERS = Cell(word="`key:value` list by `;`", row_type=list[str], zero=None, read=split_list, write=join_list, many=True, build=_by_name, unbuild=_named)
TRANSPORT = Cell(word="`*json`, `*gob` or `*http_jsonrpc`", build=lambda text, _: text or "*json")

DISPATCHER_PROFILE = Kind(
    name="DispatcherProfile",
    record=DispatcherProfile,
    file="DispatcherProfiles.csv",
    model="DispatcherProfileMdl",
    order=220,
    columns=(
        column("Tenant"),
        column("ID"),
        column("Subsystems", LIST),
        column("FilterIDs", LIST),
        column("ActivationInterval", INTERVAL),
        column("Strategy"),
        column("StrategyParameters", POSITIONS, into="StrategyParams"),
        column("ConnID", into="ID", item="Hosts"),
        column("ConnFilterIDs", LIST, into="FilterIDs", item="Hosts"),
        column("ConnWeight", NUMBER, into="Weight", item="Hosts"),
        column("ConnBlocker", FLAG, into="Blocker", item="Hosts"),
        column("ConnParameters", PARAMETERS, into="Params", item="Hosts"),
        column("Weight", NUMBER),
    ),
    items=Items(field="Hosts", key="ConnID", type=DispatcherHostProfile),
    cache="*dispatcher_profiles",
    api=Api(noun="DispatcherProfile", missing="DSP_PROFILE_NOT_FOUND"),
    tp=TpApi(noun="DispatcherProfile", ids="DispatcherProfileIDs"),
    index=FilterIndex(item_type="*dispatchers", section="dispatchers", contexts="Subsystems"),
    docs="Which hosts serve the requests of some subsystems, and how they are chosen.",
)

DISPATCHER_HOST = Kind(
    name="DispatcherHost",
    record=DispatcherHost,
    file="DispatcherHosts.csv",
    model="DispatcherHostMdl",
    order=230,
    columns=(
        column("Tenant"),
        column("ID"),
        column("Address"),
        column("Transport", TRANSPORT),
        column("ConnectAttempts", INTEGER),
        column("Reconnects", INTEGER),
        column("MaxReconnectInterval", DURATION),
        column("ConnectTimeout", DURATION),
        column("ReplyTimeout", DURATION),
        column("TLS", FLAG),
        column("ClientKey"),
        column("ClientCertificate"),
        column("CaCertificate"),
    ),
    cache="*dispatcher_hosts",
    api=Api(noun="DispatcherHost", missing="DSP_HOST_NOT_FOUND"),
    tp=TpApi(noun="DispatcherHost", ids="DispatcherHostIDs"),
    docs="How a daemon is reached.",
)
