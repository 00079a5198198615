"""The orders in which routes are tried, by name. A sorting of another distribution (hook `cgrd_sortings`) is a `cgrd.Sorting` too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from cgrd import SortingFactory
from cgrd.errors import MandatoryMissing
from cgrd.vocabularies import RouteRow

Data = dict[str, Any]
"""What is known of a route: Weight, Cost, ResourceUsage, metrics by id, Load, Ratio …"""
Key = tuple[Any, ...]

# What stands for a delay that nobody has measured: the end of the reference's binary floats.
_NEVER = Decimal("1.7976931348623157e+308")


class Weight:
    """`*weight`: the heaviest first.

    Args:
        parameters: the profile's SortingParameters.
        default_ratio: `routes.default_ratio`, for `*load`.

    Attributes:
        sums_stats: whether the statistics of a route are summed to its Load, not shown one by one.
    """

    sums_stats = False

    def __init__(self, *, parameters: Sequence[str], default_ratio: int) -> None:
        self.parameters = parameters
        self.default_ratio = default_ratio

    def check(self, route: RouteRow) -> None:
        """Refuse a route that this order cannot place.

        Raises:
            MandatoryMissing: what it lacks.
        """

    def complete(self, route: RouteRow, data: Data) -> None:
        """Add what the order needs and the route's data do not have."""

    def key(self, data: Mapping[str, Any]) -> Key:
        """Routes are tried in ascending order of this; equal ones by weight."""
        return ()


class LeastCost(Weight):
    """`*lc`: the cheapest first."""

    def check(self, route: RouteRow) -> None:
        if not route.RatingPlanIDs and not route.AccountIDs:
            raise MandatoryMissing("RatingPlanIDs or AccountIDs", explain=f"route {route.ID} has neither, and this order goes by cost")

    def key(self, data: Mapping[str, Any]) -> Key:
        return (data.get("Cost", 0),)


class HighestCost(LeastCost):
    """`*hc`: the dearest first."""

    def key(self, data: Mapping[str, Any]) -> Key:
        return (-data.get("Cost", 0),)


class Quality(Weight):
    """`*qos`: the best metrics first, in the order of the parameters; higher is better, but for `*pdd`."""

    def complete(self, route: RouteRow, data: Data) -> None:
        if route.StatIDs:
            for metric in self.parameters:
                data.setdefault(metric, _NEVER if metric == "*pdd" else -1)

    def key(self, data: Mapping[str, Any]) -> Key:
        return tuple([data.get(metric, _NEVER) if metric == "*pdd" else -data.get(metric, -1) for metric in self.parameters])


class FewestUsed(Weight):
    """`*reas`: the least used resources first."""

    def check(self, route: RouteRow) -> None:
        if not route.ResourceIDs:
            raise MandatoryMissing("ResourceIDs", explain=f"route {route.ID} has none, and this order goes by the use of resources")

    def key(self, data: Mapping[str, Any]) -> Key:
        return (data.get("ResourceUsage", 0),)


class MostUsed(FewestUsed):
    """`*reds`: the most used resources first."""

    def key(self, data: Mapping[str, Any]) -> Key:
        return (-data.get("ResourceUsage", 0),)


class Load(Weight):
    """`*load`: the least load for its ratio first; parameters are `route:ratio` and `*default:ratio`, ratio 0 goes last."""

    sums_stats = True

    def __init__(self, *, parameters: Sequence[str], default_ratio: int) -> None:
        super().__init__(parameters=parameters, default_ratio=default_ratio)
        self.ratios = {route: int(ratio) for route, _, ratio in (each.partition(":") for each in parameters)}

    def check(self, route: RouteRow) -> None:
        if not route.StatIDs:
            raise MandatoryMissing("StatIDs", explain=f"route {route.ID} has none, and its load is what its statistics say")

    def complete(self, route: RouteRow, data: Data) -> None:
        data["Ratio"] = self.ratios.get(route.ID, self.ratios.get("*default", self.default_ratio))

    def key(self, data: Mapping[str, Any]) -> Key:
        ratio, load = data["Ratio"], data.get("Load", 0)
        return (1, Decimal(0)) if not ratio else (0, Decimal(load) / ratio)


SORTINGS: Final[dict[str, SortingFactory]] = {
    "*weight": Weight,
    "*lc": LeastCost,
    "*hc": HighestCost,
    "*qos": Quality,
    "*reas": FewestUsed,
    "*reds": MostUsed,
    "*load": Load,
}
"""Name → factory of `parameters` and `default_ratio`."""
