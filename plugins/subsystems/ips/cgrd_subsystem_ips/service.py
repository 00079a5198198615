"""IPsV1: whether an address is free, giving it, taking it back.

Source: spec/tariffplans.md §7, spec/observed_events.md (IPs).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cgrd import CGREvent, Subsystem, method
from cgrd.errors import CgrdError, MandatoryMissing, Wrong
from cgrd.fields import text_of
from cgrd_subsystem_ips.allocations import Allocation, Allocations, Shown, Taken
from cgrd_subsystem_ips.kinds import IPPool, IPProfile
from cgrd_subsystem_ips.matching import Finder
from cgrd_subsystem_ips.shelf import Shelf

if TYPE_CHECKING:
    from cgrd.services import Services


class AllocatedIP(msgspec.Struct):
    """An address, and where it is from."""

    ProfileID: str = ""
    PoolID: str = ""
    Message: str = ""
    Address: str = ""


class ProfileID(msgspec.Struct):
    """Which profile."""

    Tenant: str = ""
    ID: str = ""
    APIOpts: dict[str, Any] | None = None


class ClearArgs(msgspec.Struct):
    """Which allocations of which profile; all of them when none is named."""

    Tenant: str = ""
    ID: str = ""
    AllocationIDs: list[str] | None = None
    APIOpts: dict[str, Any] | None = None


class Unauthorized(CgrdError):
    """No address is free."""


class IPs(Subsystem, section="ips"):
    """The owner of all allocations: nothing waits between finding an address free and giving it."""

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        super().__init__(services=services, config=config)
        self.shelf = Shelf(services=services)
        self.finder = Finder(services=services)

    @method("IPsV1.GetIPAllocationForEvent")
    async def allocations_for_event(self, args: CGREvent) -> Shown:
        """The allocations of the profile that the event would be given an address from."""
        return self.shelf.of(await self.finder.profile(args, self._allocation_id(args))).shown()

    @method("IPsV1.AuthorizeIP")
    async def authorize(self, args: CGREvent) -> AllocatedIP:
        """The address that would be given; one that the allocation has already is not free.

        Raises:
            Unauthorized: IP_UNAUTHORIZED, every pool's address is in use.
            NotFound: no profile or pool matches.
        """
        profile = await self.finder.profile(args, self._allocation_id(args))
        pools = await self.finder.pools(profile, args)
        try:
            pool, address = _free(self.shelf.of(profile, asked=True), pools)
        except Taken as error:
            raise Unauthorized("IP_UNAUTHORIZED", explain=str(error)) from error
        return AllocatedIP(profile.ID, pool.ID, pool.Message, address)

    @method("IPsV1.AllocateIP")
    async def allocate(self, args: CGREvent) -> AllocatedIP:
        """Give the address of the best pool that has it free; an allocation that has one keeps it, from now on.

        Raises:
            Taken: every pool's address is in use.
            NotFound: no profile or pool matches.
        """
        under = self._allocation_id(args)
        profile = await self.finder.profile(args, under)
        pools = await self.finder.pools(profile, args)
        held = self.shelf.of(profile, asked=True)
        now = self.services.clock.now()
        old = held.by_id.get(under)
        if old is not None:
            pool = next((each for each in pools if old.PoolID == each.ID), pools[0])
            given = Allocation(old.PoolID, old.Address, now, Refreshed=True)
        else:
            pool, address = _free(held, pools)
            given = Allocation(pool.ID, address, now)
        with self.services.store.transaction(why="IPsV1.AllocateIP") as tx:
            self.shelf.put(tx, held, under, given)
        return AllocatedIP(profile.ID, given.PoolID, pool.Message, given.Address)

    @method("IPsV1.ReleaseIP")
    async def release(self, args: CGREvent) -> str:
        """Take an address back; no error when the allocation had none.

        Raises:
            NotFound: no profile matches the event.
        """
        under = self._allocation_id(args)
        held = self.shelf.of(await self.finder.profile(args, under))
        with self.services.store.transaction(why="IPsV1.ReleaseIP") as tx:
            if not self.shelf.drop(tx, held, under):
                self.services.log("ips").warning("nothing to release", profile=held.id, tenant=held.tenant, allocation=under)
        return "OK"

    @method("IPsV1.GetIPAllocations")
    def allocations(self, args: ProfileID) -> Shown:
        """The allocations of a profile."""
        return self.shelf.of(self._profile(args)).shown()

    @method("IPsV1.ClearIPAllocations")
    def clear(self, args: ClearArgs) -> str:
        """Take addresses back, all that are named or none.

        Raises:
            Wrong: one that is named has no address.
        """
        held = self.shelf.of(self._profile(ProfileID(args.Tenant, args.ID)))
        wanted = args.AllocationIDs or list(held.by_id)
        unknown = [id for id in wanted if id not in held.by_id]
        if unknown:
            raise Wrong(f"cannot find allocation records with ids: [{' '.join(unknown)}]", explain=f"nothing of {held.tenant}:{held.id} was cleared")
        with self.services.store.transaction(why="IPsV1.ClearIPAllocations") as tx:
            for id in wanted:
                self.shelf.drop(tx, held, id)
        return "OK"

    def _profile(self, args: ProfileID) -> IPProfile:
        if not args.ID:
            raise MandatoryMissing("ID")
        found: IPProfile = self.services.profiles["IPProfile"].get(args.Tenant or self.services.default_tenant, args.ID)
        return found

    def _allocation_id(self, event: CGREvent) -> str:
        missing = [name for name, value in (("ID", event.ID), ("Event", event.Event)) if not value]
        if missing:
            raise MandatoryMissing(*missing)
        found = text_of(event.options().get("*ipAllocationID", self.config["opts"]["*allocationID"]))
        if not found:
            raise MandatoryMissing("AllocationID", explain="name it by the option *ipAllocationID")
        return found


def _free(held: Allocations, pools: list[IPPool]) -> tuple[IPPool, str]:
    """The first pool whose address is free.

    Raises:
        Taken: none is; the last pool's is told.
    """
    taken: Taken | None = None
    for pool in pools:
        try:
            return pool, held.free(pool)
        except Taken as error:
            taken = error
    assert taken is not None
    raise taken
