"""RouteSv1: the routes for an event, profile by profile, best first.

Source: spec/tariffplans.md §12, spec/observed_events.md (Routes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from cgrd import AlteredEvent, CGREvent, EventArgs, Sorting, Subsystem, method
from cgrd.costs import CallCost
from cgrd.durations import MINUTE
from cgrd.errors import CgrdError, MandatoryMissing, NotFound, Prefixed, ServerError, Wrong
from cgrd.fields import Duration
from cgrd_subsystem_routes import figures
from cgrd_subsystem_routes.kinds import RouteProfile
from cgrd_subsystem_routes.options import Asked, profile_count, read_options
from cgrd_subsystem_routes.ready import ReadyProfiles, ReadyRoute
from cgrd_subsystem_routes.sortings import Data
from cgrd_subsystem_routes.wire import SortedRoute, SortedRoutes

if TYPE_CHECKING:
    from cgrd.services import Services


class RouteS(Subsystem, section="routes"):
    """Who can carry a call, and in which order they are tried."""

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        super().__init__(services=services, config=config)
        self.ready = ReadyProfiles(services=services)

    async def matching(self, event: CGREvent) -> list[RouteProfile]:
        """The profiles for the event, best weight first.

        Raises:
            NotFound: there are none.
            CgrdError: a filter cannot be asked.
        """
        found: list[RouteProfile] = await self.services.profiles["RouteProfile"].matching_after_fetch(
            {"*req": event.Event, "*opts": event.options()},
            tenant=event.Tenant,
            at=event.Time,
        )
        if not found:
            raise NotFound(explain=f"no route profile of tenant {event.Tenant} matches; load Routes.csv or use APIerSv1.SetRouteProfile")
        return found

    @method("RouteSv1.GetRoutes")
    async def get_routes(self, args: EventArgs) -> list[SortedRoutes]:
        """The routes of each profile that matches.

        Raises:
            MandatoryMissing: no event.
            NotFound: no profile, or none with a route left.
            ServerError: what else prevents it.
        """
        event = args.event(self.services.default_tenant)
        if self.linked("attributes"):
            event = await self._with_attributes(event)
        if "Usage" not in event.Event:
            event = replace(event, Event={**event.Event, "Usage": Duration(MINUTE)})
        try:
            return await self._sorted(event)
        except CgrdError as error:
            raise ServerError.unless_known(error) from error

    @method("RouteSv1.GetRoutesList")
    async def get_routes_list(self, args: EventArgs) -> list[str]:
        """The same as a list of `route` or `route:parameters`."""
        found = await self.get_routes(args)
        return [f"{each.RouteID}:{each.RouteParameters}" if each.RouteParameters else each.RouteID for some in found for each in some.Routes]

    @method("RouteSv1.GetRouteProfilesForEvent")
    async def profiles_for_event(self, args: EventArgs) -> list[RouteProfile]:
        """The profiles that match."""
        try:
            return await self.matching(args.event(self.services.default_tenant))
        except MandatoryMissing:
            raise
        except CgrdError as error:
            raise ServerError.unless_known(error) from error

    async def _with_attributes(self, event: CGREvent) -> CGREvent:
        options = event.options()
        context = options.get("*context") or self.config["opts"]["*context"]
        lent = {**options, "*subsys": "*routes", "*context": context}
        asked = replace(event, APIOpts=lent)
        try:
            changed: AlteredEvent | None = await self.call_or_none("attributes", "AttributeSv1.ProcessEvent", asked, AlteredEvent)
        except CgrdError as error:
            raise Prefixed("ROUTES_ERROR", error) from error
        if changed is None or not changed.AlteredFields:
            return event
        return CGREvent(Tenant=changed.Tenant or event.Tenant, ID=event.ID, Time=event.Time, Event=changed.Event, APIOpts=changed.APIOpts)

    async def _sorted(self, event: CGREvent) -> list[SortedRoutes]:
        profiles = await self.matching(event)
        defaults, options = self.config["opts"], event.options()
        most = profile_count(options, defaults)
        asked = read_options(options, defaults)
        if asked.event_cost:
            asked = await self._at_event_cost(asked, event)
        found: list[SortedRoutes] = []
        skip, told = asked.offset, 0
        for profile in profiles:
            # Limit and offset count the routes that a profile has, before its filters, as recorded.
            count = len(profile.Routes or ())
            if asked.limit is not None and told >= asked.limit:
                break
            if skip >= count and skip:
                skip -= count
                continue
            limit = asked.limit - told if asked.limit is not None and told + count > asked.limit else None
            routes = part(await self._routes(profile, event, asked), skip, limit)
            skip = 0
            if routes:
                told += len(routes)
                found.append(SortedRoutes(profile.ID, profile.Sorting, routes))
                if len(found) == most:
                    break
        if not found:
            raise NotFound(explain="profiles match, but none of their routes passes filters, limits and costs")
        return found

    async def _at_event_cost(self, asked: Asked, event: CGREvent) -> Asked:
        """The options with the event's own cost as the most that a route may cost."""
        fields = event.Event
        for name in ("Account", "Destination", "SetupTime"):
            if name not in fields:
                raise MandatoryMissing(name)
        if not fields.get("Category"):
            raise Wrong("RATING_PLAN_NOT_FOUND", explain="*event_cost asks what the event costs by its own tariff, and it names no Category")
        start = figures.moment(fields["SetupTime"], self)
        usage = figures.usage_of(event)
        call = {
            "Tenant": event.Tenant, "Category": fields["Category"], "Account": str(fields["Account"]),
            "Subject": str(fields.get("Subject", fields["Account"])), "Destination": str(fields["Destination"]),
            "ToR": str(fields.get("ToR", "*voice")), "TimeStart": start, "TimeEnd": start.plus(usage), "DurationIndex": usage,
        }  # fmt: skip
        cost: CallCost = await self.call("rals", "Responder.GetCost", call, CallCost)
        return msgspec.structs.replace(asked, max_cost=cost.Cost or None)

    async def _routes(self, profile: RouteProfile, event: CGREvent, asked: Asked) -> list[SortedRoute]:
        """The routes of a profile that pass its filters, best first."""
        roots = {"*req": event.Event, "*opts": event.options()}
        passing: dict[str, ReadyRoute] = {}
        for ready in self.ready.routes(profile):
            before = passing.get(ready.route.ID)
            if (before is None or before.route.Weight < ready.route.Weight) and await ready.early.passes_after_fetch(roots):
                passing[ready.route.ID] = ready
        sorting = self.ready.sorting(profile, int(self.config["default_ratio"]))
        found = []
        for ready in passing.values():
            sorting.check(ready.route)
            data = await self._data(ready, event, sorting, asked)
            if data is not None:
                found.append(SortedRoute(ready.route.ID, ready.route.RouteParameters, data))
        # Equal ones by id, so that the answer is always the same.
        return sorted(found, key=lambda each: (*sorting.key(each.SortingData), -each.SortingData["Weight"], each.RouteID))

    async def _data(self, ready: ReadyRoute, event: CGREvent, sorting: Sorting, asked: Asked) -> Data | None:
        """What is known of a route; None when it is out."""
        try:
            data = await self._known(ready, event, sorting)
        except CgrdError as error:
            if not asked.ignore_errors:
                raise
            self.services.log("routes").warning("route left out", route=ready.route.ID, event_id=event.ID, error=str(error))
            return None
        if asked.max_cost is not None and data.get("Cost", 0) > asked.max_cost:
            return None
        roots = {"*req": event.Event, "*opts": event.options(), "*vars": {**data, "SortingData": data}}
        return data if await ready.late.passes_after_fetch(roots) else None

    async def _known(self, ready: ReadyRoute, event: CGREvent, sorting: Sorting) -> Data:
        route = ready.route
        data: Data = {"Weight": route.Weight}
        if route.AccountIDs or route.RatingPlanIDs:
            data.update(await figures.cost(self, event, route))
        if route.StatIDs and sorting.sums_stats:
            data["Load"] = await figures.load(self, event.Tenant, route)
        elif route.StatIDs:
            data.update(await figures.metrics(self, event.Tenant, route))
        if route.ResourceIDs:
            data["ResourceUsage"] = await figures.resources(self, event.Tenant, route)
        sorting.complete(route, data)
        return data


def part(routes: list[SortedRoute], skip: int, limit: int | None) -> list[SortedRoute]:
    """The routes behind the first `skip`, `limit` of them; an offset behind the end leaves all, as recorded."""
    if skip <= len(routes):
        routes = routes[skip:]
    return routes if limit is None else routes[:limit]
