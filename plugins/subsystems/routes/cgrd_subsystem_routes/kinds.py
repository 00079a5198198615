"""Routes.csv: who can carry a call, and in which order they are tried."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from cgrd.profiles import (
    FLAG,
    INTERVAL,
    LIST,
    NUMBER,
    ActivationInterval,
    Api,
    FilterIndex,
    Items,
    Kind,
    Refused,
    Scope,
    TpApi,
    column,
    suggested,
)


class Route(msgspec.Struct):
    """One way out, with what its cost, load or quality is read from."""

    ID: str = ""
    FilterIDs: list[str] = []
    AccountIDs: list[str] = []
    RatingPlanIDs: list[str] = []
    ResourceIDs: list[str] = []
    StatIDs: list[str] = []
    Weight: Decimal = Decimal(0)
    Blocker: bool = False
    RouteParameters: str = ""


class RouteProfile(msgspec.Struct):
    """Routes and how they are sorted."""

    Tenant: str = ""
    ID: str = ""
    FilterIDs: list[str] = []
    ActivationInterval: ActivationInterval | None = None
    Sorting: str = ""
    SortingParameters: list[str] = []
    Routes: list[Route] = []
    Weight: Decimal = Decimal(0)


_INTEGER = re.compile(r"[+-]?\d+\Z", re.ASCII)


def check(record: Any, scope: Scope) -> None:
    """The parameters of `*load` are `route:ratio`, the ratio a whole number.

    Raises:
        Refused: in the words of Go's Atoi.
    """
    if record.Sorting != "*load":
        return
    for parameter in record.SortingParameters:
        ratio = parameter.partition(":")[2]
        if not _INTEGER.match(ratio):
            text = f'strconv.Atoi: parsing "{ratio}": invalid syntax'
            raise Refused(text, explain=f"{parameter!r} in SortingParameters of *load: write route:ratio, the ratio a whole number")


def doubt(record: Any, scope: Scope) -> Iterator[str]:
    """A sorting that nobody knows fails when the routes are asked for."""
    from cgrd_subsystem_routes.sortings import SORTINGS  # not wanted before a plan is loaded

    known = SORTINGS.keys() | scope.words("cgrd_sortings")
    if record.Sorting not in known:
        yield f"there is no sorting <{record.Sorting}>; the routes will fail unless a plugin brings it{suggested(record.Sorting, known)}"


ROUTE_PROFILE = Kind(
    name="RouteProfile",
    record=RouteProfile,
    file="Routes.csv",
    model="RouteMdl",
    order=190,
    columns=(
        column("Tenant"),
        column("ID"),
        column("FilterIDs", LIST),
        column("ActivationInterval", INTERVAL),
        column("Sorting", words="Sortings"),
        column("SortingParameters", LIST),
        column("RouteID", into="ID", item="Routes"),
        column("RouteFilterIDs", LIST, into="FilterIDs", item="Routes"),
        column("RouteAccountIDs", LIST, into="AccountIDs", item="Routes"),
        column("RouteRatingplanIDs", LIST, into="RatingPlanIDs", item="Routes"),
        column("RouteResourceIDs", LIST, into="ResourceIDs", item="Routes"),
        column("RouteStatIDs", LIST, into="StatIDs", item="Routes"),
        column("RouteWeight", NUMBER, into="Weight", item="Routes"),
        column("RouteBlocker", FLAG, into="Blocker", item="Routes"),
        column("RouteParameters", item="Routes"),
        column("Weight", NUMBER),
    ),
    items=Items(field="Routes", key="RouteID", same=("RouteID", "RouteFilterIDs"), type=Route),
    cache="*route_profiles",
    api=Api(noun="RouteProfile"),
    tp=TpApi(noun="RouteProfile", ids="RouteProfileIDs"),
    doubt=doubt,
    index=FilterIndex(item_type="*routes", section="routes"),
    check=check,
    docs="Who can carry a call.",
)

KINDS = [ROUTE_PROFILE]
