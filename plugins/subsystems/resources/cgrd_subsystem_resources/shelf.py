"""All resources of the daemon in memory, every usage kept in the store as a record of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cgrd.profiles import ProfileHoldings
from cgrd_subsystem_resources.usage import Resource, Usage

if TYPE_CHECKING:
    from cgrd.services import Services

KIND = "resource"


class _Kept(msgspec.Struct):
    """A usage in the store."""

    Tenant: str
    Resource: str
    Usage: Usage


class Shelf(ProfileHoldings[Resource, Usage]):
    """The resources by key (`tenant:id`).

    Args:
        services: store, clock, and the table of ResourceProfile.
    """

    def __init__(self, *, services: Services) -> None:
        self._clock = services.clock
        super().__init__(
            table=services.profiles["ResourceProfile"],
            store=services.store,
            kind=KIND,
            made=Resource,
            record=_Kept,
            opened=lambda kept: (kept.Tenant, kept.Resource, kept.Usage.ID, kept.Usage),
            stored=lambda resource, _, usage: _Kept(resource.tenant, resource.id, usage),
        )

    def of(self, tenant: str, id: str) -> Resource:
        """The resource, what has expired let go."""
        resource = self.holding(tenant, id)
        gone = list(resource.expired(self._clock.now_ns()))
        if gone:
            with self._store.transaction(why="resource usages expired") as tx:
                for usage_id in gone:
                    self.drop(tx, resource, usage_id)
        return resource
