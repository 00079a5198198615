"""Stories of RouteS, told to a daemon in memory; what RouteS asks of RALs is answered as the test says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from cgrd import served_as
from cgrd.errors import NotFound, ServerError
from cgrd.kernel import Kernel
from cgrd.testing import call, kernel_in_memory

SECTIONS: dict[str, Any] = {
    "routes": {"enabled": True, "stats_conns": ["*internal"], "resources_conns": ["*internal"], "rals_conns": ["*internal"]},
    "stats": {"enabled": True},
    "resources": {"enabled": True},
    "rals": {"enabled": True},
    "apiers": {"enabled": True},
}
CALL = {"Account": "1001", "Destination": "+49", "SetupTime": "2024-01-01T00:00:00Z", "Usage": "1m"}


class Rals:
    """What RouteS asks of RALs."""

    costs = {"CHEAP": Decimal("0.1"), "DEAR": Decimal(2), "MIDDLE": Decimal(1)}

    def cost(self, args: dict[str, Any]) -> dict[str, Any]:
        for plan in args["RatingPlanIDs"]:
            if plan in self.costs:
                return {"Cost": self.costs[plan], "RatingPlanID": plan}
        raise NotFound()

    def usage(self, args: dict[str, Any]) -> dict[str, Any]:
        return {"MaxUsage": 30_000_000_000, "Cost": 0, "Account": args["AccountIDs"][0]}


@asynccontextmanager
async def kernel_with_rals() -> AsyncIterator[Kernel]:
    async with kernel_in_memory(SECTIONS) as kernel:
        rals = Rals()
        for name, handler in (("GetCostOnRatingPlans", rals.cost), ("GetMaxSessionTimeOnAccounts", rals.usage)):
            kernel.house.graph.methods[f"Responder.{name}"] = served_as(f"Responder.{name}", handler, owner="rals", args=dict[str, Any])
        yield kernel


async def profile(kernel: Kernel, id: str, sorting: str, *routes: dict[str, Any], **more: Any) -> None:
    await call(kernel, "APIerSv1.SetRouteProfile", ID=id, Sorting=sorting, Routes=list(routes), **more)


async def listed(kernel: Kernel, fields: dict[str, Any] = CALL, **options: Any) -> list[str]:
    given = {f"*rou{name}": value for name, value in options.items()}
    found: list[str] = await call(kernel, "RouteSv1.GetRoutesList", ID="e", Event=fields, APIOpts=given)
    return found


async def test_the_heaviest_route_is_first_and_parameters_are_told() -> None:
    async with kernel_with_rals() as kernel:
        await profile(kernel, "RP", "*weight", {"ID": "a", "Weight": 1}, {"ID": "b", "Weight": 2, "RouteParameters": "sip:b"}, {"ID": "a", "Weight": 3})
        assert await listed(kernel) == ["a", "b:sip:b"]


async def test_routes_are_ordered_by_cost() -> None:
    async with kernel_with_rals() as kernel:
        routes = [{"ID": id, "RatingPlanIDs": [plan]} for id, plan in (("d", "DEAR"), ("c", "CHEAP"), ("m", "MIDDLE"))]
        await profile(kernel, "RP", "*lc", *routes)
        assert await listed(kernel) == ["c", "m", "d"]
        await profile(kernel, "RP", "*hc", *routes)
        assert await listed(kernel) == ["d", "m", "c"]
        assert await listed(kernel, MaxCost="1.5") == ["m", "c"]
        with pytest.raises(ServerError, match="ParseFloat"):
            await listed(kernel, MaxCost="x")


async def test_an_account_pays_first_and_plans_the_rest() -> None:
    async with kernel_with_rals() as kernel:
        await profile(kernel, "RP", "*lc", {"ID": "a", "AccountIDs": ["SUP"], "RatingPlanIDs": ["DEAR"]})
        (found,) = await call(kernel, "RouteSv1.GetRoutes", ID="e", Event=CALL)
        assert found["Routes"][0]["SortingData"] == {"Weight": 0, "MaxUsage": 30_000_000_000, "Cost": 2, "Account": "SUP", "RatingPlanID": "DEAR"}
        (found,) = await call(kernel, "RouteSv1.GetRoutes", ID="e", Event={**CALL, "Usage": "30s"})
        assert "RatingPlanID" not in found["Routes"][0]["SortingData"]


async def test_a_route_without_price_fails_the_request_unless_errors_are_ignored() -> None:
    async with kernel_with_rals() as kernel:
        await profile(kernel, "RP", "*lc", {"ID": "a", "RatingPlanIDs": ["NOPE"]}, {"ID": "b", "RatingPlanIDs": ["CHEAP"]})
        with pytest.raises(ServerError, match="UNAUTHORIZED_DESTINATION"):
            await listed(kernel)
        assert await listed(kernel, IgnoreErrors=True) == ["b"]


async def test_quality_goes_by_the_parameters_in_order() -> None:
    async with kernel_with_rals() as kernel:
        for id, events in {"A": (("1s", 10), ("3s", 20)), "B": (("1s", 20),), "C": (("4s", 90),)}.items():
            metrics = [{"MetricID": "*pdd"}, {"MetricID": "*sum#~*req.N"}]
            await call(
                kernel, "APIerSv1.SetStatQueueProfile", ID=id, FilterIDs=[f"*string:~*req.S:{id}"], QueueLength=9, Metrics=metrics, ThresholdIDs=["*none"]
            )
            for number, (delay, n) in enumerate(events):
                await call(kernel, "StatSv1.ProcessEvent", ID=f"e{number}", Event={"S": id, "PDD": delay, "N": n})
        routes = [{"ID": id.lower(), "StatIDs": [id]} for id in "ABC"]
        await profile(kernel, "RP", "*qos", *routes, SortingParameters=["*pdd"])
        assert await listed(kernel) == ["b", "a", "c"]
        await profile(kernel, "RP", "*qos", *routes, SortingParameters=["*sum#~*req.N", "*pdd"])
        assert await listed(kernel) == ["c", "a", "b"]
        await profile(kernel, "RP", "*load", *[{**route, "StatIDs": [f"{route['StatIDs'][0]}:*sum#~*req.N"]} for route in routes],
                      SortingParameters=["c:9", "*default:1"])  # fmt: skip
        assert await listed(kernel) == ["c", "b", "a"]


async def test_routes_are_ordered_by_the_use_of_resources() -> None:
    async with kernel_with_rals() as kernel:
        for id, units in (("A", 2), ("B", 1)):
            await call(kernel, "APIerSv1.SetResourceProfile", ID=id, FilterIDs=[f"*string:~*req.S:{id}"], UsageTTL=-1, Limit=9, ThresholdIDs=["*none"])
            await call(kernel, "ResourceSv1.AllocateResources", ID="e", Event={"S": id}, APIOpts={"*rsUsageID": id, "*rsUnits": units})
        routes = [{"ID": "a", "ResourceIDs": ["A"]}, {"ID": "b", "ResourceIDs": ["NOPE", "B"]}]
        await profile(kernel, "RP", "*reas", *routes)
        assert await listed(kernel) == ["b", "a"]
        await profile(kernel, "RP", "*reds", *routes)
        assert await listed(kernel) == ["a", "b"]


async def test_filters_may_read_what_was_computed() -> None:
    async with kernel_with_rals() as kernel:
        routes = [{"ID": plan, "RatingPlanIDs": [plan], "FilterIDs": ["*lt:~*vars.Cost:1.5"]} for plan in ("CHEAP", "DEAR", "MIDDLE")]
        await profile(kernel, "RP", "*lc", *routes)
        assert await listed(kernel) == ["CHEAP", "MIDDLE"]
        await profile(kernel, "RP", "*lc", *[{**route, "FilterIDs": ["*gt:~*vars.SortingData.Cost:1.5"]} for route in routes])
        assert await listed(kernel) == ["DEAR"]


async def test_limit_offset_and_number_of_profiles() -> None:
    async with kernel_with_rals() as kernel:
        for weight in (3, 2, 1):
            await profile(kernel, f"RP{weight}", "*weight", *[{"ID": f"{weight}{each}", "Weight": 9 - each} for each in (1, 2)], Weight=weight)
        assert await listed(kernel) == ["31", "32", "21", "22", "11", "12"]
        assert await listed(kernel, Limit=3) == ["31", "32", "21"]
        assert await listed(kernel, Offset=3) == ["22", "11", "12"]
        assert await listed(kernel, Offset=1, Limit=2) == ["32", "21"]
        assert await listed(kernel, ProfileCount=2) == ["31", "32", "21", "22"]
        with pytest.raises(NotFound):
            await listed(kernel, Limit=0)


async def test_what_an_order_needs() -> None:
    async with kernel_with_rals() as kernel:
        for sorting, error in (("*lc", "RatingPlanIDs or AccountIDs"), ("*reas", "ResourceIDs"), ("*load", "StatIDs"), ("*nope", "unsupported sorting")):
            await profile(kernel, "RP", sorting, {"ID": "a"})
            with pytest.raises(ServerError, match=error):
                await listed(kernel)


async def test_a_changed_filter_is_seen_at_once() -> None:
    async with kernel_with_rals() as kernel:
        rule = {"Type": "*string", "Element": "~*req.Account", "Values": ["1001"]}
        await call(kernel, "APIerSv1.SetFilter", ID="F", Rules=[rule])
        await profile(kernel, "RP", "*weight", {"ID": "a", "FilterIDs": ["F"]}, {"ID": "b"})
        assert await listed(kernel) == ["a", "b"]
        await call(kernel, "APIerSv1.SetFilter", ID="F", Rules=[{**rule, "Values": ["1002"]}])
        assert await listed(kernel) == ["b"]
        await call(kernel, "APIerSv1.SetFilter", ID="F", Rules=[{"Type": "*gt", "Element": "~*vars.Weight", "Values": ["-1"]}])
        assert await listed(kernel) == ["a", "b"]
