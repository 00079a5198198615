"""A partition of the cache: limits, lives, groups."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cgrd.cache import CacheStats, Partition, PartitionConfig
from cgrd.durations import HOUR, SECOND
from cgrd.errors import Wrong
from cgrd.instants import Instant, parse_instant
from cgrd.testing.clock import VirtualClock


def partition(**config: Any) -> Partition:
    return Partition("*test", PartitionConfig(**config), VirtualClock())


async def advance(cache: Partition, seconds: int) -> None:
    clock = cache._clock
    assert isinstance(clock, VirtualClock)
    await clock.advance(seconds * SECOND)


def test_what_is_set_is_there_until_it_is_removed() -> None:
    cache = partition()
    cache.set("a", 1)
    cache.set("nothing", None)
    assert cache.get("a") == 1
    assert cache.get("nothing", "default") is None
    assert cache.get("b", "default") == "default"
    assert cache.remove("a")
    assert not cache.remove("a")
    assert not cache.has("a")
    assert cache.expiry("nothing") == Instant.ZERO
    assert cache.expiry("a") is None


def test_limit_0_keeps_nothing() -> None:
    cache = partition(limit=0)
    cache.set("a", 1)
    assert not cache.has("a")


def test_beyond_the_limit_the_least_recently_used_goes() -> None:
    cache = partition(limit=2)
    cache.set("a", 1)
    cache.set("b", 2)
    assert cache.get("a") == 1
    cache.set("c", 3)
    assert cache.keys() == ["a", "c"]


async def test_a_life_is_renewed_by_use_unless_it_is_static() -> None:
    for static, alive in ((False, True), (True, False)):
        cache = partition(ttl_ns=10 * SECOND, static_ttl=static)
        cache.set("a", 1)
        await advance(cache, 9)
        assert cache.get("a") == 1
        await advance(cache, 1)
        assert cache.has("a") is alive


async def test_an_item_ends_at_its_moment() -> None:
    cache = partition(ttl_ns=10 * SECOND)
    cache.set("a", 1)
    cache.set("b", 2)
    assert cache.expiry("a") == parse_instant("2026-01-31T08:00:10Z")
    cache.remove("b")
    await advance(cache, 10)
    assert cache.get("a") is None
    assert cache.keys() == []


async def test_a_wall_clock_that_jumps_ends_no_life() -> None:
    cache = partition(ttl_ns=10 * SECOND)
    cache.set("a", 1)
    clock = cache._clock
    assert isinstance(clock, VirtualClock)
    await clock.set_wall("2036-01-31T08:00:00Z")
    assert cache.has("a")


def test_groups_come_and_go_with_their_items() -> None:
    cache = partition()
    cache.set("a", 1, ["g", "h"])
    cache.set("b", 2, ["g"])
    assert cache.group_items("g") == ["a", "b"]
    assert cache.stats() == CacheStats(Items=2, Groups=2)
    cache.set("a", 1)
    assert not cache.has_group("h")
    assert cache.remove_group("g") == 1
    assert cache.keys() == ["a"]
    assert cache.group_items("g") == []


def test_keys_by_prefix_and_clear() -> None:
    cache = partition(ttl_ns=HOUR)
    for key in ("a1", "a2", "b"):
        cache.set(key, 0, ["g"])
    assert cache.keys("a") == ["a1", "a2"]
    cache.clear()
    assert cache.stats() == CacheStats(Items=0, Groups=0)


def test_the_configuration_is_read_as_the_reference_writes_it() -> None:
    assert PartitionConfig.of({"limit": -1, "ttl": "3h", "static_ttl": True}) == PartitionConfig(limit=-1, ttl_ns=3 * HOUR, static_ttl=True)
    assert PartitionConfig.of({}) == PartitionConfig(limit=0)
    with pytest.raises(Wrong, match="cache limit -2"):
        PartitionConfig.of({"limit": -2})


class PartitionMachine(RuleBasedStateMachine):
    """The partition beside a list of [key, value, groups, due] in order of use."""

    @initialize(limit=st.sampled_from([-1, 0, 1, 3]), ttl=st.sampled_from([0, 5]), static=st.booleans())
    def start(self, limit: int, ttl: int, static: bool) -> None:
        self.config = PartitionConfig(limit=limit, ttl_ns=ttl, static_ttl=static)
        self.clock = VirtualClock()
        self.cache = Partition("*test", self.config, self.clock)
        self.items: list[list[Any]] = []
        self.now = 0

    def _find(self, key: str) -> list[Any] | None:
        return next((item for item in self.items if item[0] == key), None)

    def _due(self) -> int | None:
        return self.now + self.config.ttl_ns if self.config.ttl_ns else None

    @rule(key=st.sampled_from("abcd"), value=st.integers(0, 3), groups=st.sets(st.sampled_from("gh")))
    def set(self, key: str, value: int, groups: set[str]) -> None:
        self.cache.set(key, value, groups)
        if self.config.limit != 0:
            self.items = [item for item in self.items if item[0] != key] + [[key, value, groups, self._due()]]
            if self.config.limit > 0:
                self.items = self.items[-self.config.limit :]

    @rule(key=st.sampled_from("abcd"))
    def get(self, key: str) -> None:
        item = self._find(key)
        assert self.cache.get(key) == (item[1] if item else None)
        if item:
            if self.config.limit > 0:
                self.items.remove(item)
                self.items.append(item)
            if not self.config.static_ttl:
                item[3] = self._due()

    @rule(key=st.sampled_from("abcd"))
    def remove(self, key: str) -> None:
        self.cache.sweep()
        assert self.cache.remove(key) == (self._find(key) is not None)
        self.items = [item for item in self.items if item[0] != key]

    @rule(group=st.sampled_from("gh"))
    def remove_group(self, group: str) -> None:
        self.cache.remove_group(group)
        self.items = [item for item in self.items if group not in item[2]]

    @rule(ns=st.integers(1, 6))
    def tick(self, ns: int) -> None:
        self.clock._pass(ns)
        self.now += ns
        self.items = [item for item in self.items if item[3] is None or item[3] > self.now]

    @invariant()
    def same(self) -> None:
        if not hasattr(self, "cache"):
            return
        assert set(self.cache.keys()) == {item[0] for item in self.items}
        for group in "gh":
            assert set(self.cache.group_items(group)) == {item[0] for item in self.items if group in item[2]}
        for key, _, _, due in self.items:
            left = self.cache.expiry(key)
            assert left == (Instant.ZERO if due is None else self.clock.now().plus(due - self.now))


TestPartitionModel = PartitionMachine.TestCase
TestPartitionModel.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
