"""The ledger: every change of a balance, and the proof that they add up."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgrd.errors import Wrong
from cgrd.instants import Instant
from cgrd.store import LedgerEntry, SqliteStore
from cgrd.store.ledger import verified


def entry(before: str, change: str, after: str, *, uuid: str = "b1", account: str = "cgrates.org:1001", at: int = 0) -> LedgerEntry:
    return LedgerEntry(
        account=account,
        balance_uuid=uuid,
        balance_id="main",
        balance_type="*monetary",
        before=Decimal(before),
        change=Decimal(change),
        after=Decimal(after),
        why="Responder.Debit",
        event_id="e1",
        run_id="*default",
        at=Instant(at),
    )


def post(store: SqliteStore, *entries: LedgerEntry) -> None:
    with store.transaction(why="test") as tx:
        tx.post(entries)


async def test_entries_come_back_exact_and_in_order_queued_or_not() -> None:
    store = SqliteStore.in_memory()
    first = entry("0", "10.00000000000000000000000000001", "10.00000000000000000000000000001", at=5)
    second = entry("10.00000000000000000000000000001", "-10", "0.00000000000000000000000000001", at=6)
    post(store, first)
    store.flush()
    post(store, second, entry("0", "1", "1", uuid="b2", account="cgrates.org:1002", at=7))
    assert store.ledger(account="cgrates.org:1001") == [first, second]
    assert store.ledger(account="cgrates.org:1001", newest_first=True, limit=1) == [second]
    assert store.ledger(since=Instant(6), limit=1) == [second]
    assert (await store.verify()).ok


def test_an_entry_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(Wrong, match=r"0\.1 \+ 0\.2 is not 0\.31"):
        post(SqliteStore.in_memory(), entry("0.1", "0.2", "0.31"))


def test_nobody_changes_the_ledger(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "s.db")
    post(store, entry("0", "1", "1"))
    store.close()
    with sqlite3.connect(tmp_path / "s.db") as other:
        for statement in ("UPDATE ledger SET after = '2'", "DELETE FROM ledger"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                other.execute(statement)


async def test_verification_names_broken_chains_and_accounts_that_hold_something_else(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "s.db")
    post(store, entry("0", "5", "5"), entry("4", "1", "5"), entry("0", "2", "2", uuid="b2"))
    report = await store.verify({"b1": Decimal(5), "b3": Decimal(1)})
    assert (report.entries, report.balances, report.ok) == (3, 2, False)
    assert [(fault.balance_uuid, fault.entry) for fault in report.faults] == [("b1", 2), ("b3", 0), ("b2", 0)]
    assert "starts from 4, the entry before it ended at 5" in report.faults[0].text
    store.close()


@given(st.lists(st.tuples(st.sampled_from(["b1", "b2"]), st.decimals(-(10**9), 10**9, places=9)), max_size=30))
def test_what_was_posted_honestly_verifies(moves: list[tuple[str, Decimal]]) -> None:
    left: dict[str, Decimal] = {}
    rows = []
    for number, (uuid, change) in enumerate(moves):
        before = left.get(uuid, Decimal(0))
        left[uuid] = before + change
        rows.append((number, "a", uuid, str(before), str(change), str(left[uuid])))
    assert verified(rows, current=left).ok
    if rows:
        assert not verified(rows, current={**left, moves[0][0]: left[moves[0][0]] + 1}).ok
        number, account, uuid, before_text, _, after = rows[-1]
        assert not verified([*rows[:-1], (number, account, uuid, before_text, "1E+12", after)]).ok
