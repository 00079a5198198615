"""The allocations of all profiles in memory, each kept in the store as a record of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cgrd.profiles import ProfileHoldings
from cgrd_subsystem_ips.allocations import Allocation, Allocations
from cgrd_subsystem_ips.kinds import IPProfile

if TYPE_CHECKING:
    from cgrd.services import Services

KIND = "ip_allocation"


class _Kept(msgspec.Struct):
    """An allocation in the store."""

    Tenant: str
    Profile: str
    ID: str
    Allocation: Allocation


class Shelf(ProfileHoldings[Allocations, Allocation]):
    """The allocations by profile.

    Args:
        services: store, clock, and the table of IPProfile.
    """

    def __init__(self, *, services: Services) -> None:
        self._clock = services.clock
        super().__init__(
            table=services.profiles["IPProfile"],
            store=services.store,
            kind=KIND,
            made=Allocations,
            record=_Kept,
            opened=lambda kept: (kept.Tenant, kept.Profile, kept.ID, kept.Allocation),
            stored=lambda held, id, allocation: _Kept(held.tenant, held.id, id, allocation),
        )

    def of(self, profile: IPProfile, *, asked: bool = False) -> Allocations:
        """The allocations of a profile, what has expired taken back; `asked` when an address is wanted."""
        held = self.holding(profile.Tenant, profile.ID)
        gone = list(held.expired(profile.TTL, self._clock.now_ns(), asked=asked))
        if gone:
            with self._store.transaction(why="IP allocations expired") as tx:
                for id in gone:
                    self.drop(tx, held, id)
        return held
