"""What is in use of a resource: usages by id, their sum, and the one that expires next. No I/O.

Source: spec/tariffplans.md §6, spec/observed_events.md (Resources).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from cgrd import Instant
from cgrd_subsystem_resources.kinds import ResourceProfile


class Usage(msgspec.Struct, frozen=True):
    """Units held under an id, until ExpiryTime; the zero time is never."""

    Tenant: str = ""
    ID: str = ""
    ExpiryTime: Instant = Instant.ZERO
    Units: Decimal = Decimal(0)


class Shown(msgspec.Struct):
    """A resource as the API shows it; TTLIdx names the usages that expire, oldest first."""

    Tenant: str
    ID: str
    Usages: dict[str, Usage]
    TTLIdx: list[str]


class ShownWithConfig(Shown):
    """The same with its profile."""

    Config: ResourceProfile


class Resource:
    """The usages of one resource.

    Attributes:
        ttl_ns: for how long the next usage is held: -1 or None without end, 0 not at all.
        total: the units of all usages.
    """

    __slots__ = ("_expiring", "by_id", "id", "tenant", "total", "ttl_ns")

    def __init__(self, tenant: str, id: str) -> None:
        self.tenant = tenant
        self.id = id
        self.by_id: dict[str, Usage] = {}
        self.total = Decimal(0)
        self.ttl_ns: int | None = None
        self._expiring: list[tuple[int, str]] = []

    def hold_for(self, ttl_ns: int, *, asked: bool) -> None:
        """Set for how long: what was asked, else what the profile says. A time once asked for holds until another comes (as recorded):
        neither an asked zero nor a profile's -1 is one."""
        if (asked and ttl_ns != 0) or (not asked and ttl_ns >= 0):
            self.ttl_ns = ttl_ns

    def put(self, id: str, usage: Usage) -> Usage | None:
        """Hold a usage in the place of the one with its id, which is returned."""
        old = self.drop(id)
        self.by_id[id] = usage
        self.total += usage.Units
        if usage.ExpiryTime:
            heapq.heappush(self._expiring, (usage.ExpiryTime.ns, id))
        return old

    def drop(self, id: str) -> Usage | None:
        """Let a usage go; it is returned, None when there is none."""
        old = self.by_id.pop(id, None)
        if old is not None:
            self.total -= old.Units
        return old

    def expired(self, now_ns: int) -> Iterator[str]:
        """Ids of usages whose time is over; what is told is not told again."""
        while self._expiring and self._expiring[0][0] <= now_ns:
            due, id = heapq.heappop(self._expiring)
            usage = self.by_id.get(id)
            if usage is not None and usage.ExpiryTime.ns == due:
                yield id

    def has_room(self, profile: ResourceProfile, units: Decimal, *, in_place_of: str = "") -> bool:
        """Whether so many more units fit under the limit, those held under `in_place_of` given back first."""
        if profile.Limit < 0:
            return True
        old = self.by_id.get(in_place_of)
        return self.total + units - (old.Units if old else 0) <= profile.Limit

    def shown(self) -> Shown:
        """As the API shows it."""
        return Shown(self.tenant, self.id, dict(self.by_id), self._ttl_index())

    def shown_with(self, profile: ResourceProfile) -> ShownWithConfig:
        """The same with the profile."""
        return ShownWithConfig(self.tenant, self.id, dict(self.by_id), self._ttl_index(), profile)

    def _ttl_index(self) -> list[str]:
        return [id for id, usage in self.by_id.items() if usage.ExpiryTime]
