"""Copies, compaction and checks of the store's file, beside a daemon that works on."""

from __future__ import annotations

import sqlite3
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
import trio

from cgrd.durations import SECOND
from cgrd.errors import CgrdError, ServerError
from cgrd.store import SqliteStore
from cgrd.store.sqlite import upkeep as pieces
from cgrd.testing.clock import VirtualClock


def put(store: SqliteStore, key: str, value: bytes = b"x") -> None:
    with store.transaction(why=f"put {key}") as tx:
        tx.put("account", key, value)


def delete(store: SqliteStore, *keys: str) -> None:
    with store.transaction(why="delete") as tx:
        for key in keys:
            tx.delete("account", key)


def keys(path: Path) -> list[str]:
    """What a store that is opened on this file holds."""
    store = SqliteStore.open(path)
    found = [key for key, _ in store.scan("account")]
    store.close()
    return found


async def test_a_backup_holds_what_was_answered_and_a_store_opens_on_it(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "cgrd.sqlite")
    put(store, "1001")
    made = await store.upkeep.backup("backup")
    put(store, "later")
    store.close()
    assert made.parent == tmp_path / "backup"
    assert [file.name for file in made.iterdir()] == ["cgrd.sqlite"]
    assert keys(made / "cgrd.sqlite") == ["1001"]
    assert keys(tmp_path / "cgrd.sqlite") == ["1001", "later"]


async def test_a_zipped_backup_unpacks_to_a_store(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "cgrd.sqlite")
    put(store, "1001")
    made = await store.upkeep.backup(str(tmp_path / "out"), zipped=True)
    store.close()
    assert list((tmp_path / "out").iterdir()) == [made]
    zipfile.ZipFile(made).extractall(tmp_path / "restored")
    assert keys(tmp_path / "restored" / "cgrd.sqlite") == ["1001"]


async def test_a_backup_is_for_its_owner_s_eyes_and_every_one_has_its_own_name(tmp_path: Path) -> None:
    clock = VirtualClock()
    store = SqliteStore.open(tmp_path / "cgrd.sqlite", clock=clock)
    made = [await store.upkeep.backup("backup", zipped=zipped) for zipped in (False, False, True)]
    store.close()
    assert len(set(made)) == 3
    assert stat.S_IMODE((made[0] / "cgrd.sqlite").stat().st_mode) == 0o600
    assert stat.S_IMODE(made[2].stat().st_mode) == 0o600


async def test_what_is_committed_while_it_is_copied_does_not_tear_the_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECE", 1)
    store = SqliteStore.open(tmp_path / "cgrd.sqlite")
    for number in range(200):
        put(store, f"{number:03}", b"x" * 2000)
    copy = store.driver.copy
    added = iter(range(200, 10_000))

    def disturbed(path: str, *, between: Any) -> None:
        def meanwhile() -> None:
            trio.from_thread.run_sync(put, store, f"{next(added)}", b"y" * 2000)
            trio.from_thread.run(store.groups.settled)

        copy(path, between=meanwhile)

    monkeypatch.setattr(store.driver, "copy", disturbed)
    async with trio.open_nursery() as nursery:
        await nursery.start(store.run)
        made = await store.upkeep.backup("backup")
        nursery.cancel_scope.cancel()
    store.close()
    assert keys(made / "cgrd.sqlite") == [f"{number:03}" for number in range(200)]
    assert next(added) > 250, "commits went on"


async def test_a_backup_that_is_given_up_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteStore.open(tmp_path / "cgrd.sqlite")
    put(store, "1001")
    with trio.CancelScope() as scope:
        monkeypatch.setattr(pieces, "copy", lambda *_, between: (trio.from_thread.run_sync(scope.cancel), between()))
        await store.upkeep.backup("backup")
    store.close()
    assert scope.cancelled_caught
    assert list((tmp_path / "backup").iterdir()) == []


@pytest.mark.parametrize("folder", ["/proc/nowhere", "file/in", "nul\0l", "x" * 300])
async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("")
    store = SqliteStore.open(tmp_path / "cgrd.sqlite")
    with pytest.raises(ServerError, match="cannot back up to"):
        await store.upkeep.backup(folder)
    store.close()


async def test_a_store_in_memory_says_that_it_is_no_file() -> None:
    store = SqliteStore.in_memory()
    for work in (store.upkeep.backup("backup"), store.upkeep.dump(), store.upkeep.compact(), store.upkeep.check()):
        with pytest.raises(CgrdError, match="NOT_IMPLEMENTED") as told:
            await work
        assert "no file" in told.value.explain
    store.close()


async def test_a_dump_brings_all_into_the_one_file(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "cgrd.sqlite")
    put(store, "1001")
    await store.upkeep.dump()
    assert (tmp_path / "cgrd.sqlite-wal").stat().st_size == 0
    alone = sqlite3.connect(f"file:{tmp_path}/cgrd.sqlite?immutable=1", uri=True)
    assert alone.execute("SELECT key FROM records").fetchall() == [("1001",)]
    alone.close()
    store.close()


@pytest.mark.parametrize("mark", [True, False])
async def test_a_compacted_file_is_smaller_and_holds_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: bool) -> None:
    path = tmp_path / "cgrd.sqlite"
    if not mark:  # as a file is that another version has begun
        begun = sqlite3.connect(path)
        begun.execute("PRAGMA journal_mode = WAL")
        begun.close()
    store = SqliteStore.open(path)
    for number in range(300):
        put(store, f"{number:03}", b"x" * 5000)
    await store.upkeep.dump()
    before = path.stat().st_size
    delete(store, *(f"{number:03}" for number in range(290)))
    await store.groups.settled()
    pieces_of: list[None] = []
    compact = store.driver.compact
    monkeypatch.setattr(store.driver, "compact", lambda *, between: compact(between=lambda: pieces_of.append(None)))
    await store.upkeep.compact()
    assert len(pieces_of) < 20
    assert path.stat().st_size < before / 4
    await store.upkeep.check()
    store.close()
    assert keys(path) == [f"{number:03}" for number in range(290, 300)]


async def test_commits_go_on_between_the_pieces_of_a_compaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "FREED", 5)
    store = SqliteStore.open(tmp_path / "cgrd.sqlite")
    for number in range(100):
        put(store, f"{number:03}", b"x" * 5000)
    store.flush()
    delete(store, *(f"{number:03}" for number in range(100)))
    store.flush()
    compact, added = store.driver.compact, iter(range(10_000))

    def disturbed(*, between: Any) -> None:
        def meanwhile() -> None:
            trio.from_thread.run_sync(put, store, f"new{next(added):04}")
            trio.from_thread.run(store.groups.settled)

        compact(between=meanwhile)

    monkeypatch.setattr(store.driver, "compact", disturbed)
    async with trio.open_nursery() as nursery:
        await nursery.start(store.run)
        await store.upkeep.compact()
        nursery.cancel_scope.cancel()
    store.close()
    assert next(added) > 10
    assert len(keys(tmp_path / "cgrd.sqlite")) > 10


async def test_a_damaged_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "cgrd.sqlite"
    store = SqliteStore.open(path)
    for number in range(300):
        put(store, f"{number:03}", b"x" * 2000)
    store.close()
    octets = bytearray(path.read_bytes())
    octets[-40_000:-20_000] = b"\xff" * 20_000
    path.write_bytes(octets)
    store = SqliteStore.open(path)
    with pytest.raises(ServerError, match="is damaged"):
        await store.upkeep.check()
    store.close()


async def test_a_hurried_exporter_s_records_are_due_at_once_the_dead_ones_too() -> None:
    from cgrd.store import OutboxRecord

    clock = VirtualClock()
    store = SqliteStore.in_memory(clock=clock)
    with store.transaction(why="test") as tx:
        for exporter, payload in (("csv", b"waits"), ("csv", b"dead"), ("http", b"other")):
            tx.export(OutboxRecord(exporter=exporter, payload=payload))
    store.flush()
    waits, dead = store.outbox.pending("csv")
    store.outbox.failed(waits, "no route", retry_ns=clock.now_ns() + 600 * SECOND)
    store.outbox.failed(dead, "no route", max_attempts=1)
    store.outbox.failed(store.outbox.pending("http")[0], "no route", retry_ns=clock.now_ns() + 600 * SECOND)
    store.flush()
    assert store.outbox.pending("csv") == []
    store.outbox.hurry("csv")
    store.flush()
    assert [(record.payload, record.attempts) for record in store.outbox.pending("csv")] == [(b"waits", 1), (b"dead", 0)]
    assert store.outbox.pending("http") == []
    store.close()
