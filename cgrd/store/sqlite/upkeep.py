"""What takes long on the store's file: a copy of all, giving back room, reading all of it. Each on a connection and a thread of its own."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Final

PIECE: Final = 1024
"""Pages (4 MiB) that are copied at a time."""
FREED: Final = 100
"""Pages given back in one transaction, which takes some milliseconds, in a large file up to fifty."""
CACHE_KIB: Final = 64 << 10
"""For compacting: SQLite goes through the list of free pages for each page that it moves, so the list should stay in memory."""
_INCREMENTAL: Final = 2


def copy(source: sqlite3.Connection, path: str, *, between: Callable[[], object]) -> None:
    """Write all of the source to an empty file, as it is when this begins.

    The transaction holds that moment: what is committed meanwhile goes into the write-ahead log, which nobody has to wait for, and is
    not copied. Without it SQLite would begin again after each commit.
    """
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as target:
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        source.backup(target, pages=PIECE, progress=lambda *_: between())
        source.execute("COMMIT")


def compact(connection: sqlite3.Connection, writing: threading.Lock, *, between: Callable[[], object]) -> None:
    """Give free pages back to the file system, a few at a time and the lock free in between."""
    if connection.execute("PRAGMA auto_vacuum").fetchone()[0] != _INCREMENTAL:
        _rebuild(connection, writing)
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    while connection.execute("PRAGMA freelist_count").fetchone()[0]:
        with writing:
            # The statement gives rows without columns, after the first of which `execute` would stop.
            connection.executescript(f"PRAGMA incremental_vacuum({FREED})")
        between()
        time.sleep(0.001)  # a lock is not fair: whoever wants to commit gets it now


def _rebuild(connection: sqlite3.Connection, writing: threading.Lock) -> None:
    """A file that was begun without the mark for pieces gets it; once, and commits wait for it."""
    with writing:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("VACUUM")


def faults(connection: sqlite3.Connection) -> str:
    """What SQLite finds wrong with the file's structure, "" when nothing is."""
    found = [text for (text,) in connection.execute("PRAGMA quick_check(5)")]
    return "" if found == ["ok"] else "; ".join(found)
