"""Keyed locks: sorted, again for who has them, free ones at once."""

from __future__ import annotations

import pytest
import trio

from cgrd.errors import StoreError
from cgrd.store import SqliteStore
from cgrd.store.locks import KeyedLocks


async def test_a_free_lock_is_taken_without_a_task_switch_and_again_by_its_holder() -> None:
    store = SqliteStore.in_memory()
    with trio.testing.assert_no_checkpoints():
        async with store.lock("a", "b"), store.lock("b"), store.lock():
            pass


async def test_others_wait_in_turn_and_keys_leave_nothing_behind() -> None:
    locks, log = KeyedLocks(), []

    async def work(name: str) -> None:
        async with locks.lock("k"):
            log.append(f"{name} in")
            await trio.testing.wait_all_tasks_blocked()
            async with locks.lock("k"):
                log.append(f"{name} out")

    async with locks.lock("k"), trio.open_nursery() as nursery:
        for name in "abc":
            nursery.start_soon(work, name)
            await trio.testing.wait_all_tasks_blocked()
        assert log == []
        nursery.cancel_scope.cancel()
    async with trio.open_nursery() as nursery:
        for name in "abc":
            nursery.start_soon(work, name)
    assert [line.split()[1] for line in log] == ["in", "out"] * 3
    assert locks.held == {}
    assert locks.wanted == {}


async def test_opposite_orders_do_not_block_each_other() -> None:
    locks = KeyedLocks()

    async def work(*keys: str) -> None:
        for _ in range(20):
            async with locks.lock(*keys):
                await trio.lowlevel.checkpoint()

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(work, "a", "b")
            nursery.start_soon(work, "b", "a")


async def test_a_circle_is_refused_instead_of_waiting_for_ever() -> None:
    locks, refused = KeyedLocks(), []

    async def work(first: str, second: str) -> None:
        try:
            async with locks.lock(first):
                await trio.testing.wait_all_tasks_blocked()
                async with locks.lock(second):
                    pass
        except StoreError as error:
            refused.append(error)

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(work, "a", "b")
            nursery.start_soon(work, "b", "a")
    assert len(refused) == 1
    assert "one lock" in refused[0].explain
    assert locks.held == {}


async def test_a_cancelled_wait_gives_back_what_it_had() -> None:
    locks = KeyedLocks()
    async with locks.lock("b"):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(locks.lock("a", "b").__aenter__)
            await trio.testing.wait_all_tasks_blocked()
            assert sorted(locks.held) == ["a", "b"]
            nursery.cancel_scope.cancel()
        assert sorted(locks.held) == ["b"]
    assert locks.held == {}


async def test_a_block_that_raises_gives_its_keys_back() -> None:
    locks = KeyedLocks()
    with pytest.raises(KeyError):
        async with locks.lock("a"):
            raise KeyError
    assert locks.held == {}
