"""A change of a whole table, prepared in pieces and then made in one step; what a tariff plan's load is made of."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from cgrd.codec import encode
from cgrd.profiles.table import Change, Contents, ProfileTable

if TYPE_CHECKING:
    from cgrd.store import Transaction

PAGE = 1_000
PAGED_FROM = 5_000
"""A load that changes more records than this keeps the table in pages: SQLite then writes hundreds of rows, not many thousands."""


class Switch:
    """A prepared change of a whole table: everything slow is done before, then `commit` swaps.

    `prepare` is a generator: it yields where other requests may go on. `commit` runs inside a transaction and does not wait.

    Args:
        table: what is changed.
        put: records by key, new or in place of others.
        drop: keys of those that go.
        filters: keys of stored filters that change in the same step, before this.
    """

    def __init__(self, table: ProfileTable, *, put: Mapping[str, Any], drop: Sequence[str] = (), filters: Collection[str] = ()) -> None:
        self.table = table
        self.filters = filters
        self.put = put
        self.drop = [key for key in drop if key in table]
        self._rows: list[tuple[str, str, bytes]] = []
        self._paged = False
        self._after: dict[str, Any] = {}
        self._sides: dict[str, Any] = {}
        self._changed: set[str] = set()
        self._noting = ExitStack()

    def prepare(self) -> Iterator[float]:
        """Encode what will be stored, and derive what is derived; yields how much of it is done, 0 to 1."""
        self._paged = len(self.put) + len(self.drop) > PAGED_FROM
        if not self._paged:
            yield from self._encode_rows()
            return
        self._noting.enter_context(self.table.watched(self._note))
        gone = set(self.drop)
        self._after = {key: record for key, record in self.table.contents.records.items() if key not in gone}
        self._after.update(self.put)
        yield 0
        for share in self._encode_pages():
            yield share / 2
        for share in self._derive():
            yield 0.5 + share / 2

    def _note(self, change: Change) -> None:
        self._changed.update(change.put, change.dropped)

    def _encode_rows(self) -> Iterator[float]:
        name = self.table.kind.name
        for at, (key, record) in enumerate(self.put.items()):
            if not at % PAGE:
                yield at / len(self.put)
            self._rows.append((name, key, encode(record)))
        self._rows.extend((name, key, b"null") for key in self.drop)

    def _encode_pages(self) -> Iterator[float]:
        records = list(self._after.values())
        for at in range(0, len(records), PAGE):
            yield at / len(records)
            self._rows.append((self.table.pages, f"{at // PAGE:06}", encode(records[at : at + PAGE])))

    def _derive(self) -> Iterator[float]:
        """Fresh sides, filled in pieces; small changes are put into the living ones at the commit."""
        for name in ("side", "index"):
            old = getattr(self.table, name)
            if old is None:
                continue
            fresh = type(old)() if name == "side" else old.copy()
            for at, (key, record) in enumerate(self._after.items()):
                if not at % PAGE:
                    yield at / len(self._after)
                fresh.put(key, record, None)
            self._sides[name] = fresh

    def close(self) -> None:
        """Forget the change; after this nothing of it is left."""
        self._noting.close()

    def commit(self, tx: Transaction | None) -> None:
        """Swap. What other requests changed in the table meanwhile stays, where the plan says nothing about it."""
        self.close()
        if self._paged:
            self._catch_up()
        if tx is not None and self.table.kind.stored:
            self._store(tx)
        if self._paged:
            self._swap(tx)
        else:
            self._apply(tx)

    def _catch_up(self) -> None:
        """Bring what was prepared up to what other requests did since."""
        table = self.table
        for key in self._changed.difference(self.put, self.drop):
            before, now = self._after.pop(key, None), table.find(key)
            if now is not None:
                self._after[key] = now
            for side in self._sides.values():
                if now is not None:
                    side.put(key, now, before)
                elif before is not None:
                    side.drop(key, before)
            self._rows.append((table.kind.name, key, b"null" if now is None else encode(now)))

    def _swap(self, tx: Transaction | None) -> None:
        table, before = self.table, self.table.contents
        change = Change(table.kind.name, put=tuple(self.put), dropped=tuple(self.drop))
        after = Contents(self._after, self._sides.get("side"), self._sides.get("index"))
        if after.index is not None:
            for filter_key in self.filters:  # the plan's own filters were not there yet when the index was made
                after.index.filter_changed(filter_key, self._after.get)
        if tx is not None:
            tx.on_rollback(partial(table.exchange, before, change))
        table.exchange(after, change)

    def _apply(self, tx: Transaction | None) -> None:
        table = self.table
        olds = {key: table.find(key) for key in (*self.put, *self.drop)}
        if tx is not None:
            before = {key: old for key, old in olds.items() if old is not None}
            tx.on_rollback(partial(table.change, before, [key for key in olds if key not in before]))
        table.change(self.put, self.drop)

    def _store(self, tx: Transaction) -> None:
        table = self.table
        if self._paged and table.store is not None:
            kept = {key for _, key, _ in self._rows}
            for key, _ in list(table.store.scan(table.pages)):
                if key not in kept:
                    tx.delete(table.pages, key)
            for key, _ in list(table.store.scan(table.kind.name)):
                tx.delete(table.kind.name, key)
        for kind, key, data in self._rows:
            tx.put(kind, key, data)
