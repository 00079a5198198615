"""What transactions have collected and a group commits: the changes of each room of the store, merged so that the last one wins."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from cgrd.store.ledger import Posted
from cgrd.store.tables import Table, Values

Claim = tuple[str, int, Values]


class OutboxRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Something for the outside world.

    Args:
        exporter: who delivers it.
        payload: what is delivered, opaque to the store.
        order_key: records of one exporter with the same key are delivered in the order they were made; "" has no order.
    """

    exporter: str
    payload: bytes
    order_key: str = ""


class Export(msgspec.Struct, frozen=True):
    """A record with its number and the unix nanoseconds it was made at."""

    number: int
    record: OutboxRecord
    at_ns: int


class Delivered(msgspec.Struct, frozen=True):
    """The receiver has acknowledged a record: it goes."""


class Failed(msgspec.Struct, frozen=True):
    """An attempt failed: once more at `retry_ns`, or dead when it was the last of `max_attempts` (0: never)."""

    error: str
    retry_ns: int
    max_attempts: int


class Requeued(msgspec.Struct, frozen=True):
    """An operator sends a dead record again."""

    at_ns: int


class Hurried(msgspec.Struct, frozen=True):
    """An operator sends all of an exporter's records now, those that wait for their retry and the dead; it stands under number 0."""

    exporter: str
    at_ns: int


Outcome = Delivered | Failed | Requeued | Hurried


class Remembered(msgspec.Struct, frozen=True):
    """An answer under a request key, with the digest of the request's body and unix nanoseconds."""

    digest: bytes
    answer: bytes
    at_ns: int


class Changes:
    """Everything that one transaction, or one group of them, changes.

    `rows` holds whole rows by table and number, None for deleted ones; `replaced` the numbers among them that the database may
    hold already; `claims` who holds a unique value now (None: nobody any more). `undo` are the callbacks of a rollback, oldest first.
    """

    __slots__ = ("claims", "exports", "ledger", "outcomes", "records", "remembered", "replaced", "rows", "tables", "undo")

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], bytes | None] = {}
        self.ledger: list[Posted] = []
        self.tables: dict[str, Table] = {}
        self.rows: dict[str, dict[int, Values | None]] = {}
        self.replaced: dict[str, set[int]] = {}
        self.claims: dict[Claim, int | None] = {}
        self.exports: list[Export] = []
        self.outcomes: list[tuple[int, Outcome]] = []
        self.remembered: dict[str, Remembered] = {}
        self.undo: list[Callable[[], object]] = []

    @property
    def size(self) -> int:
        """About how many statements it takes."""
        fixed = len(self.records) + len(self.ledger) + len(self.exports) + len(self.outcomes) + len(self.remembered)
        return fixed + sum(map(len, self.rows.values())) if self.rows else fixed

    @property
    def empty(self) -> bool:
        """Whether nothing was changed, in memory neither."""
        return not (self.undo or self.records or self.rows or self.ledger or self.exports or self.remembered or self.outcomes)

    def row(self, table: Table, number: int, values: Values | None, *, replaces: bool) -> None:
        """Set a row, or delete it (None)."""
        self.tables[table.name] = table
        self.rows.setdefault(table.name, {})[number] = values
        if replaces:
            self.replaced.setdefault(table.name, set()).add(number)

    def merge(self, later: Changes) -> None:
        """Take in changes made after these. Most have a few kinds of them only."""
        if later.records:
            self.records.update(later.records)
        if later.ledger:
            self.ledger += later.ledger
        if later.exports:
            self.exports += later.exports
        if later.outcomes:
            self.outcomes += later.outcomes
        if later.remembered:
            self.remembered.update(later.remembered)
        if later.undo:
            self.undo += later.undo
        if later.rows:
            self._merge_rows(later)

    def _merge_rows(self, later: Changes) -> None:
        self.tables.update(later.tables)
        self.claims.update(later.claims)
        for name, rows in later.rows.items():
            self.rows.setdefault(name, {}).update(rows)
        for name, numbers in later.replaced.items():
            self.replaced.setdefault(name, set()).update(numbers)
