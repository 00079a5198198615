"""What a database must do for the store; all SQL lives behind it.

A driver knows no transactions of requests, no locks and no order of groups: it commits one `Changes` at a time, atomically, and
answers about what is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from cgrd.errors import StoreError
from cgrd.store.changes import Changes, Remembered
from cgrd.store.conditions import Check
from cgrd.store.ledger import Posted
from cgrd.store.tables import Table, Values


class DatabaseBusy(StoreError):
    """Another process is writing to the database; waiting may help."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A record of the outbox: its number, when it was made (unix ns), how often it was tried and what went wrong last."""

    number: int
    exporter: str
    payload: bytes
    order_key: str
    attempts: int
    at_ns: int
    error: str


class Order(msgspec.Struct, frozen=True):
    """One column to sort by: `at` is its place in a row's values (-1 the number), `kind` how it compares."""

    column: str
    at: int
    kind: str
    descending: bool


class Driver(Protocol):
    """A database that keeps one store. Every call comes from the event loop's thread, but `apply`, `purge`, `entries` and those about the file."""

    large: int
    """Statements beyond which a commit belongs in a thread: 0 where each one waits for a disk or a network."""

    file: Path | None
    """Where all of it is; None where it is no file."""

    @property
    def schema(self) -> int:
        """The number of the schema's last step."""

    def apply(self, changes: Changes, *, patient: bool) -> None:
        """Commit all of it or nothing.

        Args:
            changes: the records, ledger entries, rows, outbox and request keys of a group.
            patient: whether to wait a few seconds for another process that is writing.

        Raises:
            DatabaseBusy: somebody else is writing; nothing was changed.
            Exception: anything else; nothing was changed.
        """

    def probe(self) -> None:
        """Write something harmless.

        Raises:
            Exception: the database cannot be written now.
        """

    def get(self, kind: str, key: str) -> bytes | None:
        """A record."""

    def page(self, kind: str, *, prefix: str, after: str | None, limit: int) -> list[tuple[str, bytes]]:
        """Records of a kind by key, those after `after`."""

    def declare(self, table: Table) -> int:
        """Make or widen a table; the first number that was never used.

        Raises:
            StoreError: what is there does not fit the declaration.
        """

    def holder(self, table: Table, unique: int, values: Values) -> int | None:
        """The number of the row that holds a unique value."""

    def select(
        self, table: Table, where: Sequence[Check], *, order: Sequence[Order], limit: int | None, offset: int, without: Collection[int]
    ) -> list[tuple[int, Values]]:
        """Rows that meet all checks, except the numbers in `without`, sorted by `order` and then by number."""

    def count(self, table: Table, where: Sequence[Check], *, without: Collection[int]) -> int:
        """How many rows meet all checks, except the numbers in `without`."""

    def posted(self, *, account: str | None, event: str | None, since_ns: int | None, limit: int | None, newest_first: bool) -> list[Posted]:
        """Ledger entries in the order they were made, or the other way round."""

    def entries(self) -> Iterator[tuple[int, str, str, str, str, str]]:
        """All ledger entries for verification: number, account, balance, before, change, after. Streams."""

    def remembered(self, key: str) -> Remembered | None:
        """What is kept under a request key, however old."""

    def remembered_count(self) -> int:
        """How many request keys are kept."""

    def purge(self, *, before_ns: int, keep: int, at_most: int) -> int:
        """Drop request keys made up to `before_ns`, and the oldest beyond `keep`; how many went, never more than `at_most`."""

    def next_export(self) -> int:
        """The first outbox number that was never used."""

    def waiting(self, exporter: str, *, due_ns: int, limit: int, delivered: Collection[int], failed: Collection[int]) -> list[Waiting]:
        """Records due by `due_ns`, each order key's in the order they were made; not those `delivered`, nor `failed` ones' order keys."""

    def next_due(self, exporter: str, *, after_ns: int) -> int | None:
        """When the earliest waiting record of those is due that are due after an instant, unix ns."""

    def dead(self, exporter: str | None, *, limit: int) -> list[Waiting]:
        """Records that were given up."""

    def backlog(self) -> dict[str, tuple[int, int]]:
        """By exporter, how many records wait and how many are dead."""

    def checkpoint_due(self) -> bool:
        """Whether `checkpoint` has work; cheap."""

    def checkpoint(self, *, emptied: bool = False) -> None:
        """Housekeeping that takes a while; called in a thread beside `apply`. `emptied`: afterwards all is in the one file."""

    def copy(self, path: str, *, between: Callable[[], object]) -> None:
        """Write what is committed now to another file, while commits go on; only where there is a `file`. In a thread, as `checkpoint`.

        Args:
            path: an empty file.
            between: called every few megabytes; what it raises ends the copying.

        Raises:
            StoreError: it could not be written.
        """

    def compact(self, *, between: Callable[[], object]) -> None:
        """Give back the room of what was deleted, in pieces between which commits go on; only where there is a `file`. In a thread.

        Args:
            between: called after each piece; what it raises ends the compaction, which has lost nothing.

        Raises:
            StoreError: the database refused.
        """

    def sound(self) -> str:
        """What is wrong with the file, "" when nothing is; reads all of it, in a thread."""

    def close(self) -> None:
        """Let go of the database."""
