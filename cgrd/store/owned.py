"""The store of a process that owns its data: changes are seen at once, committed in groups, by whatever driver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import trio

from cgrd.clock import Clock
from cgrd.errors import Wrong
from cgrd.instants import Instant
from cgrd.store.changes import Changes, Claim
from cgrd.store.conditions import Condition
from cgrd.store.driver import Driver
from cgrd.store.groups import Groups, log
from cgrd.store.ledger import LedgerEntry, LedgerReport, entry_of, verified
from cgrd.store.locks import KeyedLocks, KeysLocked
from cgrd.store.outbox import Outbox
from cgrd.store.overlay import count_rows, select_rows
from cgrd.store.request_keys import RequestKeys
from cgrd.store.tables import Table, Values
from cgrd.store.tickets import Ticket
from cgrd.store.transaction import Transaction, open_transaction
from cgrd.store.upkeep import Upkeep

PAGE: Final = 1000
MOST_ABSENT: Final = 1024


class OwnedStore:
    """See `Store` for what each method promises.

    Args:
        driver: the database.
        clock: the kernel's clock.
    """

    def __init__(self, driver: Driver, *, clock: Clock) -> None:
        self.driver = driver
        self.clock = clock
        self.groups = Groups(driver, on_commit=self._committed)
        self.request_keys = RequestKeys(self)
        self.outbox = Outbox(self)
        self.upkeep = Upkeep(self)
        self._locks = KeyedLocks()
        self._tables: dict[str, Table] = {}
        self._next_numbers: dict[str, int] = {}
        self._next_export = driver.next_export()
        # Beginnings of unique values that no row in the database has: the runs of one event share theirs, and each is looked for
        # before it is made and once more when it is.
        self._absent: set[Claim] = set()
        self._housework = trio.Event()

    # Changing.

    def transaction(self, *, why: str, key: str = "") -> Transaction:
        """A block that collects changes."""
        return Transaction(self, why, key)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open in this context."""
        return open_transaction(self) is not None

    def call_key(self, request_key: str) -> str:
        """A request key for what the present transaction asks of another daemon."""
        transaction = open_transaction(self)
        return transaction.call_key(request_key) if transaction is not None else ""

    def scope(self, *, to_come: bool = False) -> Ticket:
        """One request, for `durable`."""
        return self.groups.scope(to_come=to_come)

    @property
    def waiting(self) -> bool:
        """Whether `durable` would wait in this context."""
        return self.groups.waiting

    async def durable(self) -> None:
        """Wait until what this context queued is committed."""
        await self.groups.durable()

    def flush(self) -> None:
        """Commit what is queued, blocking."""
        self.groups.flush()

    def lock(self, *keys: str) -> KeysLocked:
        """A block that has the keys."""
        return self._locks.lock(*keys)

    # Living.

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Commit groups and keep house until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_house)
            await self.groups.run(task_status=task_status)

    async def _keep_house(self) -> None:
        while True:
            await self._housework.wait()
            self._housework = trio.Event()
            await trio.to_thread.run_sync(self._clean)

    def _clean(self) -> None:
        try:
            if self.driver.checkpoint_due():
                self.driver.checkpoint()
            if self.request_keys.purge_due():
                self.request_keys.purge()
        except Exception:  # what was to be kept is kept; only the tidying waits
            log.exception("store: housekeeping failed; it is tried again after the next commits")

    def _committed(self, changes: Changes) -> None:
        for name, unique, values in changes.claims:
            self._absent.discard((name, unique, values[:1]))
        if changes.exports or changes.outcomes:
            self.outbox.committed(changes)
        if changes.remembered:
            self.request_keys.added(len(changes.remembered))
        if self.driver.checkpoint_due() or self.request_keys.purge_due():
            if self.groups.running:
                self._housework.set()
            else:
                self._clean()

    @property
    def failing(self) -> str:
        """Why the last group could not be committed."""
        return str(self.groups.failing) if self.groups.failing is not None else ""

    def probe(self) -> bool:
        """Whether the database can be written now."""
        if self.groups.failing is not None:
            try:
                self.driver.probe()
            except Exception as error:  # any reason means the same: not now
                self.groups.failing = error
                return False
            self.groups.failing = None
        return True

    def close(self) -> None:
        """Commit what is queued and let go of the database."""
        try:
            self.groups.close()
        finally:
            self.driver.close()

    # Reading: what is queued lies over what is committed.

    def layers(self) -> list[Changes]:
        """The changes not known to be committed, newest first, with those of transactions that are open."""
        groups = self.groups
        opened, held = groups.open, groups.open.held
        if opened.contexts > 1 and (transaction := open_transaction(self)) is not None:
            opened.hold_others(transaction.root)
            held = opened.held
        found = []
        for block in reversed(opened.blocks):
            if held is None or block.own_changes is not held.changes:
                found.append(block.own_changes)
        for group in (held, groups.queued, groups.committing):
            if group is not None:
                found.append(group.changes)
        return found

    def get(self, kind: str, key: str) -> bytes | None:
        """A record."""
        for changes in self.layers():
            if (kind, key) in changes.records:
                return changes.records[kind, key]
        return self.driver.get(kind, key)

    def scan(self, kind: str, prefix: str = "") -> Iterator[tuple[str, bytes]]:
        """All records of a kind by key, a page at a time."""
        after: str | None = None
        while True:
            page = self.driver.page(kind, prefix=prefix, after=after, limit=PAGE)
            last = page[-1][0] if len(page) == PAGE else None
            yield from self._overlaid(kind, prefix, after, last, dict(page))
            if last is None:
                return
            after = last

    def _overlaid(self, kind: str, prefix: str, after: str | None, last: str | None, page: dict[str, bytes]) -> list[tuple[str, bytes]]:
        layers = self.layers()
        if not layers:
            return list(page.items())
        merged: dict[str, bytes | None] = {**page}
        for changes in reversed(layers):
            for (its_kind, key), value in changes.records.items():
                if its_kind == kind and key.startswith(prefix) and _between(key, after, last):
                    merged[key] = value
        return [(key, value) for key, value in sorted(merged.items()) if value is not None]

    def ledger(
        self, *, account: str | None = None, event: str | None = None, since: Instant | None = None, limit: int | None = None, newest_first: bool = False
    ) -> list[LedgerEntry]:
        """Ledger entries in the order they were made."""
        since_ns = since.ns if since is not None else None
        # Before the database is asked: a commit in a thread may end in between, and an entry must not be told twice.
        self._settle_thread()
        rows = self.driver.posted(account=account, event=event, since_ns=since_ns, limit=limit, newest_first=newest_first)
        queued = [
            row
            for changes in reversed(self.layers())
            for row in changes.ledger
            if (account is None or row[0] == account) and (event is None or row[8] == event) and (since_ns is None or row[10] >= since_ns)
        ]
        both = queued[::-1] + rows if newest_first else rows + queued
        return [entry_of(row) for row in both[:limit]]

    def _settle_thread(self) -> None:
        if self.groups.committing is not None:
            self.groups.finish()

    async def verify(self, current: Mapping[str, Decimal] | None = None) -> LedgerReport:
        """Prove the ledger."""
        await self.groups.settled()
        rows = self.driver.entries()
        return await trio.to_thread.run_sync(lambda: verified(rows, current=current))

    # Declared tables.

    def declare(self, table: Table) -> None:
        """Make or widen a table."""
        if self._tables.get(table.name) is not table:
            self._next_numbers[table.name] = max(self.driver.declare(table), self._next_numbers.get(table.name, 1))
            self._tables[table.name] = table

    def select(
        self, table: Table, where: Sequence[Condition] = (), *, order: Sequence[str] = (), limit: int | None = None, offset: int = 0
    ) -> list[dict[str, Any]]:
        """Rows that meet all conditions."""
        self._known(table)
        rows = select_rows(self.driver, self.layers(), table, where, order=order, limit=limit, offset=offset)
        return [table.decode(number, values) for number, values in rows]

    def count(self, table: Table, where: Sequence[Condition] = ()) -> int:
        """How many rows meet all conditions."""
        self._known(table)
        return count_rows(self.driver, self.layers(), table, where)

    def matching(self, table: Table, where: Sequence[Condition]) -> list[tuple[int, Values]]:
        """Rows that meet all conditions, with their numbers, in stored form."""
        self._known(table)
        return select_rows(self.driver, self.layers(), table, where)

    def held_by(self, table: Table, **values: str | int) -> int | None:
        """The number of the row with these values of one of the table's unique sets, None when there is none."""
        if table.name not in self._tables:
            raise self._undeclared(table)
        unique = table.unique.index(tuple(values))
        return self.unique_holder(table, unique, tuple(values.values()))

    def unique_holder(self, table: Table, unique: int, values: Values) -> int | None:
        """The number of the row that holds a unique value, queued rows included."""
        claim = table.name, unique, values
        for changes in self.layers():
            if claim in changes.claims:
                return changes.claims[claim]
        begin = table.name, unique, values[:1]
        if begin in self._absent:
            return None
        number = self.driver.holder(table, unique, values[:1])
        if number is None:
            self._remember_absent(begin)
        return number if number is None or len(values) == 1 else self.driver.holder(table, unique, values)

    def _remember_absent(self, begin: Claim) -> None:
        if len(self._absent) >= MOST_ABSENT:
            self._absent.clear()
        self._absent.add(begin)

    def next_number(self, table: Table) -> int:
        """The number of a new row."""
        try:
            number = self._next_numbers[table.name]
        except KeyError:
            raise self._undeclared(table) from None
        self._next_numbers[table.name] = number + 1
        return number

    def next_export(self) -> int:
        """The number of a new outbox record."""
        self._next_export += 1
        return self._next_export - 1

    def _known(self, table: Table) -> None:
        if table.name not in self._tables:
            raise self._undeclared(table)

    def _undeclared(self, table: Table) -> Wrong:
        known = ", ".join(self._tables) or "none"
        return Wrong(f"table {table.name} is not declared", explain=f"call store.declare(table) first; declared are: {known}")


def _between(key: str, after: str | None, last: str | None) -> bool:
    return (after is None or key > after) and (last is None or key <= last)
