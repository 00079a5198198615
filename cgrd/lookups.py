"""What the filter language asks of the rest: destinations, timings, and values that other subsystems hold."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from cgrd.component import Component
from cgrd.errors import NotFound
from cgrd.fields import add_converters, add_field_types
from cgrd.filters import FilterContext, Filters, FilterTypes
from cgrd.instants import zone_of
from cgrd.web import services_of, web_of

if TYPE_CHECKING:
    from cgrd.clock import Clock
    from cgrd.config import Tree
    from cgrd.plugins import Plugins
    from cgrd.profiles import Profiles
    from cgrd.services import Services


class FilterS(Component, section="filters"):
    """The edges of section `filters`: asks other subsystems for what a filter reads of them."""

    async def account(self, tenant: str, name: str) -> Any:
        """`~*accounts.<id>`: the account as APIerSv2.GetAccount tells it."""
        return await self.call("apiers", "APIerSv2.GetAccount", {"Tenant": tenant, "Account": name})

    async def resource(self, tenant: str, name: str) -> Any:
        """`~*resources.<id>`: the resource with its profile."""
        return await self.call("resources", "ResourceSv1.GetResourceWithConfig", {"Tenant": tenant, "ID": name})

    async def statistic(self, tenant: str, name: str) -> Any:
        """`~*stats.<id>`: the queue's metrics as numbers."""
        return await self.call("stats", "StatSv1.GetQueueFloatMetrics", {"Tenant": tenant, "ID": name})

    async def trend(self, tenant: str, name: str) -> Any:
        """`~*trends.<id>`: the trend's last values."""
        return await self.call("trends", "TrendSv1.GetTrendSummary", {"Tenant": tenant, "ID": name})

    async def ranking(self, tenant: str, name: str) -> Any:
        """`~*rankings.<id>`: the order of statistics."""
        return await self.call("rankings", "RankingSv1.GetRankingSummary", {"Tenant": tenant, "ID": name})


def filter_language(tree: Tree, profiles: Profiles, plugins: Plugins, clock: Clock) -> Filters:
    """The filter language of this daemon, widened by plugins.

    Raises:
        PluginError: a plugin gives a word that is there already.
    """
    types = FilterTypes()
    widen(types, plugins)

    def destinations(number: str) -> Collection[str]:
        side: Any = profiles["Destination"].side
        found: Collection[str] = side.ids_of(number)
        return found

    def timing(name: str) -> Any:
        try:
            profiles["Timing"].get("", name)
        except NotFound:
            return None
        return profiles["Timing"].compiled("", name)

    web = web_of(tree)
    context = FilterContext(
        now=clock.now, zone=zone_of(str(tree.general["default_timezone"])), destinations=destinations, timing=timing,
        web=web, services=services_of(tree, web, clock),
    )  # fmt: skip
    return Filters(context=context, types=types, lookup=profiles.filter)


def widen(types: FilterTypes, plugins: Plugins) -> None:
    """Take the words that plugins add: filter types, converters, field types; again after a reload that loaded another plugin.

    Raises:
        PluginError: a plugin gives a word that is there already.
    """
    add_converters(plugins.vocabulary("cgrd_converters"))
    add_field_types(plugins.vocabulary("cgrd_attribute_types"))
    types.add(plugins.vocabulary("cgrd_filter_types"))


def use_profiles(profiles: Profiles, filters: Filters, services: Services) -> None:
    """Connect the profile tables with the filter language, and the language with the subsystems that it reads."""
    asks = FilterS(services=services, config=services.config.sections["filters"])
    filters.context.resolvers.update(
        {"*accounts": asks.account, "*resources": asks.resource, "*stats": asks.statistic, "*trends": asks.trend, "*rankings": asks.ranking}
    )

    profiles.use(filters, sections=services.config.sections)
    profiles.vocabularies.update(
        {hook: frozenset(services.plugins.vocabulary(hook)) for hook in ("cgrd_metrics", "cgrd_sortings", "cgrd_action_types", "cgrd_attribute_types")}
    )
