"""Route profiles made ready once: double routes resolved, filters compiled and parted by what they read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cgrd import Sorting
from cgrd.errors import Wrong
from cgrd.filters import Matcher
from cgrd.profiles import Change
from cgrd_subsystem_routes.kinds import Route, RouteProfile

if TYPE_CHECKING:
    from cgrd.services import Services

LATE = "~*vars."
"""Filters that read this look at what was computed for the route, so they are asked after that."""


class ReadyRoute(NamedTuple):
    """A route with the filters asked before its data are computed, and those asked afterwards."""

    route: Route
    early: Matcher
    late: Matcher


class ReadyProfiles:
    """The profiles made ready so far.

    Args:
        services: the filter language, the sortings, the tables.
    """

    def __init__(self, *, services: Services) -> None:
        self._services = services
        self._sortings = services.plugins.vocabulary("cgrd_sortings")
        self._routes: dict[str, list[ReadyRoute]] = {}
        services.profiles["RouteProfile"].watch(self._forget)
        services.profiles["Filter"].watch(self._forget_all)

    def _forget(self, change: Change) -> None:
        for key in (*change.put, *change.dropped):
            self._routes.pop(key, None)

    def _forget_all(self, change: Change) -> None:
        self._routes.clear()

    def sorting(self, profile: RouteProfile, default_ratio: int) -> Sorting:
        """The profile's order.

        Raises:
            Wrong: there is none by that name.
        """
        factory = self._sortings.get(profile.Sorting)
        if factory is None:
            known = " ".join(sorted(self._sortings))
            raise Wrong(f"unsupported sorting strategy: {profile.Sorting}", explain=f"profile {profile.ID}: Sorting is one of {known}")
        made: Sorting = factory(parameters=profile.SortingParameters or (), default_ratio=default_ratio)
        return made

    def routes(self, profile: RouteProfile) -> list[ReadyRoute]:
        """The profile's routes.

        Raises:
            CgrdError: a filter does not compile.
        """
        key = f"{profile.Tenant}:{profile.ID}"
        found = self._routes.get(key)
        if found is None:
            found = self._routes[key] = [self._ready(profile.Tenant, route) for route in profile.Routes or ()]
        return found

    def _ready(self, tenant: str, route: Route) -> ReadyRoute:
        ids = route.FilterIDs or []
        late = [id for id in ids if self._is_late(tenant, id)]
        compiled = self._services.filters.compile
        return ReadyRoute(route, compiled(tenant, [id for id in ids if id not in late]), compiled(tenant, late))

    def _is_late(self, tenant: str, id: str) -> bool:
        record: Any = self._services.filters.compile_filter(tenant, id).record
        return record is not None and any(LATE in text for rule in record.Rules or () for text in (rule.Element, *(rule.Values or ())))
