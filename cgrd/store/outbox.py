"""The outbox: what has to reach the outside world, kept until its receiver has acknowledged it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Final

import msgspec
import trio

from cgrd.durations import MINUTE, SECOND
from cgrd.store.changes import Changes, Delivered, Failed, Hurried, Requeued
from cgrd.store.driver import Waiting

if TYPE_CHECKING:
    from cgrd.store.owned import OwnedStore

FIRST_RETRY_NS: Final = SECOND
LAST_RETRY_NS: Final = 10 * MINUTE


class Backlog(msgspec.Struct, frozen=True):
    """How many records of an exporter wait, and how many were given up."""

    waiting: int
    dead: int


class Outbox:
    """Records for exporters. A record is seen here once its transaction is committed; delivery is at least once.

    Records of one order key are delivered in the order they were made: while one waits for its retry, those behind it wait too.
    A dead record holds up nobody.
    """

    def __init__(self, store: OwnedStore) -> None:
        self._store = store
        self._arrivals: dict[str, trio.Event] = {}

    def pending(self, exporter: str, limit: int = 100, *, under_way: Collection[int] = ()) -> list[Waiting]:
        """What is due for an exporter now, in the order of delivery; what `done` and `failed` were told is not among it.

        Args:
            exporter: whose.
            limit: how many at most.
            under_way: numbers of records that are being delivered; these and what is behind them by order key are left out.
        """
        outcomes = [each for changes in self._store.layers() for each in changes.outcomes]
        return self._store.driver.waiting(
            exporter,
            due_ns=self._store.clock.now_ns(),
            limit=limit,
            delivered=[number for number, outcome in outcomes if isinstance(outcome, Delivered)],
            failed=[*under_way, *(number for number, outcome in outcomes if isinstance(outcome, Failed))],
        )

    def done(self, numbers: Iterable[int]) -> None:
        """The receiver has acknowledged these: they go."""
        with self._store.transaction(why="outbox: delivered") as tx:
            for number in numbers:
                tx.outcome(number, Delivered())

    def failed(self, record: Waiting, error: str, *, retry_ns: int | None = None, max_attempts: int = 0) -> None:
        """An attempt failed; the record, and those behind it by order key, are due again later.

        Args:
            record: as `pending` gave it.
            error: what went wrong, for people.
            retry_ns: when to try again, unix ns; by default 1 s after the first attempt, doubled each time up to 10 minutes.
            max_attempts: the attempt that was the last; then the record is dead. 0: never.
        """
        if retry_ns is None:
            retry_ns = self._store.clock.now_ns() + back_off(record.attempts)
        text = error.encode(errors="replace").decode()
        with self._store.transaction(why="outbox: not delivered") as tx:
            tx.outcome(record.number, Failed(text, retry_ns, max_attempts))

    def dead(self, exporter: str | None = None, limit: int = 1000) -> list[Waiting]:
        """Records that were given up, of one exporter or all."""
        return self._store.driver.dead(exporter, limit=limit)

    def requeue(self, numbers: Iterable[int]) -> None:
        """Send dead records again, with all their attempts, each in its old place among those of its order key."""
        with self._store.transaction(why="outbox: requeued") as tx:
            for number in numbers:
                tx.outcome(number, Requeued(self._store.clock.now_ns()))

    def hurry(self, exporter: str) -> None:
        """Everything of an exporter is due now: what waits for its retry keeps its attempts, what was given up has them all again."""
        with self._store.transaction(why=f"outbox: {exporter} hurried") as tx:
            tx.outcome(0, Hurried(exporter, self._store.clock.now_ns()))

    def backlog(self) -> dict[str, Backlog]:
        """By exporter, what waits and what is dead."""
        return {exporter: Backlog(*counts) for exporter, counts in self._store.driver.backlog().items()}

    async def wait(self, exporter: str, *, under_way: Collection[int] = ()) -> None:
        """Return when something for the exporter may be due: a commit brought it, or its retry has come. `under_way` as for `pending`."""
        await trio.lowlevel.checkpoint()
        while not self.pending(exporter, 1, under_way=under_way):
            event = self._arrivals.setdefault(exporter, trio.Event())
            due = self._store.driver.next_due(exporter, after_ns=self._store.clock.now_ns())
            async with trio.open_nursery() as nursery:
                if due is not None:
                    nursery.start_soon(self._wake_at, due, event)
                await event.wait()
                nursery.cancel_scope.cancel()
            if self._arrivals.get(exporter) is event:
                del self._arrivals[exporter]

    async def _wake_at(self, due_ns: int, event: trio.Event) -> None:
        await self._store.clock.sleep_until(due_ns)
        event.set()

    def committed(self, changes: Changes) -> None:
        """Wake those who wait for what a group brought."""
        woken = list(self._arrivals) if changes.outcomes else [export.record.exporter for export in changes.exports]
        for exporter in woken:
            self.wake(exporter)

    def wake(self, exporter: str) -> None:
        """Let who waits for the exporter's records look again, as when one is under way no more."""
        if (event := self._arrivals.pop(exporter, None)) is not None:
            event.set()


def back_off(attempts: int) -> int:
    """How long to wait after so many attempts before this one, in ns."""
    return int(min(FIRST_RETRY_NS << min(attempts, 20), LAST_RETRY_NS))
