"""A store that is only read, also while a daemon has it open: what is committed, as it was at one moment."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import quote

from cgrd.clock import SystemClock
from cgrd.errors import StoreError
from cgrd.store.owned import OwnedStore
from cgrd.store.sqlite import declared
from cgrd.store.sqlite.driver import PATIENCE_MS, SqliteDriver, explained
from cgrd.store.tables import Table


class StoreReader(OwnedStore):
    """Reads what `SqliteStore` keeps: `get`, `scan`, `select`, `ledger`, `verify` and so on; nothing can be written.

    Args:
        path: the file.

    Attributes:
        owner: the process that has the store open, "" when none does. Changes that it has not committed (of its last milliseconds) are not seen.

    Raises:
        StoreError: there is no such file, or it is no store.
    """

    def __init__(self, path: str | Path) -> None:
        path = Path(path)
        if not path.is_file():
            raise StoreError(f"there is no store {path}", explain="name the folder of a daemon with --state")
        self.owner = _owner(path)
        try:
            super().__init__(_Reading(path), clock=SystemClock())
        except sqlite3.Error as error:
            raise explained(error, str(path)) from error


class _Reading(SqliteDriver):
    def __init__(self, path: Path) -> None:
        self.path, self.file = f"file:{quote(str(path))}?mode=rw", path.absolute()
        self._connect = partial(sqlite3.connect, uri=True)
        self.writer = self._reader = self._open()
        self._writing, self._commits, self.large = threading.Lock(), 0, 0
        self.writer.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
        self.writer.execute("PRAGMA query_only = ON")
        self.writer.execute("BEGIN")  # one moment for everything that is read

    def declare(self, table: Table) -> int:
        """Look whether the table is there with these columns; raises StoreError."""
        return declared.expect(self.writer, table)

    def entries(self) -> Iterator[tuple[int, str, str, str, str, str]]:
        """All ledger entries for verification."""
        yield from self.writer.execute("SELECT number, account, balance_uuid, before, change, after FROM ledger ORDER BY number")


def _owner(path: Path) -> str:
    """The process that holds the lock beside the file, "" when none does."""
    try:
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return os.read(lock, 32).decode(errors="replace").strip() or "unknown"
    finally:
        os.close(lock)
    return ""
