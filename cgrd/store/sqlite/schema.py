"""The tables of the store's file, as steps that each file takes once and in order; a new version of cgrd appends, never edits."""

from __future__ import annotations

import sqlite3
from typing import Final

import msgspec

from cgrd.errors import StoreError


class Step(msgspec.Struct, frozen=True):
    """One change of the schema: its name for people and its statements."""

    name: str
    statements: tuple[str, ...]


STEPS: Final = (
    Step(
        "records, ledger, request keys, declared tables",
        (
            "CREATE TABLE records (kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID",
            """CREATE TABLE ledger (
                number INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, balance_uuid TEXT NOT NULL, balance_id TEXT NOT NULL,
                balance_type TEXT NOT NULL, before TEXT NOT NULL, change TEXT NOT NULL, after TEXT NOT NULL, why TEXT NOT NULL,
                event_id TEXT NOT NULL, run_id TEXT NOT NULL, at INTEGER NOT NULL) STRICT""",
            "CREATE INDEX ledger_account ON ledger (account)",
            "CREATE TRIGGER ledger_kept BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
            "CREATE TRIGGER ledger_unchanged BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
            """CREATE TABLE request_keys (
                key TEXT PRIMARY KEY, digest BLOB NOT NULL, answer BLOB NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
            "CREATE INDEX request_keys_at ON request_keys (at)",
            "CREATE TABLE declared (name TEXT PRIMARY KEY, columns TEXT NOT NULL) STRICT, WITHOUT ROWID",
        ),
    ),
    Step(
        "outbox",
        (
            # Records of one order key share a lane, the others have one each; the lane says when its first record is due.
            """CREATE TABLE outbox (
                number INTEGER PRIMARY KEY AUTOINCREMENT, exporter TEXT NOT NULL, lane TEXT NOT NULL, order_key TEXT NOT NULL,
                payload BLOB NOT NULL, dead INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
                error TEXT NOT NULL DEFAULT '', at INTEGER NOT NULL) STRICT""",
            "CREATE INDEX outbox_lane ON outbox (exporter, lane, number) WHERE dead = 0",
            "CREATE INDEX outbox_dead ON outbox (exporter, number) WHERE dead = 1",
            """CREATE TABLE outbox_lanes (
                exporter TEXT NOT NULL, lane TEXT NOT NULL, due_at INTEGER NOT NULL, PRIMARY KEY (exporter, lane)) STRICT, WITHOUT ROWID""",
            "CREATE INDEX outbox_lanes_due ON outbox_lanes (exporter, due_at)",
        ),
    ),
    Step("probe", ("CREATE TABLE probe (one INTEGER PRIMARY KEY) STRICT",)),
    Step("the ledger by event", ("CREATE INDEX ledger_event ON ledger (event_id) WHERE event_id <> ''",)),
    # Only people ask for an account's entries, now and then; the index was a page more in each commit for each debit.
    Step("the ledger by account is read through", ("DROP INDEX ledger_account",)),
)


def migrate(connection: sqlite3.Connection, path: str, *, steps: tuple[Step, ...] = STEPS) -> None:
    """Bring a file's schema up to date, each step whole or not at all.

    Raises:
        StoreError: the file was written by a newer cgrd, or is no store.
    """
    done = _steps_taken(connection, path)
    if done > len(steps):
        text = f"{path} was written by a newer cgrd (its schema is at step {done}, this one knows {len(steps)})"
        raise StoreError(text, explain="install that version again, or restore a backup made before the upgrade")
    for number, step in enumerate(steps[done:], start=done + 1):
        _take(connection, number, step)


def _steps_taken(connection: sqlite3.Connection, path: str) -> int:
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "schema_steps" in names:
        return int(connection.execute("SELECT coalesce(max(number), 0) FROM schema_steps").fetchone()[0])
    if names:
        raise StoreError(f"{path} is an SQLite database of something else", explain="give the store a file of its own")
    connection.execute("CREATE TABLE schema_steps (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT")
    return 0


def _take(connection: sqlite3.Connection, number: int, step: Step) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in step.statements:
            connection.execute(statement)
        connection.execute("INSERT INTO schema_steps VALUES (?, ?)", (number, step.name))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
