"""Chargers.csv: the runs that an event is charged in, one record a run."""

from __future__ import annotations

import re
from decimal import Decimal

import msgspec

from cgrd.profiles import INTERVAL, LIST, NUMBER, ActivationInterval, Api, Cell, FilterIndex, Kind, TpApi, column, join_list


class ChargerProfile(msgspec.Struct):
    """A charger: events that pass its filters get a run with its RunID, changed by its attributes."""

    Tenant: str = ""
    ID: str = ""
    FilterIDs: list[str] = []
    ActivationInterval: ActivationInterval | None = None
    RunID: str = ""
    AttributeIDs: list[str] = []
    Weight: Decimal = Decimal(0)


_PART = re.compile(r"(?:<[^>]*>|[^;<]|<)+")


def split_attribute_ids(text: str) -> list[str]:
    """The attribute ids of a cell: neighbours that begin with `*` are one inline attribute list, `<...>` is never split."""
    found: list[str] = []
    for part in _PART.findall(text):
        if part.startswith("*") and found and found[-1].startswith("*"):
            found[-1] += f";{part}"
        else:
            found.append(part)
    return found


ATTRIBUTE_IDS = Cell(
    word="list by `;`; inline attributes stay together",
    row_type=list[str],
    zero=None,
    read=split_attribute_ids,
    write=join_list,
    many=True,
)

CHARGER_PROFILE = Kind(
    name="ChargerProfile",
    record=ChargerProfile,
    file="Chargers.csv",
    model="ChargerMdl",
    order=210,
    columns=(
        column("Tenant"),
        column("ID"),
        column("FilterIDs", LIST),
        column("ActivationInterval", INTERVAL),
        column("RunID"),
        column("AttributeIDs", ATTRIBUTE_IDS),
        column("Weight", NUMBER),
    ),
    cache="*charger_profiles",
    api=Api(noun="ChargerProfile"),
    tp=TpApi(noun="Charger", ids="ChargerIDs"),
    index=FilterIndex(item_type="*chargers", section="chargers"),
    docs="One record a run; every charger that matches an event makes one.",
)

KINDS = [CHARGER_PROFILE]
