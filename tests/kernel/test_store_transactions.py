"""What is acknowledged is there after the next start; what fails has never been."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import trio

from cgrd.errors import StoreError, Wrong
from cgrd.store import SqliteStore, Store, Transaction
from cgrd.store.changes import Changes
from cgrd.store.sqlite.driver import SqliteDriver


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def writer(store: SqliteStore) -> sqlite3.Connection:
    assert isinstance(store.driver, SqliteDriver)
    return store.driver.writer


def put(store: SqliteStore, key: str, value: bytes = b"x") -> None:
    with store.transaction(why="test") as tx:
        tx.put("account", key, value)


def test_what_is_queued_is_seen_at_once_and_there_after_the_next_start(path: Path) -> None:
    store = SqliteStore.open(path)
    put(store, "b", b"2")
    put(store, "a", b"1")
    assert store.get("account", "a") == b"1"
    assert list(store.scan("account")) == [("a", b"1"), ("b", b"2")]
    store.close()
    again = SqliteStore.open(path)
    assert list(again.scan("account")) == [("a", b"1"), ("b", b"2")]
    again.close()


def test_a_block_that_raises_changes_nothing_and_undoes_memory_newest_first() -> None:
    store, undone = SqliteStore.in_memory(), []

    def fail(tx: Transaction) -> None:
        tx.put("account", "a", b"1")
        tx.on_rollback(lambda: undone.append("first"))
        tx.on_rollback(lambda: undone.append("second"))
        raise KeyError

    with pytest.raises(KeyError), store.transaction(why="test") as tx:
        fail(tx)
    assert undone == ["second", "first"]
    assert store.get("account", "a") is None


def test_an_inner_block_joins_the_outer_one() -> None:
    store = SqliteStore.in_memory()

    def fail(outer: Transaction) -> None:
        outer.put("account", "a", b"1")
        put(store, "b")
        assert store.get("account", "b") == b"x"
        raise KeyError

    with pytest.raises(KeyError), store.transaction(why="outer") as outer:
        fail(outer)
    assert list(store.scan("account")) == []


def test_an_inner_block_that_fails_takes_only_its_own_changes() -> None:
    store, undone = SqliteStore.in_memory(), []

    def fail(inner: Transaction) -> None:
        inner.put("account", "a", b"2")
        inner.on_rollback(lambda: undone.append("inner"))
        raise KeyError

    with store.transaction(why="outer") as outer:
        outer.put("account", "a", b"1")
        outer.on_rollback(lambda: undone.append("outer"))
        with pytest.raises(KeyError), store.transaction(why="inner") as inner:
            fail(inner)
    assert undone == ["inner"]
    assert store.get("account", "a") == b"1"


def test_writing_after_the_block_is_an_error() -> None:
    store = SqliteStore.in_memory()
    with store.transaction(why="test") as tx:
        pass
    with pytest.raises(RuntimeError, match="over"):
        tx.put("account", "a", b"1")


@pytest.mark.parametrize("key", ["\ud800", 5])
def test_a_key_no_database_takes_is_refused_before_it_spoils_the_group(key: str) -> None:
    store = SqliteStore.in_memory()
    with pytest.raises(Wrong), store.transaction(why="test") as tx:
        tx.put("account", key, b"1")


def test_deleted_records_are_gone_also_for_a_scan(path: Path) -> None:
    store = SqliteStore.open(path)
    put(store, "a")
    put(store, "b")
    store.flush()
    with store.transaction(why="test") as tx:
        tx.delete("account", "a")
    assert [key for key, _ in store.scan("account")] == ["b"]
    assert store.get("account", "a") is None
    store.close()


def test_a_scan_passes_page_borders_with_and_without_queued_records() -> None:
    store = SqliteStore.in_memory()
    with store.transaction(why="load") as tx:
        for number in range(2500):
            tx.put("destination", f"D{number:05d}", b"1")
        tx.put("destination", "E", b"1")
    store.flush()
    with store.transaction(why="change") as tx:
        tx.delete("destination", "D00999")
        tx.put("destination", "D00999a", b"2")
        tx.put("destination", "D99999", b"2")
    keys = [key for key, _ in store.scan("destination", "D")]
    assert keys == sorted({*(f"D{number:05d}" for number in range(2500)), "D00999a", "D99999"} - {"D00999"})


async def test_durable_returns_without_a_task_switch_when_nothing_is_pending(path: Path) -> None:
    store = SqliteStore.open(path)
    with trio.testing.assert_no_checkpoints():
        await store.durable()
    store.close()


async def test_durable_waits_for_the_committer(path: Path) -> None:
    store = SqliteStore.open(path)
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: store.run(task_status=task_status))
        with store.scope() as ticket:
            put(store, "a")
            assert ticket.waiting
            await store.durable()
            assert not ticket.waiting
        with sqlite3.connect(path) as other:
            assert other.execute("SELECT key FROM records").fetchall() == [("a",)]
        nursery.cancel_scope.cancel()
    store.close()


async def test_a_cancelled_committer_still_commits_what_is_queued(path: Path) -> None:
    store = SqliteStore.open(path)
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: store.run(task_status=task_status))
        put(store, "a")
        nursery.cancel_scope.cancel()
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT key FROM records").fetchall() == [("a",)]
    store.close()


async def test_full_durability_and_large_groups_commit_in_a_thread(path: Path) -> None:
    store = SqliteStore.open(path, durability="full")
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: store.run(task_status=task_status))
        for size in (1, 3000):
            with store.transaction(why="load") as tx:
                for number in range(size):
                    tx.put("destination", f"D{number}", b"1")
            await trio.lowlevel.checkpoint()
            put(store, "meanwhile", b"%d" % size)
            assert store.get("destination", "D0") == b"1"
            await store.durable()
        nursery.cancel_scope.cancel()
    assert sum(1 for _ in store.scan("destination")) == 3000
    store.close()


async def test_a_commit_waits_for_a_request_that_is_about_to_begin_and_not_for_ever(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, groups = SqliteStore.open(path), list[int]()
    apply = store.driver.apply

    def counted(changes: Changes, *, patient: bool) -> None:
        groups.append(len(changes.records))
        apply(changes, patient=patient)

    monkeypatch.setattr(store.driver, "apply", counted)
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: store.run(task_status=task_status))
        with store.scope() as first:
            put(store, "first")
        second = store.scope(to_come=True)
        for _ in range(3):
            await trio.lowlevel.checkpoint()
        second.begun()
        with second:
            put(store, "second")
        await first.durable()
        assert groups == [2]
        store.scope(to_come=True)
        put(store, "alone")
        await store.durable()
        assert groups == [2, 1]
        assert store.groups.to_come == 0
        nursery.cancel_scope.cancel()
    store.close()


async def test_a_request_waits_for_the_tasks_it_starts() -> None:
    store = SqliteStore.in_memory()
    with store.scope() as ticket:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_put_later, store)
    assert ticket.waiting
    await ticket.durable()
    assert not ticket.waiting


async def _put_later(store: SqliteStore) -> None:
    await trio.lowlevel.checkpoint()
    put(store, "a")


async def test_pipelined_requests_of_one_task_each_know_their_own_outcome(path: Path) -> None:
    store = SqliteStore.open(path)
    with store.scope() as lost:
        put(store, "a")
    writer(store).execute("PRAGMA query_only = 1")
    with pytest.raises(StoreError):
        store.flush()
    writer(store).execute("PRAGMA query_only = 0")
    with store.scope() as kept:
        put(store, "b")
    await kept.durable()
    for _ in range(2):
        with pytest.raises(StoreError, match="readonly"):
            await lost.durable()
    store.close()


async def test_a_failure_before_a_later_group_of_the_same_request_is_not_forgotten(path: Path) -> None:
    store = SqliteStore.open(path)
    with store.scope() as ticket:
        put(store, "a")
        writer(store).execute("PRAGMA query_only = 1")
        with pytest.raises(StoreError):
            store.flush()
        writer(store).execute("PRAGMA query_only = 0")
        put(store, "b")
    with pytest.raises(StoreError):
        await ticket.durable()
    assert store.get("account", "b") == b"x"
    store.close()


@pytest.mark.parametrize(("bound", "smaller"), [("LOG_DUE", False), ("LOG_MOST", True)])
async def test_the_log_is_copied_into_the_file_beside_the_commits_and_written_over_or_emptied(
    path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, smaller: bool
) -> None:
    monkeypatch.setattr(f"cgrd.store.sqlite.driver.{bound}", 100_000 if smaller else 20)
    store = SqliteStore.open(path)
    log = path.with_name("store.db-wal")
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: store.run(task_status=task_status))
        sizes = [0]
        with trio.fail_after(30):
            while len(sizes) < 2 or sizes[-1] > sizes[-2]:
                put(store, f"{len(sizes)}", b"x" * 1000)
                await store.durable()
                sizes.append(log.stat().st_size)
        nursery.cancel_scope.cancel()
    assert (sizes[-1] < sizes[-2]) is smaller
    put(store, "last")
    store.flush()
    assert sum(1 for _ in store.scan("account")) == len(sizes)
    store.close()


def test_the_embedded_store_is_what_everybody_is_promised() -> None:
    promised: Store = SqliteStore.in_memory()
    assert promised.probe()
    assert promised.failing == ""
    promised.close()


def test_nothing_is_taken_after_the_end(path: Path) -> None:
    store = SqliteStore.open(path)
    store.close()
    undone: list[str] = []
    with pytest.raises(StoreError, match="closed"), store.transaction(why="late") as tx:
        tx.on_rollback(lambda: undone.append("a"))
    assert undone == ["a"]
