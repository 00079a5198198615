"""A store that is read beside its owner: what is committed, at one moment, and nothing written."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from cgrd.errors import StoreError
from cgrd.instants import Instant
from cgrd.store import Column, LedgerEntry, SqliteStore, StoreReader, Table

CALLS = Table("calls", columns=[Column("name")], unique=[("name",)])


def post(store: SqliteStore, before: int, change: int) -> None:
    with store.transaction(why="test") as tx:
        names = {"account": "t:1001", "balance_uuid": "u", "balance_id": "main", "balance_type": "*monetary", "why": "test", "event_id": "c1", "run_id": ""}
        tx.post([LedgerEntry(**names, before=Decimal(before), change=Decimal(change), after=Decimal(before + change), at=Instant(1))])


def test_what_is_committed_is_read_while_the_owner_goes_on(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "cgrd.sqlite")
    store.declare(CALLS)
    post(store, 0, 5)
    store.flush()
    post(store, 5, -1)  # queued
    reader = StoreReader(tmp_path / "cgrd.sqlite")
    assert reader.owner.isdigit()
    reader.declare(CALLS)
    assert reader.select(CALLS) == []
    assert [entry.after for entry in reader.ledger(account="t:1001")] == [5]
    store.flush()
    assert [entry.after for entry in reader.ledger()] == [5]  # still the same moment
    reader.driver.close()
    reader = StoreReader(tmp_path / "cgrd.sqlite")
    assert [entry.after for entry in reader.ledger()] == [5, 4]
    reader.driver.close()
    store.close()
    reader = StoreReader(tmp_path / "cgrd.sqlite")
    assert reader.owner == ""
    reader.driver.close()


async def test_the_ledger_is_proved_beside_its_owner(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "cgrd.sqlite")
    post(store, 0, 5)
    store.flush()
    reader = StoreReader(tmp_path / "cgrd.sqlite")
    report = await reader.verify()
    assert (report.ok, report.entries) == (True, 1)
    reader.driver.close()
    store.close()


def test_a_reader_writes_nothing(tmp_path: Path) -> None:
    SqliteStore.open(tmp_path / "cgrd.sqlite").close()
    reader = StoreReader(tmp_path / "cgrd.sqlite")
    with pytest.raises(StoreError, match="the store has no table calls"):
        reader.declare(CALLS)
    with reader.transaction(why="test") as tx:
        tx.put("Kind", "key", b"1")
    with pytest.raises(StoreError):
        reader.flush()
    reader.driver.close()


def test_what_is_no_store_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        StoreReader(tmp_path / "none.sqlite")
    (tmp_path / "text.sqlite").write_text("text" * 1000)
    with pytest.raises(StoreError, match="cannot open"):
        StoreReader(tmp_path / "text.sqlite")
    sqlite3.connect(tmp_path / "other.sqlite").execute("CREATE TABLE other (one)").connection.close()
    with pytest.raises(StoreError, match="cannot open"):
        StoreReader(tmp_path / "other.sqlite")
