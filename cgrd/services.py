"""What the kernel offers to a component: one object, handed to each when it is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Any

import structlog

from cgrd.background import Background
from cgrd.instants import zone_of

if TYPE_CHECKING:
    from cgrd.cache import Cache
    from cgrd.clock import Clock
    from cgrd.component import Component
    from cgrd.config import Tree
    from cgrd.fields import Surroundings, Web
    from cgrd.filters import Filters
    from cgrd.flows import Stage
    from cgrd.graph import Graph
    from cgrd.plugins import Plugins
    from cgrd.profiles import Profiles
    from cgrd.store import Store

__all__ = [
    "Services",
]


@dataclass(kw_only=True)
class Services:
    """The kernel as a component sees it.

    Attributes:
        config: the whole checked configuration.
        graph: methods and edges; components call through `Component.call`.
        store: the money store.
        clock: the only source of time.
        caches: CacheS' partitions.
        filters: the filter language, with the resolvers of this daemon.
        profiles: a table per profile kind, by the kind's name.
        plugins: what is installed and loaded; gives vocabularies.
        flows: stages of every flow, in order.
        components: the running components by section.
        background: where work beside requests is started, once the daemon runs.
        node_id: this daemon among others (`general.node_id`).
    """

    config: Tree
    clock: Clock
    store: Store
    graph: Graph
    caches: Cache
    filters: Filters
    plugins: Plugins
    profiles: Profiles = field(default_factory=lambda: _no_profiles())
    flows: Mapping[str, tuple[Stage, ...]] = field(default_factory=dict)
    components: Mapping[str, Component] = field(default_factory=dict)
    background: Background = field(default_factory=Background)
    node_id: str = ""

    @cached_property
    def default_tenant(self) -> str:
        return str(self.config.general["default_tenant"])

    @cached_property
    def default_category(self) -> str:
        return str(self.config.general["default_category"])

    @cached_property
    def default_request_type(self) -> str:
        return str(self.config.general["default_request_type"])

    @cached_property
    def rounding_decimals(self) -> int:
        return int(self.config.general["rounding_decimals"])

    @cached_property
    def zone(self) -> tzinfo:
        """The zone of times that name none."""
        return zone_of(str(self.config.general["default_timezone"]))

    @property
    def web(self) -> Web:
        """The HTTP client of rules and fields that ask a web service."""
        return self.filters.context.web

    def template_context(self, timezone: str = "") -> Surroundings:
        """What templates of fields and request processors are compiled in (`compile_fields`, `compile_processors`); `timezone` of fields that name none."""
        from cgrd.fields import Surroundings

        general = self.config.general
        return Surroundings(
            filters=self.filters,
            tenant=self.default_tenant,
            templates=self.config.sections.get("templates", {}),
            separator=str(general["rsr_separator"]),
            timezone=timezone or str(general["default_timezone"]),
            rounding_decimals=self.rounding_decimals,
            web=self.web,
            resolvers=self.filters.context.resolvers,
        )

    def log(self, name: str) -> Any:
        """A structured logger of that name."""
        return structlog.get_logger(name)


def _no_profiles() -> Profiles:
    from cgrd.profiles import Profiles

    return Profiles(kinds=())
