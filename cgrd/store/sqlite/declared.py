"""Declared tables in SQLite: made, widened, never narrowed; their indexes are those that are declared."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from cgrd import codec
from cgrd.errors import StoreError
from cgrd.store.tables import Table

_TYPES: Final = {"text": "TEXT", "int": "INTEGER", "decimal": "TEXT", "instant": "TEXT", "json": "TEXT"}


def sql_name(table: Table) -> str:
    """The table's quoted name; apart from the store's own ones."""
    return f'"t_{table.name}"'


def quoted(names: Sequence[str]) -> str:
    """Column names as a list."""
    return ", ".join(f'"{name}"' for name in names)


def declare(connection: sqlite3.Connection, table: Table) -> int:
    """Make the table or add what it lacks, in the caller's transaction; the first number never used.

    Raises:
        StoreError: a column has another type there, or rows that are there break a new unique.
    """
    known = _known(connection, table)
    if not known:
        _create(connection, table)
    for column in table.columns:
        if known and column.name not in known:
            connection.execute(f'ALTER TABLE {sql_name(table)} ADD COLUMN "{column.name}" {_TYPES[column.type]}')
    kept = {**known, **{column.name: column.type for column in table.columns}}
    connection.execute("INSERT OR REPLACE INTO declared VALUES (?, ?)", (table.name, codec.encode(kept).decode()))
    _index(connection, table)
    (used,) = connection.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?", (f"t_{table.name}",)).fetchone()
    return int(used) + 1


def expect(connection: sqlite3.Connection, table: Table) -> int:
    """The first number of a table that is only read, 0: nothing is added.

    Raises:
        StoreError: the database has no such table, or lacks a column.
    """
    known = _known(connection, table)
    if lacking := [column.name for column in table.columns if column.name not in known]:
        raise StoreError(f"the store has no table {table.name} with {' '.join(lacking)}", explain="nothing of that kind was ever kept there")
    return 0


def _known(connection: sqlite3.Connection, table: Table) -> dict[str, str]:
    row = connection.execute("SELECT columns FROM declared WHERE name = ?", (table.name,)).fetchone()
    known: dict[str, str] = codec.decode(row[0]) if row else {}
    for column in table.columns:
        if known.get(column.name, column.type) != column.type:
            text = f"table {table.name}: column {column.name} is {known[column.name]} in the database, {column.type} in the declaration"
            raise StoreError(text, explain="a column keeps its type for ever; declare a new column under another name")
    return known


def _create(connection: sqlite3.Connection, table: Table) -> None:
    columns = "".join(f', "{column.name}" {_TYPES[column.type]}' for column in table.columns)
    connection.execute(f'CREATE TABLE {sql_name(table)} ("{table.number}" INTEGER PRIMARY KEY AUTOINCREMENT{columns}) STRICT')


def _index(connection: sqlite3.Connection, table: Table) -> None:
    wanted = {_index_name(table, "i", names): ("INDEX", names) for names in table.indexes}
    wanted |= {_index_name(table, "u", names): ("UNIQUE INDEX", names) for names in table.unique}
    # One of ours that is declared no more would still be written with each row; what an operator has made stays.
    ours = tuple(_index_name(table, prefix, [""]) for prefix in "iu")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ?", (f"t_{table.name}",)).fetchall():
        if name.startswith(ours) and name not in wanted:
            connection.execute(f'DROP INDEX "{name}"')
    for name, (kind, names) in wanted.items():
        try:
            connection.execute(f'CREATE {kind} IF NOT EXISTS "{name}" ON {sql_name(table)} ({quoted(names)})')
        except sqlite3.IntegrityError as error:
            text = f"table {table.name}: rows share {' '.join(names)}, which is to be unique now"
            raise StoreError(text, explain="remove the doubles first") from error


def _index_name(table: Table, prefix: str, names: Sequence[str]) -> str:
    return f"{prefix}_{table.name}_{'_'.join(names)}"


def column_names(table: Table) -> tuple[str, ...]:
    """All columns of a row, its number first."""
    return (table.number, *(column.name for column in table.columns))
