"""The embedded store: one SQLite file, no set-up."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Literal

from cgrd.clock import Clock, SystemClock
from cgrd.store.owned import OwnedStore
from cgrd.store.sqlite.driver import MEMORY, Connect, SqliteDriver, explained
from cgrd.store.sqlite.owner import OwnerLock
from cgrd.store.sqlite.schema import migrate

Durability = Literal["normal", "full"]


class SqliteStore(OwnedStore):
    """A store in an SQLite file that this process owns until `close`; see `Store`."""

    _owner: OwnerLock | None = None

    @classmethod
    def open(cls, path: str | Path, *, durability: Durability = "normal", clock: Clock | None = None, connect: Connect = sqlite3.connect) -> SqliteStore:
        """Open or make a store, and bring its schema up to date.

        Args:
            path: the file; its folder must exist.
            durability: `normal` survives SIGKILL, `full` power loss too (each commit waits for the disk).
            clock: the kernel's clock; the machine's by default.
            connect: how connections are opened, for tests.

        Raises:
            StoreError: another process owns it, a newer cgrd wrote it, or it is no store.
        """
        path = Path(path)
        owner = OwnerLock(path)
        try:
            store = cls._opened(str(path), durability=durability, clock=clock, connect=connect)
        except BaseException:
            owner.release()
            raise
        store._owner = owner
        return store

    @classmethod
    def in_memory(cls, *, clock: Clock | None = None, connect: Connect = sqlite3.connect) -> SqliteStore:
        """A store that ends with the process; for tests and trials."""
        return cls._opened(MEMORY, durability="normal", clock=clock, connect=connect)

    @classmethod
    def _opened(cls, path: str, *, durability: Durability, clock: Clock | None, connect: Connect) -> SqliteStore:
        if path != MEMORY:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        try:
            driver = SqliteDriver(path, full=durability == "full", connect=connect)
            migrate(driver.writer, path)
        except sqlite3.Error as error:
            raise explained(error, path) from error
        return cls(driver, clock=clock or SystemClock())

    def close(self) -> None:
        """Commit what is queued and let go of the file."""
        try:
            super().close()
        finally:
            if self._owner is not None:
                self._owner.release()
                self._owner = None
