"""Arguments and answers of RouteSv1, with the wire's names."""

from __future__ import annotations

from typing import Any

import msgspec


class SortedRoute(msgspec.Struct):
    """A route with what decided about its place."""

    RouteID: str
    RouteParameters: str
    SortingData: dict[str, Any]


class SortedRoutes(msgspec.Struct):
    """The routes of a profile, in the order in which they should be tried."""

    ProfileID: str
    Sorting: str
    Routes: list[SortedRoute]


class Usage(msgspec.Struct):
    """Units of a resource that are in use."""

    Units: int | float = 0


class Resource(msgspec.Struct):
    """A resource as ResourceS shows it."""

    Usages: dict[str, Usage] | None = None
