"""What is known of a route: its cost, its metrics, the use of its resources; each asked of the subsystem that knows it.

Source: spec/tariffplans.md §12, spec/observed_events.md (Routes).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from cgrd import CGREvent, Instant
from cgrd.durations import MINUTE, parse_duration
from cgrd.errors import MandatoryMissing, NotFound, Wrong
from cgrd.fields import text_of
from cgrd.instants import parse_instant
from cgrd_subsystem_routes.kinds import Route
from cgrd_subsystem_routes.sortings import Data
from cgrd_subsystem_routes.wire import Resource

if TYPE_CHECKING:
    from cgrd_subsystem_routes.service import RouteS


async def cost(routes: RouteS, event: CGREvent, route: Route) -> Data:
    """What the event costs over the route: paid by one of its accounts as far as that goes, the rest by its rating plans.

    Raises:
        MandatoryMissing: the event has no Account, Destination or SetupTime.
        CgrdError: what RALs says.
    """
    asked = _call(routes, event)
    found: Data = {}
    usage, covered = asked["Usage"], 0
    if route.AccountIDs:
        found = await routes.call("rals", "Responder.GetMaxSessionTimeOnAccounts", {**asked, "AccountIDs": route.AccountIDs}, dict[str, Any])
        covered = int(found.get("MaxUsage", 0))
    if 0 < usage <= covered:
        return found
    rest = {**asked, "SetupTime": asked["SetupTime"].plus(covered), "Usage": usage - covered} if covered > 0 else asked
    args = {**rest, "Account": str(event.Event["Account"]), "RatingPlanIDs": route.RatingPlanIDs or []}
    try:
        return {**found, **await routes.call("rals", "Responder.GetCostOnRatingPlans", args, dict[str, Any])}
    except NotFound as error:
        # None of the plans is there, which is no "nothing found" of the whole request.
        raise Wrong("UNAUTHORIZED_DESTINATION", explain=error.explain) from error


def _call(routes: RouteS, event: CGREvent) -> dict[str, Any]:
    fields = event.Event
    for name in ("Account", "Destination", "SetupTime"):
        if name not in fields:
            raise MandatoryMissing(name, explain=f"a route's cost is asked, and the event has no {name}")
    return {
        "Tenant": event.Tenant,
        "Subject": text_of(fields.get("Subject", fields["Account"])),
        "Destination": text_of(fields["Destination"]),
        "SetupTime": moment(fields["SetupTime"], routes),
        "Usage": usage_of(event),
    }


def moment(value: Any, routes: RouteS) -> Instant:
    """A time of the event."""
    return value if isinstance(value, Instant) else parse_instant(text_of(value), zone=routes.services.zone, now=routes.services.clock.now())


def usage_of(event: CGREvent) -> int:
    """How long the event is meant to last, ns; a minute where it does not say."""
    value = event.Event.get("Usage")
    if value is None:
        return MINUTE
    return int(value) if isinstance(value, int) else parse_duration(text_of(value))


T = TypeVar("T")


async def _there(ids: Sequence[str], ask: Callable[[str], Awaitable[T]]) -> list[T]:
    """What is said of each; those that are not there are passed over, but for the last one, as recorded.

    Raises:
        NotFound: the last one is not there.
    """
    found, missing = [], None
    for id in ids:
        try:
            found.append(await ask(id))
            missing = None
        except NotFound as error:
            missing = error
    if missing is not None:
        raise missing
    return found


async def metrics(routes: RouteS, tenant: str, route: Route) -> Data:
    """The mean of each metric over the route's statistics that have it."""
    values: dict[str, list[Decimal]] = {}
    for numbers in await _there(route.StatIDs or (), partial(_numbers, routes, tenant)):
        for metric, value in numbers.items():
            values.setdefault(metric, []).append(Decimal(value))
    return {metric: sum(each, Decimal(0)) / len(each) for metric, each in values.items()}


async def _numbers(routes: RouteS, tenant: str, id: str) -> dict[str, Any]:
    found: dict[str, Any] = await routes.call("stats", "StatSv1.GetQueueFloatMetrics", {"Tenant": tenant, "ID": id}, dict[str, Any])
    return found


async def load(routes: RouteS, tenant: str, route: Route) -> Decimal:
    """The sum of the route's statistics (`SQ1`), or of one metric of each (`SQ1:*tcc`).

    Raises:
        Wrong: a statistic has no such metric.
    """
    return sum(await _there(route.StatIDs or (), partial(_load, routes, tenant)), Decimal(0))


async def _load(routes: RouteS, tenant: str, statistic: str) -> Decimal:
    id, _, metric = statistic.partition(":")
    found = await _numbers(routes, tenant, id)
    if not metric:
        return sum(found.values(), Decimal(0))
    if metric not in found:
        raise Wrong(f"<RouteS> error: NOT_FOUND metric {metric} for statID: {id}", explain=f"{id} has {', '.join(found)}")
    return Decimal(found[metric])


async def resources(routes: RouteS, tenant: str, route: Route) -> int | float:
    """Units in use of all the route's resources."""
    return sum(await _there(route.ResourceIDs or (), partial(_used, routes, tenant)))


async def _used(routes: RouteS, tenant: str, id: str) -> int | float:
    resource: Resource = await routes.call("resources", "ResourceSv1.GetResource", {"Tenant": tenant, "ID": id}, Resource)
    return sum(each.Units for each in (resource.Usages or {}).values())
