"""A group's changes as SQL, within the caller's transaction: one prepared statement a room, run over all its rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from functools import lru_cache
from typing import Final

from cgrd.store.changes import Changes, Delivered, Export, Failed, Hurried, Outcome
from cgrd.store.sqlite.declared import column_names, quoted, sql_name
from cgrd.store.tables import Table, Values

# A record is changed where it stands: REPLACE would take it out first, and pages that grow too empty are merged with their neighbours.
_PUT: Final = "INSERT INTO records VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value"
_DELETE: Final = "DELETE FROM records WHERE kind = ? AND key = ?"
_POST: Final = (
    "INSERT INTO ledger (account, balance_uuid, balance_id, balance_type, before, change, after, why, event_id, run_id, at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_REMEMBER: Final = "INSERT OR REPLACE INTO request_keys VALUES (?, ?, ?, ?)"
_EXPORT: Final = "INSERT INTO outbox (number, exporter, lane, order_key, payload, at) VALUES (?, ?, ?, ?, ?, ?)"
_LANE: Final = "INSERT OR IGNORE INTO outbox_lanes VALUES (?, ?, ?)"
_ATTEMPT: Final = "UPDATE outbox SET attempts = attempts + 1, error = ?, dead = (? > 0 AND attempts + 1 >= ?) WHERE number = ? AND dead = 0"
_HOLD: Final = "UPDATE outbox_lanes SET due_at = ? WHERE (exporter, lane) = (SELECT exporter, lane FROM outbox WHERE number = ? AND dead = 0)"
_REVIVE: Final = "UPDATE outbox SET attempts = 0, dead = 0 WHERE number = ? AND dead = 1"
_REVIVE_LANE: Final = "INSERT OR IGNORE INTO outbox_lanes SELECT exporter, lane, ? FROM outbox WHERE number = ?"
_HURRY: Final = "UPDATE outbox_lanes SET due_at = ? WHERE exporter = ? AND due_at > ?"
_REVIVE_LANES: Final = "INSERT OR IGNORE INTO outbox_lanes SELECT DISTINCT exporter, lane, ? FROM outbox WHERE exporter = ? AND dead = 1"
_REVIVE_ALL: Final = "UPDATE outbox SET attempts = 0, dead = 0 WHERE exporter = ? AND dead = 1"
_DROP_LANE: Final = (
    "DELETE FROM outbox_lanes AS l WHERE exporter = ? AND lane = ?"
    " AND NOT EXISTS (SELECT 1 FROM outbox AS o WHERE o.exporter = l.exporter AND o.lane = l.lane AND o.dead = 0)"
)


def write(connection: sqlite3.Connection, changes: Changes) -> None:
    """Everything a group changes."""
    if changes.records:
        _records(connection, changes)
    if changes.ledger:
        connection.executemany(_POST, changes.ledger)
    for name, rows in changes.rows.items():
        _rows(connection, changes.tables[name], rows, changes.replaced.get(name, ()))
    if changes.exports:
        _exports(connection, changes.exports)
    for number, outcome in changes.outcomes:
        _outcome(connection, number, outcome)
    if changes.remembered:
        kept = ((key, each.digest, each.answer, each.at_ns) for key, each in changes.remembered.items())
        connection.executemany(_REMEMBER, kept)


def _records(connection: sqlite3.Connection, changes: Changes) -> None:
    connection.executemany(_PUT, [(kind, key, value) for (kind, key), value in changes.records.items() if value is not None])
    gone = [names for names, value in changes.records.items() if value is None]
    if gone:
        connection.executemany(_DELETE, gone)


def _rows(connection: sqlite3.Connection, table: Table, rows: dict[int, Values | None], replaced: Collection[int]) -> None:
    # All old rows go before the new ones come: two rows may have swapped a unique value.
    if replaced:
        connection.executemany(f'DELETE FROM {sql_name(table)} WHERE "{table.number}" = ?', [(number,) for number in replaced])
    connection.executemany(_insert_sql(table), [(number, *values) for number, values in rows.items() if values is not None])


@lru_cache(256)
def _insert_sql(table: Table) -> str:
    names = column_names(table)
    return f"INSERT INTO {sql_name(table)} ({quoted(names)}) VALUES ({', '.join('?' * len(names))})"


def _exports(connection: sqlite3.Connection, exports: list[Export]) -> None:
    lanes = [(each.record.exporter, _lane(each), each.at_ns) for each in exports]
    rows = [
        (each.number, each.record.exporter, lane, each.record.order_key, each.record.payload, each.at_ns)
        for each, (_, lane, _) in zip(exports, lanes, strict=True)
    ]
    connection.executemany(_EXPORT, rows)
    connection.executemany(_LANE, lanes)


def _lane(export: Export) -> str:
    key = export.record.order_key
    return f"={key}" if key else f"#{export.number}"


def _hurry(connection: sqlite3.Connection, outcome: Hurried) -> None:
    connection.execute(_HURRY, (outcome.at_ns, outcome.exporter, outcome.at_ns))
    connection.execute(_REVIVE_LANES, (outcome.at_ns, outcome.exporter))
    connection.execute(_REVIVE_ALL, (outcome.exporter,))


def _outcome(connection: sqlite3.Connection, number: int, outcome: Outcome) -> None:
    if isinstance(outcome, Hurried):
        _hurry(connection, outcome)
        return
    if isinstance(outcome, Failed):
        connection.execute(_ATTEMPT, (outcome.error, outcome.max_attempts, outcome.max_attempts, number))
        connection.execute(_HOLD, (outcome.retry_ns, number))
    lane = connection.execute("SELECT exporter, lane FROM outbox WHERE number = ?", (number,)).fetchone()
    if lane is None:
        return
    if isinstance(outcome, Delivered):
        connection.execute("DELETE FROM outbox WHERE number = ?", (number,))
    elif not isinstance(outcome, Failed):
        connection.execute(_REVIVE, (number,))
        connection.execute(_REVIVE_LANE, (outcome.at_ns, number))
    connection.execute(_DROP_LANE, lane)
