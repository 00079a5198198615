"""Which resources an event uses. What the index found for a usage is remembered: what is given back is what was taken."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from cgrd import CGREvent
from cgrd.errors import NotFound
from cgrd.profiles import Change
from cgrd_subsystem_resources.kinds import ResourceProfile
from cgrd_subsystem_resources.shelf import Shelf
from cgrd_subsystem_resources.usage import Resource

if TYPE_CHECKING:
    from cgrd.services import Services


class Used(NamedTuple):
    """A resource that an event uses, and its profile."""

    profile: ResourceProfile
    resource: Resource


MOST_REMEMBERED = 100_000


class Finder:
    """Finds the resources of events.

    Args:
        services: whose table of ResourceProfile.
        shelf: the resources.
    """

    def __init__(self, *, services: Services, shelf: Shelf) -> None:
        self._table = services.profiles["ResourceProfile"]
        self._services = services
        self._shelf = shelf
        self._remembered: dict[str, list[str]] = {}
        self._table.watch(self._changed)

    async def used(self, event: CGREvent, usage_id: str, ttl_ns: int | None) -> list[Used]:
        """The resources of an event, best weight first, none behind a blocker. Between this and the next wait they stay as they are.

        Raises:
            NotFound: none matches.
        """
        tenant = event.Tenant or self._services.default_tenant
        roots = {"*req": event.Event, "*opts": event.options()}
        tried = self._tried(f"{tenant}:{usage_id}", roots, tenant)
        matching = self._table.matching_after_fetch(roots, tenant=tenant, ids=tried, at=event.Time) if tried else None
        profiles: list[ResourceProfile] = await matching if matching is not None else []
        if tried and not profiles:
            self._remembered.pop(f"{tenant}:{usage_id}", None)
        if not profiles:
            raise NotFound(explain=f"no resource of tenant {tenant} matches the event")
        return _until_blocker([self._in_use(profile, ttl_ns) for profile in profiles])

    def _tried(self, key: str, roots: dict[str, Any], tenant: str) -> list[str]:
        found = self._remembered.get(key)
        if found is None:
            found = self._remembered[key] = list(self._candidates(roots, tenant))
            if len(self._remembered) > MOST_REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
        return found

    def _in_use(self, profile: ResourceProfile, ttl_ns: int | None) -> Used:
        resource = self._shelf.of(profile.Tenant, profile.ID)
        resource.hold_for(profile.UsageTTL if ttl_ns is None else ttl_ns, asked=ttl_ns is not None)
        return Used(profile, resource)

    def _candidates(self, roots: dict[str, Any], tenant: str) -> Iterable[str]:
        index = self._table.index
        return index.candidates(roots, tenant, None) if index is not None else self._table.ids(tenant)

    def _changed(self, change: Change) -> None:
        self._remembered.clear()


def _until_blocker(used: list[Used]) -> list[Used]:
    end = next((at for at, each in enumerate(used, 1) if each.profile.Blocker), len(used))
    return used[:end]
