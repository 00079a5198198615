"""Which addresses of a profile are given to whom. No I/O.

Source: spec/tariffplans.md §7, spec/observed_events.md (IPs).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from cgrd import Instant
from cgrd.errors import CgrdError, Wrong
from cgrd_subsystem_ips.kinds import IPPool


class Taken(CgrdError):
    """An address is in use by another."""


class Allocation(msgspec.Struct, frozen=True):
    """An address given to an id, from a pool, at a time; `Refreshed` when it was asked for again since."""

    PoolID: str
    Address: str
    Time: Instant
    Refreshed: bool = False


class ShownAllocation(msgspec.Struct):
    """An allocation as the API shows it."""

    PoolID: str
    Address: str
    Time: Instant


class Shown(msgspec.Struct):
    """The allocations of a profile as the API shows them; TTLIndex names those that were refreshed, in that order."""

    Tenant: str
    ID: str
    Allocations: dict[str, ShownAllocation]
    TTLIndex: list[str]


class Allocations:
    """The allocations of one profile by id, and who has which address."""

    __slots__ = ("by_id", "holders", "id", "tenant")

    def __init__(self, tenant: str, id: str) -> None:
        self.tenant = tenant
        self.id = id
        self.by_id: dict[str, Allocation] = {}
        self.holders: dict[str, str] = {}

    def put(self, id: str, allocation: Allocation) -> Allocation | None:
        """Give an address to an id, in the place of what it had, which is returned."""
        old = self.drop(id)
        self.by_id[id] = allocation
        self.holders[allocation.Address] = id
        return old

    def drop(self, id: str) -> Allocation | None:
        """Take an id's address back; None when it has none."""
        old = self.by_id.pop(id, None)
        if old is not None:
            self.holders.pop(old.Address, None)
        return old

    def expired(self, ttl_ns: int, now_ns: int, *, asked: bool) -> Iterator[str]:
        """Ids whose time is over. TTL 0 is without end; below zero an address stays until it was refreshed and somebody asks (as recorded)."""
        if ttl_ns > 0:
            yield from [id for id, held in self.by_id.items() if held.Time.ns + ttl_ns <= now_ns]
        elif ttl_ns < 0 and asked:
            yield from [id for id, held in self.by_id.items() if held.Refreshed]

    def free(self, pool: IPPool) -> str:
        """The pool's address.

        Raises:
            Taken: another has it.
            Wrong: the pool's range is not a single address.
        """
        address = address_of(pool.Range)
        holder = self.holders.get(address)
        if holder is not None:
            text = f'allocation failed for pool "{pool.ID}", IP "{address}": IP_ALREADY_ALLOCATED (allocated to "{holder}")'
            raise Taken(text, explain=f"profile {self.tenant}:{self.id} has no other pool for the event")
        return address

    def shown(self) -> Shown:
        """As the API shows it."""
        held = {id: ShownAllocation(each.PoolID, each.Address, each.Time) for id, each in self.by_id.items()}
        return Shown(self.tenant, self.id, held, [id for id, each in self.by_id.items() if each.Refreshed])


@lru_cache(4096)
def address_of(range: str) -> str:
    """The address of a range of one.

    Raises:
        Wrong: it is no range in CIDR notation, or has more addresses than one.
    """
    try:
        network = ipaddress.ip_network(range)
    except ValueError as error:
        raise Wrong(f'netip.ParsePrefix("{range}"): no CIDR', explain=f"a pool's range is an address with its length, as 10.0.0.1/32: {error}") from error
    if "/" not in range or network.num_addresses != 1:
        raise Wrong("only single IP Pools are supported for now", explain=f"{range} has {network.num_addresses} addresses; use /32 or /128")
    return str(network.network_address)
