"""Partitions by name, precaching, and transactions over several partitions."""

from __future__ import annotations

import pytest
import trio

from cgrd.cache import Cache, CacheStats
from cgrd.durations import SECOND
from cgrd.errors import Wrong
from cgrd.testing.clock import VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def cache(clock: VirtualClock) -> Cache:
    return Cache.of({"*filters": {"limit": -1}, "*uch": {"limit": -1, "ttl": "3s"}, "*off": {"limit": 0}}, clock)


def test_changes_of_a_transaction_come_to_be_all_at_once_and_in_order(cache: Cache) -> None:
    cache.set("*filters", "old", 1, groups=["g"])
    transaction = cache.begin()
    cache.set("*filters", "a", 1, transaction=transaction)
    cache.remove("*filters", "a", transaction=transaction)
    cache.set("*uch", "b", 2, groups=["g"], transaction=transaction)
    cache.remove_group("*filters", "g", transaction=transaction)
    assert cache.stats()["*uch"] == CacheStats(Items=0, Groups=0)
    cache.commit(transaction)
    assert cache.stats() == {"*filters": CacheStats(0, 0), "*uch": CacheStats(1, 1), "*off": CacheStats(0, 0)}


def test_a_rollback_leaves_no_trace(cache: Cache) -> None:
    transaction = cache.begin()
    cache.set("*filters", "a", 1, transaction=transaction)
    cache.rollback(transaction)
    assert not cache.partition("*filters").has("a")
    with pytest.raises(Wrong, match="no cache transaction"):
        cache.commit(transaction)


def test_an_unknown_partition_is_named_and_so_are_the_known_ones(cache: Cache) -> None:
    with pytest.raises(Wrong, match=r"unknown cacheID: \*nothing") as told:
        cache.precache_status(["*nothing"])
    assert "*filters, *uch" in told.value.explain


def test_precaching_is_told(cache: Cache) -> None:
    cache.precaching("*filters", under_way=True)
    assert cache.precache_status() == {"*filters": "*precaching", "*uch": "*ready", "*off": "*ready"}
    cache.precaching("*filters", under_way=False)
    assert cache.precache_status(["*filters"]) == {"*filters": "*ready"}


def test_named_partitions_are_cleared_alone(cache: Cache) -> None:
    cache.set("*filters", "a", 1)
    cache.set("*uch", "b", 2)
    cache.clear(["*filters"])
    assert cache.stats(["*filters", "*uch"]) == {"*filters": CacheStats(0, 0), "*uch": CacheStats(1, 0)}


async def test_the_sweep_lets_go_of_what_nobody_asks_for(cache: Cache, clock: VirtualClock) -> None:
    fallen: list[str] = []
    cache.partition("*uch").on_expiry(lambda key, value: fallen.append(key))
    cache.set("*uch", "b", 2)
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: cache.run(task_status=task_status))
        await clock.advance(9 * SECOND)
        assert fallen == []
        await clock.advance(SECOND)
        assert fallen == ["b"]
        nursery.cancel_scope.cancel()
