"""The store as everyone sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import Any, Protocol

import trio

from cgrd.instants import Instant
from cgrd.store.conditions import Condition
from cgrd.store.ledger import LedgerEntry, LedgerReport
from cgrd.store.outbox import Outbox
from cgrd.store.request_keys import RequestKeys
from cgrd.store.tables import Table
from cgrd.store.tickets import Ticket
from cgrd.store.transaction import Transaction
from cgrd.store.upkeep import Upkeep


class Store(Protocol):
    """Memory is authoritative: objects live with their owners, the store keeps what they put into it and gives it back after a restart.

    What is read here includes what is queued but not committed yet; an answer to the outside has to wait for `durable`.
    """

    request_keys: RequestKeys
    outbox: Outbox
    upkeep: Upkeep

    def transaction(self, *, why: str, key: str = "") -> Transaction:
        """`with store.transaction(why="Responder.Debit") as tx:` collects changes; leaving the outermost block queues them.

        A block inside another one of the same context joins it: its changes come to be with the outer's. An exception drops the
        changes of the block it leaves and runs their rollback callbacks.

        A block should not wait once it has changed something. Where it does, whatever others change meanwhile is committed together
        with it, when it ends, or dropped with it when it fails (they are told); what all of them hold in memory stays right.

        Args:
            why: who does it, for the log when it has to be dropped.
            key: what it is, the same when it is tried again after a restart: requests to other daemons inside get keys made of it. Without
                one they are made of the request's own key, or anew.
        """

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open in this context: what is queued here is not committed before it ends."""

    def call_key(self, request_key: str) -> str:
        """A request key for what the open transaction asks of another daemon now; "" outside of one. `request_key`: the present request's own."""

    def scope(self, *, to_come: bool = False) -> Ticket:
        """`with store.scope() as ticket:` is one request: `ticket` waits for what the block and the tasks it starts have queued, only that.

        `await ticket.durable()` does so, inside the block, behind it or in another task; `ticket.waiting` says whether it would wait.
        Without a scope each task waits for what it has queued itself. `to_come`: it begins in the next round of the event loop, says so by
        `ticket.begun()`, and a commit that is due waits for it.
        """

    @property
    def waiting(self) -> bool:
        """Whether `durable` would wait in this context."""

    async def durable(self) -> None:
        """Return when everything queued in this context is committed; without a task switch when nothing is pending.

        Raises:
            StoreError: it was dropped instead, and its rollback callbacks have run.
        """

    def flush(self) -> None:
        """Commit what is queued, blocking.

        Raises:
            StoreError: it was dropped instead.
        """

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Commit groups and keep house until cancelled; the kernel starts it once."""

    def close(self) -> None:
        """Commit what is queued and let go of the database."""

    @property
    def failing(self) -> str:
        """Why the last group could not be committed, "" when all is well."""

    def probe(self) -> bool:
        """Whether the database can be written now; asks it only while it is failing."""

    def get(self, kind: str, key: str) -> bytes | None:
        """A record, None when there is none."""

    def scan(self, kind: str, prefix: str = "") -> Iterator[tuple[str, bytes]]:
        """All records of a kind by key; changes made meanwhile may or may not be seen."""

    def ledger(
        self, *, account: str | None = None, event: str | None = None, since: Instant | None = None, limit: int | None = None, newest_first: bool = False
    ) -> list[LedgerEntry]:
        """Ledger entries in the order they were made (or the other way round), of one account or all, of one event or all, from `since` on."""

    async def verify(self, current: Mapping[str, Decimal] | None = None) -> LedgerReport:
        """Prove the ledger: each balance's entries chain and add up, and end at what `current` says (by balance) when it is given."""

    def declare(self, table: Table) -> None:
        """Make a table, or add what its declaration has and the database lacks; before its first use.

        Raises:
            StoreError: what is there does not fit (another type, doubles under a new unique).
        """

    def select(
        self, table: Table, where: Sequence[Condition] = (), *, order: Sequence[str] = (), limit: int | None = None, offset: int = 0
    ) -> list[dict[str, Any]]:
        """Rows that meet all conditions, as maps of columns; each holds its number under `table.number` too.

        Args:
            order: columns to sort by, "-column" for the highest first; None sorts lowest, ties by number.
        """

    def held_by(self, table: Table, **values: str | int) -> int | None:
        """The number of the row with these values of one of the table's unique sets (in its order), None when there is none; quicker than `select`."""

    def count(self, table: Table, where: Sequence[Condition] = ()) -> int:
        """How many rows meet all conditions."""

    def lock(self, *keys: str) -> AbstractAsyncContextManager[None]:
        """`async with store.lock("account:cgrates.org:1001"):` has the keys; again for the task that has them, free without a task switch."""
