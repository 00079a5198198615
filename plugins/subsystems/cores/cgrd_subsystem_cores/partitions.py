"""CacheSv1: what is kept in the cache's partitions, by key and by group.

Profiles are not here: their tables are the memory itself. Orders to load or reload them are therefore done as soon as they are given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cgrd import Instant, Subsystem, method
from cgrd.codec import plain_tree
from cgrd.errors import NotFound, Wrong

if TYPE_CHECKING:
    from cgrd.cache import Partition


class ItemArgs(msgspec.Struct):
    """One key of one partition."""

    CacheID: str = ""
    ItemID: str = ""
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class ItemIDsArgs(msgspec.Struct):
    """The keys of a partition that begin with a prefix."""

    CacheID: str = ""
    ItemIDPrefix: str = ""
    Limit: int | None = None
    Offset: int | None = None
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class GroupArgs(msgspec.Struct):
    """One group of a partition."""

    CacheID: str = ""
    GroupID: str = ""
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class PartitionsArgs(msgspec.Struct):
    """Some partitions, or all when none is named."""

    CacheIDs: list[str] | None = None
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class SetArgs(msgspec.Struct):
    """A key that another daemon has set."""

    CacheID: str = ""
    ItemID: str = ""
    Value: Any = None
    GroupIDs: list[str] | None = None
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


_IDS_OF = {
    "ReverseDestinationIDs": "*reverse_destinations", "DestinationIDs": "*destinations", "RatingPlanIDs": "*rating_plans",
    "RatingProfileIDs": "*rating_profiles", "ActionIDs": "*actions", "ActionPlanIDs": "*action_plans", "AccountActionPlanIDs": "*account_action_plans",
    "ActionTriggerIDs": "*action_triggers", "SharedGroupIDs": "*shared_groups", "ResourceProfileIDs": "*resource_profiles", "ResourceIDs": "*resources",
    "IPProfileIDs": "*ip_profiles", "IPIDs": "*ip_allocations", "StatsQueueIDs": "*statqueues", "StatsQueueProfileIDs": "*statqueue_profiles",
    "RankingIDs": "*rankings", "RankingProfileIDs": "*ranking_profiles", "TrendIDs": "*trends", "TrendProfileIDs": "*trend_profiles",
    "ThresholdIDs": "*thresholds", "ThresholdProfileIDs": "*threshold_profiles", "FilterIDs": "*filters", "RouteProfileIDs": "*route_profiles",
    "AttributeProfileIDs": "*attribute_profiles", "ChargerProfileIDs": "*charger_profiles", "DispatcherProfileIDs": "*dispatcher_profiles",
    "DispatcherHostIDs": "*dispatcher_hosts", "Dispatchers": "*dispatchers", "TimingIDs": "*timings",
    "AttributeFilterIndexIDs": "*attribute_filter_indexes", "ResourceFilterIndexIDs": "*resource_filter_indexes",
    "IPFilterIndexIDs": "*ip_filter_indexes", "StatFilterIndexIDs": "*stat_filter_indexes", "ThresholdFilterIndexIDs": "*threshold_filter_indexes",
    "RouteFilterIndexIDs": "*route_filter_indexes", "ChargerFilterIndexIDs": "*charger_filter_indexes",
    "DispatcherFilterIndexIDs": "*dispatcher_filter_indexes", "FilterIndexIDs": "*reverse_filter_indexes",
}  # fmt: skip

KeysArgs = msgspec.defstruct(
    "KeysArgs",
    [*((name, list[str] | None, None) for name in _IDS_OF), ("Tenant", str, ""), ("APIOpts", dict[str, Any] | None, None)],
    module=__name__,
)


class CacheS(Subsystem, section="caches"):
    """The API's view of the kernel's cache."""

    def _partition(self, name: str) -> Partition | None:
        caches = self.services.caches
        return caches.partition(name) if name in caches.names() else None

    @method("CacheSv1.HasItem")
    def has_item(self, args: ItemArgs) -> bool:
        """Whether the key is kept."""
        found = self._partition(args.CacheID)
        return found is not None and found.has(args.ItemID)

    @method("CacheSv1.GetItem", "CacheSv1.GetItemWithRemote")
    def get_item(self, args: ItemArgs) -> Any:
        """What is kept under the key."""
        found = self._partition(args.CacheID)
        if found is None or not found.has(args.ItemID):
            raise NotFound(explain=f"partition {args.CacheID} keeps nothing under {args.ItemID}")
        return plain_tree(found.get(args.ItemID))

    @method("CacheSv1.GetItemExpiryTime")
    def expiry(self, args: ItemArgs) -> Instant:
        """When the key falls."""
        found = self._partition(args.CacheID)
        if found is None or not found.has(args.ItemID):
            raise NotFound(explain=f"partition {args.CacheID} keeps nothing under {args.ItemID}")
        return found.expiry(args.ItemID) or Instant.ZERO

    @method("CacheSv1.GetItemIDs")
    def item_ids(self, args: ItemIDsArgs) -> list[str]:
        """The keys of a partition."""
        found = self._partition(args.CacheID)
        keys = found.keys(args.ItemIDPrefix) if found is not None else []
        if not keys:
            raise NotFound(explain=f"partition {args.CacheID} keeps no key that begins with {args.ItemIDPrefix!r}")
        offset = args.Offset or 0
        return keys[offset : None if args.Limit is None else offset + args.Limit]

    @method("CacheSv1.RemoveItem", "CacheSv1.ReplicateRemove")
    def remove_item(self, args: ItemArgs) -> str:
        """Forget a key."""
        if (found := self._partition(args.CacheID)) is not None:
            found.remove(args.ItemID)
        return "OK"

    @method("CacheSv1.ReplicateSet")
    def set_item(self, args: SetArgs) -> str:
        """Keep what another daemon has sent."""
        if (found := self._partition(args.CacheID)) is None:
            raise Wrong(f"unknown cacheID: {args.CacheID}", explain=f"there are {', '.join(self.services.caches.names())}")
        found.set(args.ItemID, args.Value, args.GroupIDs or ())
        return "OK"

    @method("CacheSv1.RemoveItems")
    def remove_items(self, args: KeysArgs) -> str:  # type: ignore[valid-type]
        """Forget keys of several partitions."""
        for name, cache_id in _IDS_OF.items():
            found = self._partition(cache_id)
            for key in getattr(args, name) or ():
                if found is not None:
                    found.remove(key)
        return "OK"

    @method("CacheSv1.ReloadCache", "CacheSv1.LoadCache")
    def reload_cache(self, args: KeysArgs) -> str:  # type: ignore[valid-type]
        """Nothing is to be done: profiles are in memory as they are stored."""
        return "OK"

    @method("CacheSv1.Clear")
    def clear(self, args: PartitionsArgs) -> str:
        """Empty partitions."""
        names = self.services.caches.names()
        self.services.caches.clear([name for name in args.CacheIDs or names if name in names])
        return "OK"

    @method("CacheSv1.GetCacheStats")
    def stats(self, args: PartitionsArgs) -> dict[str, dict[str, int]]:
        """How many keys and groups the partitions keep."""
        names = self.services.caches.names()
        known = self.services.caches.stats([name for name in args.CacheIDs or names if name in names])
        told = {name: {"Items": found.Items, "Groups": found.Groups} for name, found in known.items()}
        return {**{name: {"Items": 0, "Groups": 0} for name in args.CacheIDs or ()}, **told}

    @method("CacheSv1.GetStats")
    def stats_with_node(self, args: PartitionsArgs) -> dict[str, Any]:
        """The same, with who tells it."""
        return {"CacheStatistics": self.stats(args), "Metadata": {"NodeID": self.services.node_id}}

    @method("CacheSv1.PrecacheStatus")
    def precache_status(self, args: PartitionsArgs) -> dict[str, str]:
        """Whether partitions are filled: always `*ready`."""
        names = self.services.caches.names()
        for name in args.CacheIDs or ():
            if name not in names:
                raise Wrong(f"unknown cacheID: {name}", explain=f"there are {', '.join(names)}")
        return self.services.caches.precache_status(args.CacheIDs or names)

    @method("CacheSv1.HasGroup")
    def has_group(self, args: GroupArgs) -> bool:
        """Whether a group has keys."""
        found = self._partition(args.CacheID)
        return found is not None and found.has_group(args.GroupID)

    @method("CacheSv1.GetGroupItemIDs")
    def group_items(self, args: GroupArgs) -> list[str]:
        """The keys of a group."""
        found = self._partition(args.CacheID)
        keys = found.group_items(args.GroupID) if found is not None else []
        if not keys:
            raise NotFound(explain=f"partition {args.CacheID} has no group {args.GroupID}")
        return keys

    @method("CacheSv1.RemoveGroup")
    def remove_group(self, args: GroupArgs) -> str:
        """Forget all keys of a group."""
        if (found := self._partition(args.CacheID)) is not None:
            found.remove_group(args.GroupID)
        return "OK"
