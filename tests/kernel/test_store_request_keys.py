"""Request keys: once, however often it is sent."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import trio

from cgrd.durations import HOUR
from cgrd.errors import StoreError, Wrong
from cgrd.store import RequestKeys, SqliteStore
from cgrd.store.sqlite.driver import SqliteDriver
from cgrd.testing.clock import VirtualClock


def writer(store: SqliteStore) -> sqlite3.Connection:
    assert isinstance(store.driver, SqliteDriver)
    return store.driver.writer


def remember(store: SqliteStore, key: str, answer: bytes = b"answer", digest: bytes = b"d") -> None:
    with store.transaction(why="test") as tx:
        tx.remember(key, digest, answer)


def test_the_answer_is_found_again_also_after_a_restart(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "s.db")
    assert store.request_keys.find("k", b"d") is None
    remember(store, "k")
    assert store.request_keys.find("k", b"d") == b"answer"
    store.close()
    again = SqliteStore.open(tmp_path / "s.db")
    assert again.request_keys.find("k", b"d") == b"answer"
    again.close()


@pytest.mark.parametrize("flush", [True, False])
def test_the_same_key_with_another_body_is_wrong(flush: bool) -> None:
    store = SqliteStore.in_memory()
    remember(store, "k")
    if flush:
        store.flush()
    with pytest.raises(Wrong, match="request key k was used for another request"):
        store.request_keys.find("k", b"other")


async def test_an_answer_lives_a_day() -> None:
    clock = VirtualClock()
    store = SqliteStore.in_memory(clock=clock)
    remember(store, "k")
    store.flush()
    await clock.advance(24 * HOUR - 1)
    assert store.request_keys.find("k", b"d") == b"answer"
    await clock.advance(1)
    assert store.request_keys.find("k", b"other") is None
    assert store.request_keys.purge_due()
    remember(store, "another")
    store.flush()
    assert store.request_keys.find("another", b"d") is not None
    assert store.driver.remembered_count() == 1


def test_beyond_the_count_the_oldest_go() -> None:
    store = SqliteStore.in_memory()
    keys = store.request_keys = RequestKeys(store, kept_count=3)
    for number in range(5):
        remember(store, f"k{number}")
    store.flush()
    assert not keys.purge_due()
    assert [keys.find(f"k{number}", b"d") is not None for number in range(5)] == [False, False, True, True, True]


async def test_a_duplicate_waits_for_the_first_one_and_gets_its_answer() -> None:
    store, effects, answers = SqliteStore.in_memory(), [], []

    async def request(effect: bytes) -> None:
        async with store.request_keys.once("k", b"d") as once:
            if once.answer is None:
                await trio.testing.wait_all_tasks_blocked()
                effects.append(effect)
                remember(store, "k", effect)
                answers.append(effect)
            else:
                answers.append(once.answer)

    async with trio.open_nursery() as nursery:
        for effect in (b"1", b"2", b"3"):
            nursery.start_soon(request, effect)
    assert len(effects) == 1
    assert answers == effects * 3
    assert store.request_keys._under_way == {}


async def test_if_the_first_one_fails_the_duplicate_does_the_work() -> None:
    store = SqliteStore.in_memory()
    with pytest.raises(KeyError):
        async with store.request_keys.once("k", b"d"):
            raise KeyError
    async with store.request_keys.once("k", b"d") as once:
        assert once.answer is None
        with pytest.raises(Wrong):
            await store.request_keys.begin("k", b"other")


async def test_a_duplicate_is_not_answered_before_the_first_one_is_committed(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "s.db")
    with store.scope():
        remember(store, "k")
    with store.scope() as duplicate:
        assert store.request_keys.find("k", b"d") == b"answer"
    writer(store).execute("PRAGMA query_only = 1")
    with pytest.raises(StoreError):
        await duplicate.durable()
    writer(store).execute("PRAGMA query_only = 0")
    assert store.request_keys.find("k", b"d") is None
    store.close()
