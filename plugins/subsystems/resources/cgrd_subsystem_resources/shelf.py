"""All resources of the daemon in memory, every usage kept in the store as a record of its own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from cgrd.codec import decode, encode
from cgrd.profiles import Change, ProfileTable
from cgrd_subsystem_resources.usage import Resource, Usage

if TYPE_CHECKING:
    from cgrd.services import Services
    from cgrd.store import Transaction

KIND = "resource"


class _Kept(msgspec.Struct):
    """A usage in the store; a record each, so that a change costs the same however many there are."""

    Tenant: str
    Resource: str
    Usage: Usage


class Shelf:
    """The resources by key (`tenant:id`); changes are made inside a transaction and undone when it fails.

    Args:
        services: store, clock, and the table of ResourceProfile; what it held before is read at once.
    """

    def __init__(self, *, services: Services) -> None:
        self._store = services.store
        self._clock = services.clock
        self._resources: dict[str, Resource] = {}
        table: ProfileTable = services.profiles["ResourceProfile"]
        for _, data in self._store.scan(KIND):
            kept = decode(data, _Kept)
            if f"{kept.Tenant}:{kept.Resource}" in table:
                self._of(kept.Tenant, kept.Resource).take(kept.Usage)
        table.watch(self._profiles_changed)

    def _of(self, tenant: str, id: str) -> Resource:
        resource = self._resources.get(f"{tenant}:{id}")
        if resource is None:
            resource = self._resources[f"{tenant}:{id}"] = Resource(tenant, id)
        return resource

    def of(self, tenant: str, id: str) -> Resource:
        """The resource, what has expired let go."""
        resource = self._of(tenant, id)
        gone = list(resource.expired(self._clock.now_ns()))
        if gone:
            with self._store.transaction(why="resource usages expired") as tx:
                for usage in gone:
                    tx.delete(KIND, _key(resource, usage.ID))
        return resource

    def take(self, tx: Transaction, resource: Resource, usage: Usage) -> None:
        """Hold a usage."""
        old = resource.take(usage)
        tx.put(KIND, _key(resource, usage.ID), encode(_Kept(resource.tenant, resource.id, usage)))
        tx.on_rollback(partial(_back, resource, usage.ID, old))

    def give(self, tx: Transaction, resource: Resource, id: str) -> bool:
        """Let a usage go; whether there was one."""
        old = resource.give(id)
        if old is None:
            return False
        tx.delete(KIND, _key(resource, id))
        tx.on_rollback(partial(_back, resource, id, old))
        return True

    def _profiles_changed(self, change: Change) -> None:
        for key in change.dropped:
            resource = self._resources.pop(key, None)
            if resource is not None and resource.usages:
                with self._store.transaction(why="resource removed") as tx:
                    for id in resource.usages:
                        tx.delete(KIND, _key(resource, id))


def _key(resource: Resource, usage_id: str) -> str:
    return f"{resource.tenant}:{resource.id}:{usage_id}"


def _back(resource: Resource, id: str, old: Usage | None) -> None:
    if old is None:
        resource.give(id)
    else:
        resource.take(old)
