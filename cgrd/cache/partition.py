"""One partition of the cache: least recently used goes first, items age, and groups of items go together."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from cgrd.clock import Clock
from cgrd.durations import parse_duration
from cgrd.errors import Wrong
from cgrd.instants import Instant


class PartitionConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What the configuration says of a partition.

    Args:
        limit: how many items, -1 for any number, 0 switches the partition off.
        ttl_ns: how long an item lives, 0 for ever.
        static_ttl: whether life counts from `set` alone; else each `get` renews it.
    """

    limit: int = -1
    ttl_ns: int = 0
    static_ttl: bool = False

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> PartitionConfig:
        """The configuration's form, `{"limit": -1, "ttl": "3h", …}`; keys that are missing are off, a ttl may be integer ns.

        Raises:
            Wrong: a limit below -1 or a ttl that is no duration.
        """
        limit, ttl = int(section.get("limit", 0)), section.get("ttl", "")
        if limit < -1:
            raise Wrong(f"cache limit {limit}", explain="use -1 for no limit, 0 for off, or a number of items")
        ttl_ns = ttl if isinstance(ttl, int) else parse_duration(ttl)
        return cls(limit=limit, ttl_ns=ttl_ns, static_ttl=bool(section.get("static_ttl", False)))


class CacheStats(msgspec.Struct, frozen=True):
    """How many items and groups a partition holds."""

    Items: int
    Groups: int


class _Item:
    __slots__ = ("due", "groups", "value")

    def __init__(self, value: Any, groups: frozenset[str], due: int) -> None:
        self.value = value
        self.groups = groups
        self.due = due


class Partition:
    """Items by key, as `PartitionConfig` says. A value may be None: that nothing is there is worth remembering too.

    Expired items are gone for every caller at once; they are let go of at the next use or sweep.
    """

    def __init__(self, name: str, config: PartitionConfig, clock: Clock) -> None:
        self.name = name
        self.config = config
        self._clock = clock
        # In order of use where there is a limit; the first goes first.
        self._items: OrderedDict[str, _Item] = OrderedDict()
        # All live equally long, so the order of renewal is the order of expiry.
        self._aging: OrderedDict[str, _Item] = OrderedDict()
        self._groups: dict[str, dict[str, None]] = {}

    def get(self, key: str, default: Any = None) -> Any:
        """The value, `default` when there is none; counts as a use, and renews an item's life unless the ttl is static."""
        item = self._items.get(key)
        if item is None:
            return default
        if item.due and item.due <= self._clock.monotonic_ns():
            self.sweep()
            return default
        if self.config.limit > 0:
            self._items.move_to_end(key)
        if item.due and not self.config.static_ttl:
            self._renew(key, item)
        return item.value

    def has(self, key: str) -> bool:
        """Whether there is an item; no use of it."""
        self.sweep()
        return key in self._items

    def set(self, key: str, value: Any, groups: Iterable[str] = ()) -> None:
        """Put an item in place of what was there; what is oldest goes when the partition is full."""
        if self.config.limit == 0:
            return
        self.sweep()
        self.remove(key)
        item = self._items[key] = _Item(value, frozenset(groups), 0)
        for group in item.groups:
            self._groups.setdefault(group, {})[key] = None
        if self.config.ttl_ns > 0:
            self._renew(key, item)
        if 0 < self.config.limit < len(self._items):
            self.remove(next(iter(self._items)))

    def remove(self, key: str) -> bool:
        """Take an item out; whether there was one."""
        item = self._items.pop(key, None)
        if item is None:
            return False
        self._aging.pop(key, None)
        for group in item.groups:
            members = self._groups[group]
            del members[key]
            if not members:
                del self._groups[group]
        return True

    def keys(self, prefix: str = "") -> list[str]:
        """The keys that start so."""
        self.sweep()
        return [key for key in self._items if key.startswith(prefix)]

    def clear(self) -> None:
        """Empty it."""
        self._items.clear()
        self._aging.clear()
        self._groups.clear()

    def stats(self) -> CacheStats:
        """How much it holds."""
        self.sweep()
        return CacheStats(len(self._items), len(self._groups))

    def expiry(self, key: str) -> Instant | None:
        """When an item's life ends as things stand: the zero time for never, None when there is no item."""
        self.sweep()
        item = self._items.get(key)
        if item is None:
            return None
        return self._clock.now().plus(item.due - self._clock.monotonic_ns()) if item.due else Instant.ZERO

    def has_group(self, group: str) -> bool:
        """Whether an item is in the group."""
        self.sweep()
        return group in self._groups

    def group_items(self, group: str) -> list[str]:
        """The keys of a group."""
        self.sweep()
        return list(self._groups.get(group, ()))

    def remove_group(self, group: str) -> int:
        """Take all items of a group out; how many."""
        keys = self.group_items(group)
        for key in keys:
            self.remove(key)
        return len(keys)

    def sweep(self) -> None:
        """Let go of what has expired; costs nothing when nothing has."""
        if not self._aging:
            return
        now = self._clock.monotonic_ns()
        while self._aging:
            key, item = next(iter(self._aging.items()))
            if item.due > now:
                return
            self.remove(key)

    def _renew(self, key: str, item: _Item) -> None:
        item.due = self._clock.monotonic_ns() + self.config.ttl_ns
        self._aging[key] = item
        self._aging.move_to_end(key)
