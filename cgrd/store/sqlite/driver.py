"""The store in one SQLite file: a connection that writes, one that reads beside it, and others for what takes long."""

from __future__ import annotations

import contextlib
import functools
import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from cgrd.errors import StoreError
from cgrd.store.changes import Changes, Remembered
from cgrd.store.conditions import Check, json_field
from cgrd.store.driver import DatabaseBusy, Order, Waiting
from cgrd.store.ledger import Posted
from cgrd.store.sqlite import declared, exports, upkeep
from cgrd.store.sqlite.query import order_sql, where_sql
from cgrd.store.sqlite.writes import write
from cgrd.store.tables import Table, Values

MEMORY: Final = ":memory:"
LARGE: Final = 500
"""Statements that the event loop's thread commits itself, about 2 ms worth."""
PATIENCE_MS: Final = 5_000
LOG_DUE: Final = 8 << 10
"""Rows written after which the write-ahead log is copied into the file: a page that changes often is copied once."""
LOG_MOST: Final = 64 << 20
"""Bytes of a write-ahead log that are kept and written over when it was copied, which costs the system less than to let it grow anew."""

CACHED_KIB: Final = 16 << 10
"""Pages that the writing connection keeps in memory: those of the indexes that every record touches."""

Connect = Callable[..., sqlite3.Connection]
_POSTED: Final = "account, balance_uuid, balance_id, balance_type, before, change, after, why, event_id, run_id, at"
_MOST_ROWS: Final = 2**63 - 1


class SqliteDriver:
    """See `Driver`.

    Args:
        path: the file, or ":memory:".
        full: wait for the disk at each commit, so that power loss takes nothing; else only SIGKILL takes nothing.
        connect: how a connection is opened, `sqlite3.connect` but for tests that break it.
    """

    def __init__(self, path: str, *, full: bool = False, connect: Connect = sqlite3.connect) -> None:
        self.path = path
        self.file = None if path == MEMORY else Path(path).absolute()
        self._connect = connect
        self._writing = threading.Lock()
        memory = path == MEMORY
        self.large = sys.maxsize if memory else 0 if full else LARGE
        self.writer = self._open()
        # Before anything is in the file: it can then be made smaller in pieces (`compact`).
        self.writer.execute("PRAGMA auto_vacuum = INCREMENTAL")
        self.writer.execute("PRAGMA journal_mode = WAL")
        self.writer.execute(f"PRAGMA synchronous = {'FULL' if full else 'NORMAL'}")
        self.writer.execute("PRAGMA wal_autocheckpoint = 0")
        # What is deleted is wiped where its page is written anyway; Debian's SQLite would write free pages only to wipe them.
        self.writer.execute("PRAGMA secure_delete = FAST")
        self.writer.execute(f"PRAGMA cache_size = -{CACHED_KIB}")
        self._reader = self.writer if memory else self._open()
        self._commits = self._copied = 0

    def _open(self) -> sqlite3.Connection:
        connection = self._connect(self.path, isolation_level=None, check_same_thread=False, timeout=0, cached_statements=512)
        connection.create_collation("decimal", _compare_decimals)
        connection.create_function("json_field", 2, json_field, deterministic=True)
        return connection

    def apply(self, changes: Changes, *, patient: bool) -> None:
        """Commit all of it or nothing."""
        if not self._writing.acquire(blocking=patient):
            raise DatabaseBusy("housekeeping is writing")
        try:
            with self._transaction(patient=patient):
                write(self.writer, changes)
        finally:
            self._writing.release()
        self._commits += 1

    @contextlib.contextmanager
    def _transaction(self, *, patient: bool = True) -> Iterator[None]:
        self._begin(patient=patient)
        try:
            yield
            self.writer.execute("COMMIT")
        except BaseException:
            # On a full disk SQLite has rolled back by itself.
            if self.writer.in_transaction:
                self.writer.execute("ROLLBACK")
            raise

    def _begin(self, *, patient: bool) -> None:
        if patient:
            self.writer.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
        try:
            self.writer.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                raise DatabaseBusy(f"another process is writing to {self.path}") from error
            raise
        finally:
            if patient:
                self.writer.execute("PRAGMA busy_timeout = 0")

    def probe(self) -> None:
        """Write something harmless."""
        with self._writing, self._transaction(patient=False):
            self.writer.execute("INSERT OR REPLACE INTO probe VALUES (1)")

    def _all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        # The connection that writes knows its pages; the other one has to read them anew after each commit.
        if self._writing.acquire(blocking=self._reader is self.writer):
            try:
                return self.writer.execute(sql, parameters).fetchall()
            finally:
                self._writing.release()
        return self._reader.execute(sql, parameters).fetchall()

    def _one(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        rows = self._all(sql, parameters)
        return rows[0] if rows else None

    def get(self, kind: str, key: str) -> bytes | None:
        """A record."""
        row = self._one("SELECT value FROM records WHERE kind = ? AND key = ?", (kind, key))
        return row[0] if row else None

    def page(self, kind: str, *, prefix: str, after: str | None, limit: int) -> list[tuple[str, bytes]]:
        """Records of a kind by key."""
        start, compare = (prefix, ">=") if after is None else (after, ">")
        rows = self._all(f"SELECT key, value FROM records WHERE kind = ? AND key {compare} ? ORDER BY key LIMIT ?", (kind, start, limit))
        return [row for row in rows if row[0].startswith(prefix)]

    def declare(self, table: Table) -> int:
        """Make or widen a table."""
        with self._writing, self._transaction():
            return declared.declare(self.writer, table)

    def holder(self, table: Table, unique: int, values: Values) -> int | None:
        """The number of a row that holds a unique value, or begins as it does."""
        rows = self._all(_holder_sql(table, unique, len(values)), values)
        return rows[0][0] if rows else None

    def select(
        self, table: Table, where: Sequence[Check], *, order: Sequence[Order], limit: int | None, offset: int, without: Collection[int]
    ) -> list[tuple[int, Values]]:
        """Rows that meet all checks."""
        condition, parameters = where_sql(table, where, without=without)
        names = declared.quoted(declared.column_names(table))
        sql = f"SELECT {names} FROM {declared.sql_name(table)}{condition}{order_sql(table, order)} LIMIT ? OFFSET ?"
        rows = self._all(sql, [*parameters, -1 if limit is None else _bounded(limit), _bounded(offset)])
        return [(row[0], row[1:]) for row in rows]

    def count(self, table: Table, where: Sequence[Check], *, without: Collection[int]) -> int:
        """How many rows meet all checks."""
        condition, parameters = where_sql(table, where, without=without)
        return int(self._one(f"SELECT count(*) FROM {declared.sql_name(table)}{condition}", parameters)[0])

    def posted(self, *, account: str | None, event: str | None, since_ns: int | None, limit: int | None, newest_first: bool) -> list[Posted]:
        """Ledger entries."""
        # The index leaves out entries of no event; only so can SQLite tell that it may be used.
        wanted = [("account = ?", account), ("event_id = ? AND event_id <> ''", event), ("at >= ?", since_ns)]
        asked = [(sql, value) for sql, value in wanted if value is not None]
        condition = " WHERE " + " AND ".join(sql for sql, _ in asked) if asked else ""
        sql = f"SELECT {_POSTED} FROM ledger{condition} ORDER BY number {'DESC' if newest_first else 'ASC'} LIMIT ?"
        return self._all(sql, [*(value for _, value in asked), -1 if limit is None else limit])

    def entries(self) -> Iterator[tuple[int, str, str, str, str, str]]:
        """All ledger entries for verification."""
        sql = "SELECT number, account, balance_uuid, before, change, after FROM ledger ORDER BY number"
        if self._reader is self.writer:
            yield from self._all(sql)
            return
        with contextlib.closing(self._open()) as connection:
            yield from connection.execute(sql)

    def remembered(self, key: str) -> Remembered | None:
        """What is kept under a request key."""
        row = self._one("SELECT digest, answer, at FROM request_keys WHERE key = ?", (key,))
        return Remembered(*row) if row else None

    def remembered_count(self) -> int:
        """How many request keys are kept."""
        return int(self._one("SELECT count(*) FROM request_keys")[0])

    def purge(self, *, before_ns: int, keep: int, at_most: int) -> int:
        """Drop old request keys."""
        oldest = "DELETE FROM request_keys WHERE key IN (SELECT key FROM request_keys WHERE at <= ? ORDER BY at LIMIT ?)"
        excess = max(0, self.remembered_count() - keep)
        with self._writing, self._transaction():
            gone = self.writer.execute(oldest, (before_ns, at_most)).rowcount
            left = min(at_most - gone, excess - gone)
            return gone + (self.writer.execute(oldest, ((1 << 63) - 1, left)).rowcount if left > 0 else 0)

    def next_export(self) -> int:
        """The first outbox number that was never used."""
        return int(self._one("SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'outbox'")[0])

    def waiting(self, exporter: str, *, due_ns: int, limit: int, delivered: Collection[int], failed: Collection[int]) -> list[Waiting]:
        """Records due."""
        return exports.waiting(self._all, exporter, due_ns=due_ns, limit=limit, delivered=delivered, failed=failed)

    def next_due(self, exporter: str, *, after_ns: int) -> int | None:
        """When the earliest waiting record is due."""
        due: int | None = self._one("SELECT min(due_at) FROM outbox_lanes WHERE exporter = ? AND due_at > ?", (exporter, after_ns))[0]
        return due

    def dead(self, exporter: str | None, *, limit: int) -> list[Waiting]:
        """Records that were given up."""
        return exports.dead(self._all, exporter, limit=limit)

    def backlog(self) -> dict[str, tuple[int, int]]:
        """By exporter, how many records wait and how many are dead."""
        rows = self._all("SELECT exporter, count(*) - sum(dead), sum(dead) FROM outbox GROUP BY exporter")
        return {exporter: (waiting, dead) for exporter, waiting, dead in rows}

    def checkpoint_due(self) -> bool:
        """Whether the write-ahead log has grown."""
        if self._commits & 15 or self._reader is self.writer:
            return False
        return self.writer.total_changes - self._copied > LOG_DUE or self._log_is_large()

    def _log_is_large(self) -> bool:
        with contextlib.suppress(FileNotFoundError):
            return os.stat(self.path + "-wal").st_size > LOG_MOST
        return False

    def checkpoint(self, *, emptied: bool = False) -> None:
        """Copy the write-ahead log into the file, most of it beside the writer; only for the rest it has to wait."""
        with self._beside() as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            with self._writing:
                self._copied = self.writer.total_changes
                connection.execute(f"PRAGMA wal_checkpoint({'TRUNCATE' if emptied or self._log_is_large() else 'RESTART'})")

    @contextlib.contextmanager
    def _beside(self) -> Iterator[sqlite3.Connection]:
        """A connection for what takes long.

        Raises:
            StoreError: what SQLite says.
        """
        try:
            with contextlib.closing(self._open()) as connection:
                yield connection
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}", explain="it was tried beside the daemon's work, which goes on; it may be repeated") from error

    @property
    def schema(self) -> int:
        """The number of the schema's last step."""
        return int(self._one("SELECT max(number) FROM schema_steps")[0])

    def copy(self, path: str, *, between: Callable[[], object]) -> None:
        """Write what is committed now to another file."""
        with self._beside() as connection:
            upkeep.copy(connection, path, between=between)

    def compact(self, *, between: Callable[[], object]) -> None:
        """Give back the room of what was deleted."""
        with self._beside() as connection:
            upkeep.compact(connection, self._writing, between=between)
        self.checkpoint(emptied=True)

    def sound(self) -> str:
        """What is wrong with the file."""
        with self._beside() as connection:
            return upkeep.faults(connection)

    def close(self) -> None:
        """Let go of the database."""
        if self._reader is not self.writer:
            self._reader.close()
        self.writer.close()


@functools.cache
def _holder_sql(table: Table, unique: int, count: int) -> str:
    names = " AND ".join(f'"{name}" = ?' for name in table.unique[unique][:count])
    return f'SELECT "{table.number}" FROM {declared.sql_name(table)} WHERE {names} LIMIT 1'


def _bounded(number: int) -> int:
    """A number of rows as SQLite takes it, whatever a client asked for."""
    return max(-1, min(number, _MOST_ROWS))


def _compare_decimals(one: str, other: str) -> int:
    a, b = Decimal(one), Decimal(other)
    return (a > b) - (a < b)


def explained(error: sqlite3.Error, path: str) -> StoreError:
    """What to tell whoever wanted to open the file."""
    return StoreError(f"cannot open {path}: {error}", explain="it must be a store that cgrd made, in a folder that exists and is writable")
