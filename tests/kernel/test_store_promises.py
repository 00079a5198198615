"""Random transactions, failures, crashes and starts: what was acknowledged stays, what was rolled back never was."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cgrd.errors import Exists, StoreError
from cgrd.instants import Instant
from cgrd.store import Column, Condition, LedgerEntry, OutboxRecord, SqliteStore, Table
from cgrd.store.ledger import verified

KEYS = st.sampled_from(["a", "b", "c"])
CDRS = Table("cdrs", columns=[Column("cgrid"), Column("cost", "int")], unique=[["cgrid"]])


class Failing(sqlite3.Connection):
    """Refuses the statement that starts with `breaks`."""

    breaks = ""

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        if self.breaks and sql.startswith(self.breaks):
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(sql, *args)


class Memory:
    """What an owner holds: changed at once, put back when its change is dropped."""

    def __init__(self) -> None:
        self.records: dict[str, bytes] = {}
        self.rows: dict[str, int] = {}
        self.balance = Decimal(0)
        self.exports = 0

    def copy(self) -> Memory:
        same = Memory()
        same.records, same.rows, same.balance, same.exports = dict(self.records), dict(self.rows), self.balance, self.exports
        return same


class StoreMachine(RuleBasedStateMachine):
    """The store beside a model; `memory` is what was queued, `kept` what was acknowledged."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.memory = Memory()
        self.kept = Memory()
        self._open()

    def _open(self) -> None:
        self.store = SqliteStore.open(self.folder / "s.db", connect=lambda path, **how: sqlite3.connect(path, factory=Failing, **how))
        self.store.declare(CDRS)

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    @rule(key=KEYS, value=st.binary(max_size=3), charge=st.integers(-3, 3), raises=st.booleans(), nested=st.booleans())
    def charge(self, key: str, value: bytes, charge: int, raises: bool, nested: bool) -> None:
        before = self.memory.copy()
        try:
            with self.store.transaction(why="charge") as tx:
                tx.on_rollback(lambda: setattr(self, "memory", before))
                self._change(tx, key, value, charge)
                if nested:
                    with self.store.transaction(why="inner") as inner:
                        self._change(inner, key + key, value, 1)
                if raises:
                    raise KeyError
        except KeyError:
            pass

    def _change(self, tx: Any, key: str, value: bytes, charge: int) -> None:
        memory = self.memory = self.memory.copy()
        tx.put("record", key, value)
        memory.records[key] = value
        was, memory.balance = memory.balance, memory.balance + charge
        tx.post([_entry(was, Decimal(charge), memory.balance)])
        tx.export(OutboxRecord(exporter="csv", payload=value))
        memory.exports += 1
        try:
            tx.insert(CDRS, {"cgrid": key, "cost": charge})
        except Exists:
            assert key in memory.rows
            (row,) = self.store.select(CDRS, [Condition("cgrid", "=", key)])
            tx.update(CDRS, row["row_number"], {"cost": charge})
        memory.rows[key] = charge

    @rule(key=KEYS)
    def remove(self, key: str) -> None:
        before, self.memory = self.memory, self.memory.copy()
        with self.store.transaction(why="remove") as tx:
            tx.on_rollback(lambda: setattr(self, "memory", before))
            tx.delete("record", key)
            rows = self.store.select(CDRS, [Condition("cgrid", "=", key)])
            assert len(rows) == (key in self.memory.rows)
            for row in rows:
                tx.delete_row(CDRS, row["row_number"])
        self.memory.records.pop(key, None)
        self.memory.rows.pop(key, None)

    @rule()
    def acknowledge(self) -> None:
        self.store.flush()
        self.kept = self.memory.copy()

    @rule(breaks=st.sampled_from(["BEGIN", "COMMIT"]))
    def fail(self, breaks: str) -> None:
        pending = bool(self.store.layers())
        self.store.driver.writer.breaks = breaks  # type: ignore[attr-defined]
        try:
            self.store.flush()
            assert not pending
        except StoreError:
            assert pending
        finally:
            self.store.driver.writer.breaks = ""  # type: ignore[attr-defined]
        assert vars(self.memory) == vars(self.kept)

    @rule()
    def crash(self) -> None:
        self.store.groups.queued = None
        self.store.close()
        self.memory = self.kept.copy()
        self._open()

    @rule()
    def stop(self) -> None:
        self.store.close()
        self.kept = self.memory.copy()
        self._open()

    @invariant()
    def memory_and_store_agree(self) -> None:
        if not hasattr(self, "store"):
            return
        assert dict(self.store.scan("record")) == self.memory.records
        assert {row["cgrid"]: row["cost"] for row in self.store.select(CDRS)} == self.memory.rows
        assert self.store.count(CDRS, [Condition("cost", ">", 0)]) == sum(cost > 0 for cost in self.memory.rows.values())
        assert len(self.store.outbox.pending("csv", 1000)) == self.kept.exports
        entries = self.store.ledger()
        assert (entries[-1].after if entries else Decimal(0)) == self.memory.balance
        assert verified(self.store.driver.entries(), current={"b": self.kept.balance}).ok


def _entry(before: Decimal, change: Decimal, after: Decimal) -> LedgerEntry:
    return LedgerEntry(
        account="a",
        balance_uuid="b",
        balance_id="",
        balance_type="*monetary",
        before=before,
        change=change,
        after=after,
        why="w",
        event_id="",
        run_id="",
        at=Instant(0),
    )


TestStorePromises = StoreMachine.TestCase
TestStorePromises.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
