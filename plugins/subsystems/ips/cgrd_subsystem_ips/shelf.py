"""The allocations of all profiles in memory, each kept in the store as a record of its own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from cgrd.codec import decode, encode
from cgrd.profiles import Change, ProfileTable
from cgrd_subsystem_ips.allocations import Allocation, Allocations
from cgrd_subsystem_ips.kinds import IPProfile

if TYPE_CHECKING:
    from cgrd.services import Services
    from cgrd.store import Transaction

KIND = "ip_allocation"


class _Kept(msgspec.Struct):
    """An allocation in the store."""

    Tenant: str
    Profile: str
    ID: str
    Allocation: Allocation


class Shelf:
    """The allocations by profile; changes are made inside a transaction and undone when it fails.

    Args:
        services: store, clock, and the table of IPProfile; what was allocated before is read at once.
    """

    def __init__(self, *, services: Services) -> None:
        self._store = services.store
        self._clock = services.clock
        self._held: dict[str, Allocations] = {}
        table: ProfileTable = services.profiles["IPProfile"]
        for _, data in self._store.scan(KIND):
            kept = decode(data, _Kept)
            if f"{kept.Tenant}:{kept.Profile}" in table:
                self._of(kept.Tenant, kept.Profile).put(kept.ID, kept.Allocation)
        table.watch(self._profiles_changed)

    def _of(self, tenant: str, id: str) -> Allocations:
        held = self._held.get(f"{tenant}:{id}")
        if held is None:
            held = self._held[f"{tenant}:{id}"] = Allocations(tenant, id)
        return held

    def of(self, profile: IPProfile, *, asked: bool = False) -> Allocations:
        """The allocations of a profile, what has expired taken back; `asked` when an address is wanted."""
        held = self._of(profile.Tenant, profile.ID)
        gone = list(held.expired(profile.TTL, self._clock.now_ns(), asked=asked))
        if gone:
            with self._store.transaction(why="IP allocations expired") as tx:
                for id in gone:
                    self.drop(tx, held, id)
        return held

    def put(self, tx: Transaction, held: Allocations, id: str, allocation: Allocation) -> None:
        """Give an address to an id."""
        old = held.put(id, allocation)
        tx.put(KIND, _key(held, id), encode(_Kept(held.tenant, held.id, id, allocation)))
        tx.on_rollback(partial(_back, held, id, old))

    def drop(self, tx: Transaction, held: Allocations, id: str) -> bool:
        """Take an id's address back; whether it had one."""
        old = held.drop(id)
        if old is None:
            return False
        tx.delete(KIND, _key(held, id))
        tx.on_rollback(partial(_back, held, id, old))
        return True

    def _profiles_changed(self, change: Change) -> None:
        for key in change.dropped:
            held = self._held.pop(key, None)
            if held is not None and held.by_id:
                with self._store.transaction(why="IP profile removed") as tx:
                    for id in held.by_id:
                        tx.delete(KIND, _key(held, id))


def _key(held: Allocations, id: str) -> str:
    return f"{held.tenant}:{held.id}:{id}"


def _back(held: Allocations, id: str, old: Allocation | None) -> None:
    if old is None:
        held.drop(id)
    else:
        held.put(id, old)
