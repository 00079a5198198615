"""The profile and the pools that an event is given an address from. The profile found for an allocation is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cgrd import CGREvent
from cgrd.errors import NotFound
from cgrd.profiles import Change
from cgrd_subsystem_ips.kinds import IPPool, IPProfile

if TYPE_CHECKING:
    from cgrd.services import Services

MOST_REMEMBERED = 100_000


class Finder:
    """Finds profiles and pools.

    Args:
        services: whose table of IPProfile and filter language.
    """

    def __init__(self, *, services: Services) -> None:
        self._table = services.profiles["IPProfile"]
        self._filters = services.filters
        self._services = services
        self._remembered: dict[str, str] = {}
        self._table.watch(self._changed)

    def _changed(self, change: Change) -> None:
        self._remembered.clear()

    async def profile(self, event: CGREvent, allocation_id: str) -> IPProfile:
        """The profile of the greatest weight that matches; the one remembered for the allocation, where it still does.

        Raises:
            NotFound: none matches. An allocation that the index knew no profile for is refused until profiles change.
        """
        tenant = event.Tenant or self._services.default_tenant
        key = f"{tenant}:{allocation_id}"
        known = self._remembered.get(key)
        found: list[IPProfile] = []
        if known != "":
            at, ids = event.Time, [known] if known else None
            found = await self._table.matching_after_fetch(roots_of(event), tenant=tenant, ids=ids, at=at)
        if not found:
            self._forget(key, roots_of(event), tenant, known)
            raise NotFound(explain=f"no IP profile of tenant {tenant} matches the event")
        self._remember(key, found[0].ID)
        return found[0]

    def _forget(self, key: str, roots: dict[str, Any], tenant: str, known: str | None) -> None:
        index = self._table.index
        if known:
            del self._remembered[key]
        elif known is None and index is not None and not index.candidates(roots, tenant, None):
            self._remember(key, "")

    def _remember(self, key: str, id: str) -> None:
        self._remembered[key] = id
        if len(self._remembered) > MOST_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]

    async def pools(self, profile: IPProfile, event: CGREvent) -> list[IPPool]:
        """The profile's pools whose filters pass, best weight first, none behind a blocker.

        Raises:
            NotFound: no pool passes.
        """
        found: list[IPPool] = []
        for pool in sorted(profile.Pools, key=lambda pool: -pool.Weight):
            if await self._filters.compile(profile.Tenant, pool.FilterIDs).passes_after_fetch(roots_of(event)):
                found.append(pool)
                if pool.Blocker:
                    break
        if not found:
            raise NotFound(explain=f"no pool of IP profile {profile.Tenant}:{profile.ID} passes the event")
        return found


def roots_of(event: CGREvent) -> dict[str, Any]:
    """The event as filters read it."""
    return {"*req": event.Event, "*opts": event.options()}
