"""A store whose disk fails when a test says so: what a plugin promises about money holds then, too."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cgrd.store import SqliteStore

if TYPE_CHECKING:
    from cgrd.clock import Clock


class Disk:
    """The disk of one store. While `broken` says why, nothing can be committed: each group is undone and answered with STORE_ERROR."""

    def __init__(self) -> None:
        self.broken = ""

    def connect(self, path: str, **options: Any) -> sqlite3.Connection:
        """How the store opens its connections."""
        disk = self

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
                if disk.broken and sql.startswith(("BEGIN", "COMMIT")):
                    raise sqlite3.OperationalError(disk.broken)
                return super().execute(sql, *args)

        return sqlite3.connect(path, factory=Connection, **options)


def store_on(disk: Disk, *, path: Path | None = None, clock: Clock | None = None) -> SqliteStore:
    """A store on that disk: in the file at `path`, or in memory."""
    return SqliteStore.in_memory(clock=clock, connect=disk.connect) if path is None else SqliteStore.open(path, clock=clock, connect=disk.connect)
