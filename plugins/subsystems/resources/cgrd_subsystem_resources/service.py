"""ResourceSv1: whether there is room, taking it, giving it back.

Source: spec/tariffplans.md §6, spec/observed_events.md (Resources).
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from cgrd import CGREvent, Instant, Subsystem, method
from cgrd.errors import CgrdError, MandatoryMissing, Wrong
from cgrd_subsystem_resources.asked import checked, units, usage_id, usage_ttl
from cgrd_subsystem_resources.matching import Finder, Used
from cgrd_subsystem_resources.shelf import Shelf
from cgrd_subsystem_resources.updates import tell_thresholds
from cgrd_subsystem_resources.usage import Shown, ShownWithConfig, Usage

if TYPE_CHECKING:
    from cgrd.services import Services


class ResourceID(msgspec.Struct):
    """Which resource."""

    Tenant: str = ""
    ID: str = ""
    APIOpts: dict[str, Any] | None = None


class Unavailable(CgrdError):
    """No resource of the event has room."""


class ResourceS(Subsystem, section="resources"):
    """The owner of all usages: they change here and nowhere else, and nothing waits between looking for room and taking it."""

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        super().__init__(services=services, config=config)
        self.shelf = Shelf(services=services)
        self.finder = Finder(services=services, shelf=self.shelf)

    @method("ResourceSv1.GetResourcesForEvent")
    async def resources_for_event(self, args: CGREvent) -> list[Shown]:
        """The resources that the event uses."""
        used, _ = await self._used(args)
        return [each.resource.shown() for each in used]

    @method("ResourceSv1.AuthorizeResources")
    async def authorize(self, args: CGREvent) -> str:
        """The message of the resource that has room; nothing is taken.

        Raises:
            Unavailable: RESOURCE_UNAUTHORIZED, none has room.
        """
        used, _ = await self._used(args)
        wanted = units(args, self.config["opts"])
        return _message(used, wanted) or _refuse("RESOURCE_UNAUTHORIZED", used, wanted)

    @method("ResourceSv1.AllocateResources")
    async def allocate(self, args: CGREvent) -> str:
        """Take units from every resource of the event, in the place of what the usage held; the message of the first that had room.

        Raises:
            Unavailable: RESOURCE_UNAVAILABLE, none has room; nothing is taken, and what the usage held is given back (as recorded).
            PartiallyExecuted: taken, but a threshold could not be told.
        """
        used, under = await self._used(args)
        wanted = units(args, self.config["opts"])
        message = _message(used, wanted, in_place_of=under)
        if not message:
            self._give(used, under, why="ResourceSv1.AllocateResources refused")
            return _refuse("RESOURCE_UNAVAILABLE", used, wanted)
        self._take(used, under, wanted)
        await tell_thresholds(self, args, used)
        return message

    def _take(self, used: list[Used], under: str, wanted: Decimal) -> None:
        now = self.services.clock.now()
        with self.services.store.transaction(why="ResourceSv1.AllocateResources") as tx:
            for each in used:
                if each.resource.ttl_ns == 0:
                    self.shelf.drop(tx, each.resource, under)
                    continue
                ttl_ns = each.resource.ttl_ns
                expiry = now.plus(ttl_ns) if ttl_ns is not None and ttl_ns > 0 else Instant.ZERO
                self.shelf.put(tx, each.resource, under, Usage(each.profile.Tenant, under, expiry, wanted))

    def _give(self, used: list[Used], under: str, *, why: str) -> list[Used]:
        """Give a usage back; the resources that held none."""
        with self.services.store.transaction(why=why) as tx:
            return [each for each in used if not self.shelf.drop(tx, each.resource, under)]

    @method("ResourceSv1.ReleaseResources")
    async def release(self, args: CGREvent) -> str:
        """Give a usage back.

        Raises:
            Wrong: a resource of the event that keeps usages for a time holds none under this id; the others have given it back.
            PartiallyExecuted: given back, but a threshold could not be told.
        """
        used, under = await self._used(args)
        missing = [each for each in self._give(used, under, why="ResourceSv1.ReleaseResources") if each.resource.ttl_ns]
        if missing:
            ids = " ".join(each.profile.ID for each in missing)
            raise Wrong(f"cannot find usage record with id: {under}", explain=f"looked for in {ids}; it was never allocated, released, or expired")
        await tell_thresholds(self, args, used)
        return "OK"

    @method("ResourceSv1.GetResource")
    def resource(self, args: ResourceID) -> Shown:
        """A resource and its usages."""
        return self.shelf.of(*self._known(args)).shown()

    @method("ResourceSv1.GetResourceWithConfig")
    def resource_with_config(self, args: ResourceID) -> ShownWithConfig:
        """The same with its profile."""
        tenant, id = self._known(args)
        return self.shelf.of(tenant, id).shown_with(self.services.profiles["ResourceProfile"].get(tenant, id))

    def _known(self, args: ResourceID) -> tuple[str, str]:
        if not args.ID:
            raise MandatoryMissing("ID")
        tenant = args.Tenant or self.services.default_tenant
        self.services.profiles["ResourceProfile"].get(tenant, args.ID)
        return tenant, args.ID

    async def _used(self, args: CGREvent) -> tuple[list[Used], str]:
        checked(args)
        under = usage_id(args, self.config["opts"])
        return await self.finder.used(args, under, usage_ttl(args, self.config["opts"])), under


def _message(used: list[Used], wanted: Decimal, *, in_place_of: str = "") -> str:
    """What the first resource with room says: its message, or its id; "" when none has room."""
    for profile, resource in used:
        if resource.has_room(profile, wanted, in_place_of=in_place_of):
            return profile.AllocationMessage or profile.ID
    return ""


def _refuse(word: str, used: list[Used], wanted: Decimal) -> str:
    states = ", ".join(f"{each.profile.ID} has {each.resource.total} of {each.profile.Limit} in use" for each in used)
    raise Unavailable(word, explain=f"{wanted} units do not fit: {states}")
