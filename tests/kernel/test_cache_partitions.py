"""Partitions by name."""

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


def test_an_unknown_partition_is_named_and_so_are_the_known_ones(cache: Cache) -> None:
    with pytest.raises(Wrong, match=r"unknown cacheID: \*nothing") as told:
        cache.precache_status(["*nothing"])
    assert "*filters, *uch" in told.value.explain


def test_all_are_ready_from_the_start(cache: Cache) -> None:
    assert cache.precache_status() == {"*filters": "*ready", "*uch": "*ready", "*off": "*ready"}
    assert cache.precache_status(["*filters"]) == {"*filters": "*ready"}


def test_named_partitions_are_cleared_alone(cache: Cache) -> None:
    cache.partition("*filters").set("a", 1)
    cache.partition("*uch").set("b", 2, groups=["g"])
    cache.clear(["*filters"])
    assert cache.stats(["*filters", "*uch"]) == {"*filters": CacheStats(0, 0), "*uch": CacheStats(1, 1)}


async def test_the_sweep_lets_go_of_what_nobody_asks_for(cache: Cache, clock: VirtualClock) -> None:
    held = cache.partition("*uch")
    held.set("b", 2)
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: cache.run(task_status=task_status))
        await clock.advance(9 * SECOND)
        assert list(held._items) == ["b"]
        await clock.advance(SECOND)
        assert list(held._items) == []
        nursery.cancel_scope.cancel()
