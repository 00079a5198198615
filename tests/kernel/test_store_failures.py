"""Disk full, locked, read-only, broken at the commit: nothing half, everybody told, and on it goes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

from cgrd.errors import StoreError
from cgrd.store import SqliteStore, Transaction
from cgrd.store.sqlite.driver import SqliteDriver
from cgrd.store.sqlite.schema import STEPS


class Breakable(sqlite3.Connection):
    """A connection that refuses statements which start with `breaks`."""

    breaks = ""

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        if self.breaks and sql.startswith(self.breaks):
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(sql, *args)


def breakable(path: str, **options: Any) -> sqlite3.Connection:
    return sqlite3.connect(path, factory=Breakable, **options)


def writer(store: SqliteStore) -> sqlite3.Connection:
    assert isinstance(store.driver, SqliteDriver)
    return store.driver.writer


def put(store: SqliteStore, key: str, undone: list[str] | None = None, value: bytes = b"x") -> None:
    with store.transaction(why=f"put {key}") as tx:
        tx.put("account", key, value)
        if undone is not None:
            tx.on_rollback(lambda: undone.append(key))


def keys(store: SqliteStore) -> list[str]:
    return [key for key, _ in store.scan("account")]


@pytest.mark.parametrize("breaks", ["BEGIN", "COMMIT"])
async def test_a_group_that_cannot_be_committed_is_dropped_whole_and_the_next_one_is_kept(tmp_path: Path, breaks: str) -> None:
    store, undone = SqliteStore.open(tmp_path / "s.db", connect=breakable), list[str]()
    put(store, "before")
    store.flush()
    writer(store).breaks = breaks  # type: ignore[attr-defined]
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: store.run(task_status=task_status))
        put(store, "a", undone)
        put(store, "b", undone)
        with pytest.raises(StoreError, match="disk I/O error"):
            await store.durable()
        assert undone == ["b", "a"]
        assert keys(store) == ["before"]
        assert "disk I/O" in store.failing
        assert not store.probe()
        writer(store).breaks = ""  # type: ignore[attr-defined]
        assert store.probe()
        assert store.failing == ""
        put(store, "after")
        await store.durable()
        nursery.cancel_scope.cancel()
    store.close()
    again = SqliteStore.open(tmp_path / "s.db")
    assert keys(again) == ["after", "before"]
    again.close()


def test_a_full_disk_takes_nothing_that_was_there(tmp_path: Path) -> None:
    store, undone = SqliteStore.open(tmp_path / "s.db"), list[str]()
    put(store, "before")
    store.flush()
    (pages,) = writer(store).execute("PRAGMA page_count").fetchone()
    writer(store).execute(f"PRAGMA max_page_count = {pages}")
    put(store, "big", undone, b"x" * 100_000)
    put(store, "small", undone)
    with pytest.raises(StoreError, match="full"):
        store.flush()
    assert undone == ["small", "big"]
    writer(store).execute("PRAGMA max_page_count = 100000")
    put(store, "big", undone, b"x" * 100_000)
    store.flush()
    assert keys(store) == ["before", "big"]
    store.close()


def test_what_was_queued_behind_a_group_under_way_falls_with_it(tmp_path: Path) -> None:
    store, undone = SqliteStore.open(tmp_path / "s.db"), list[str]()
    put(store, "under way", undone)
    group = store.groups._take()
    put(store, "behind", undone)
    writer(store).execute("PRAGMA query_only = 1")
    with pytest.raises(StoreError, match="readonly"):
        store.flush()
    assert undone == ["behind", "under way"]
    assert group is not None
    assert group.settled
    writer(store).execute("PRAGMA query_only = 0")
    store.close()


async def test_a_locked_database_is_waited_for_in_a_thread(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    store = SqliteStore.open(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: store.run(task_status=task_status))
        put(store, "a")
        await trio.testing.wait_all_tasks_blocked()
        assert keys(store) == ["a"]
        other.execute("ROLLBACK")
        await store.durable()
        assert other.execute("SELECT key FROM records").fetchall() == [("a",)]
        nursery.cancel_scope.cancel()
    other.close()
    store.close()


async def test_an_undo_that_fails_does_not_keep_the_others_from_running(tmp_path: Path) -> None:
    store, undone = SqliteStore.open(tmp_path / "s.db"), list[str]()
    put(store, "a", undone)
    with store.transaction(why="bad") as tx:
        tx.put("account", "b", b"x")
        tx.on_rollback(lambda: 1 / 0)
    writer(store).execute("PRAGMA query_only = 1")
    with pytest.raises(StoreError):
        await store.durable()
    assert undone == ["a"]
    writer(store).execute("PRAGMA query_only = 0")
    store.close()


async def test_a_block_that_waited_while_its_ground_was_dropped_is_refused(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "s.db")
    put(store, "ground")

    def change(tx: Transaction) -> None:
        tx.put("account", "on it", b"x")
        writer(store).execute("PRAGMA query_only = 1")
        with pytest.raises(StoreError):
            store.flush()
        writer(store).execute("PRAGMA query_only = 0")

    with pytest.raises(StoreError, match="waited"), store.transaction(why="slow") as tx:
        change(tx)
    assert keys(store) == []
    store.close()


def test_a_second_owner_is_told_who_has_it(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "s.db")
    with pytest.raises(StoreError, match=r"belongs to process \d+") as told:
        SqliteStore.open(tmp_path / "s.db")
    assert "--state" in told.value.explain
    store.close()
    SqliteStore.open(tmp_path / "s.db").close()


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    SqliteStore.open(tmp_path / "s.db").close()
    with sqlite3.connect(tmp_path / "s.db") as other:
        other.execute("INSERT INTO schema_steps VALUES (99, 'from the future')")
    with pytest.raises(StoreError, match=f"newer cgrd .its schema is at step 99, this one knows {len(STEPS)}"):
        SqliteStore.open(tmp_path / "s.db")


def test_a_file_of_an_older_version_is_brought_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sqlite3.connect(tmp_path / "s.db", isolation_level=None) as old:
        old.execute("CREATE TABLE schema_steps (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT")
        for statement in STEPS[0].statements:
            old.execute(statement)
        old.execute("INSERT INTO schema_steps VALUES (1, 'old')")
        old.execute("INSERT INTO records VALUES ('account', 'a', x'31')")
    old.close()
    store = SqliteStore.open(tmp_path / "s.db")
    assert store.get("account", "a") == b"1"
    assert store.outbox.pending("x") == []
    store.close()


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be looked at" * 30, None])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "s.db"
    if content is None:
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE mine (x)")
    else:
        path.write_bytes(content)
    with pytest.raises(StoreError, match=r"cannot open|something else"):
        SqliteStore.open(path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="missing"):
        SqliteStore.open(tmp_path / "missing" / "s.db")


WRITER = """
import sys, trio
from cgrd.store import SqliteStore
async def main():
    store = SqliteStore.open(sys.argv[1])
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: store.run(task_status=task_status))
        for number in range(10**9):
            with store.transaction(why="count") as tx:
                tx.put("count", "last", b"%d" % number)
                tx.put("count", f"{number:09d}", b"x" * 200)
            await store.durable()
            print(number, flush=True)
trio.run(main)
"""


@pytest.mark.parametrize("acknowledged", [1, 150, 700])
def test_kill_9_takes_nothing_that_was_acknowledged(tmp_path: Path, acknowledged: int) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "s.db")], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(acknowledged):
            writer.stdout.readline()
        writer.kill()
        said = writer.stdout.read().split()
    last = int(said[-1]) if said else acknowledged - 1
    store = SqliteStore.open(tmp_path / "s.db")
    written = [key for key, _ in store.scan("count")]
    kept = int(store.get("count", "last") or b"-1")
    assert kept >= last
    assert written == [*(f"{number:09d}" for number in range(kept + 1)), "last"]
    store.close()
