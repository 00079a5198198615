"""Group commit: what transactions queue is committed together, in order, and whoever must know waits for its group.

Memory is authoritative. If a group cannot be committed, it and everything queued since then (which may rest on it) is dropped, the
owners' undo callbacks run newest first, and all who wait are told. The next group is tried as if nothing had been. What a block has
changed that waits before its end is in `open` until then (cgrd/store/waiting.py).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import trio

from cgrd.errors import StoreError
from cgrd.store.changes import Changes
from cgrd.store.driver import DatabaseBusy, Driver
from cgrd.store.tickets import TICKET, Group, Ticket, dropped, present_task
from cgrd.store.waiting import OpenBlocks

if TYPE_CHECKING:
    from cgrd.store.transaction import Transaction

log = logging.getLogger("cgrd.store")

ROUNDS = 8
"""How many rounds of the event loop a group waits at most for more to join it."""
MANY = 200
"""Transactions of a group that waits for no more."""


class Groups:
    """The queue of groups and the committer over one driver.

    Args:
        driver: what commits.
        on_commit: told the changes of each group once it is committed.
    """

    def __init__(self, driver: Driver, *, on_commit: Callable[[Changes], object]) -> None:
        self._driver = driver
        self._on_commit = on_commit
        self._database = threading.Lock()
        self._idle = trio.lowlevel.ParkingLot()
        self.running = False
        self._closed = False
        self.committing: Group | None = None
        self.queued: Group | None = None
        self.open = OpenBlocks()
        self.failing: Exception | None = None
        self.to_come = 0

    def queue(self, changes: Changes, why: str) -> None:
        """Put a finished transaction's changes into the current group; the present context then waits for that group."""
        self._refuse_closed(why)
        group = self.open.held or self.queued
        if group is None:
            group = self.queued = Group(changes)
            self._idle.unpark()
        else:
            group.changes.merge(changes)
        group.whys.append(why)
        self.depend()

    def _refuse_closed(self, why: str) -> None:
        if self._closed:
            raise StoreError("the store is closed", explain=f"{why} came after the end; nothing of it is kept")

    def release(self, root: Transaction) -> None:
        """A block with changes in the held group is over; with the last of them, the group is queued."""
        self._refuse_closed(root.why)
        held = self.open.held
        assert held is not None
        held.whys.append(root.why)
        self.depend()
        if self.open.released(root) is None:
            return
        if self.queued is None:
            self.queued = held
            self._idle.unpark()
        else:
            self.queued.take_in(held)
        held.wake()

    def fail_held(self, why: str, error: BaseException | None) -> None:
        """A block with changes in the held group has failed: others have built on them, so all of the group goes."""
        self._drop([], StoreError(f"{why} waited inside its transaction and failed: {error}", explain="nothing of the request has happened; repeat it"))

    def depend(self) -> None:
        """Let the present context's answer wait for everything queued so far."""
        group = self.open.held or self.queued or self.committing
        if group is None:
            return
        ticket = TICKET.get()
        if ticket is None or not ticket.covers(self):
            ticket = Ticket(self, present_task())
            TICKET.set(ticket)
        ticket.take(group)

    def scope(self, *, to_come: bool = False) -> Ticket:
        """A ticket for one request; a group that gathers waits for one that is `to_come`, until `Ticket.begun`."""
        self.to_come += to_come
        return Ticket(self, None, to_come=to_come)

    @property
    def waiting(self) -> bool:
        """Whether `durable` would wait in the present context."""
        ticket = TICKET.get()
        return ticket is not None and ticket.waiting

    async def durable(self) -> None:
        """Return when everything the present context queued is committed."""
        ticket = TICKET.get()
        if ticket is not None:
            await ticket.durable()

    async def reach(self, group: Group) -> None:
        """Return when a group is settled."""
        while not group.settled:
            if self.running or group is self.open.held:
                await group.wait()
            else:
                self._drain()

    async def settled(self) -> None:
        """Return when everything queued by anybody so far is committed or dropped."""
        if group := self.open.held or self.queued or self.committing:
            await self.reach(group)

    def flush(self) -> None:
        """Commit what is queued now, on this thread.

        Raises:
            StoreError: it was dropped instead.
        """
        failure = self._drain()
        if failure is not None:
            raise dropped(failure) from failure

    def finish(self) -> None:
        """Bring the group under way to its end, on this thread, so that what is read next is either committed or queued."""
        group = self.committing
        if group is not None:
            self._apply(group, patient=True)
            self._settle(group)

    def close(self) -> None:
        """Commit what is queued; nothing more is taken."""
        self._closed = True
        if self.open.held is not None:
            self._drop([], StoreError("the store is closed", explain="what was not finished then is not kept"))
        self.flush()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Commit groups until cancelled; what is queued then is still committed."""
        self.running = True
        task_status.started()
        try:
            while True:
                if self.queued is None:
                    await self._idle.park()
                await self._gather()
                await self._commit()
        finally:
            self.running = False
            self._drain()

    async def _gather(self) -> None:
        """Let those join the group who are on their way: who is to come, and one more round of tasks as long as the last one brought somebody."""
        joined = -1
        for _ in range(ROUNDS):
            if self.queued is None or len(self.queued.whys) > MANY or (not self.to_come and len(self.queued.whys) == joined):
                return
            joined = len(self.queued.whys)
            await trio.lowlevel.checkpoint()
        self.to_come = 0  # who has not begun by now may never: nobody is waited for twice

    async def _commit(self) -> None:
        group = self._take()
        if group is None:
            return
        if group.changes.size <= self._driver.large and self._apply(group, patient=False):
            self._settle(group)
            return
        await trio.to_thread.run_sync(self._patiently, group)
        self._settle(group)

    def _patiently(self, group: Group) -> None:
        self._apply(group, patient=True)

    def _drain(self) -> Exception | None:
        """Commit everything queued, on this thread; the first failure."""
        failure: Exception | None = None
        while group := self.committing or self._take():
            self._apply(group, patient=True)
            self._settle(group)
            failure = failure or group.failure
        return failure

    def _take(self) -> Group | None:
        self.committing, self.queued = self.queued, None
        return self.committing

    def _apply(self, group: Group, *, patient: bool) -> bool:
        """Commit a group once; False when another process holds the database and this thread may not wait for it."""
        with self._database:
            if group.applied:
                return True
            try:
                self._driver.apply(group.changes, patient=patient)
            except DatabaseBusy as error:
                if not patient:
                    return False
                group.failure = error
            except Exception as error:  # whatever it was: nothing of the group is kept, and its requests are told
                group.failure = error
            group.applied = True
            return True

    def _settle(self, group: Group) -> None:
        if group.settled:
            return
        self.committing = None
        self.failing = group.failure
        if group.failure is None:
            group.settle()
            self._on_commit(group.changes)
        else:
            groups = [group, self.queued] if self.queued is not None else [group]
            self.queued = None
            self._drop(groups, group.failure)

    def _drop(self, groups: list[Group], failure: Exception) -> None:
        """Give up groups and everything newer, which may rest on them."""
        blocks, held = self.open.dropped()
        for block in reversed(blocks):
            block.root.dropped = True
            if held is None or block.own_changes is not held.changes:
                undo(block.own_changes)
            block.own_changes = Changes()
        if held is not None:
            groups = [*groups, held]
        log.error("store: dropped %s: %s", ", ".join(why for each in groups for why in each.whys[:20]), failure)
        for each in reversed(groups):
            undo(each.changes)
        for each in groups:
            each.failure = failure
            each.settle()


def undo(changes: Changes) -> None:
    """Run the rollback callbacks, newest first; one that fails does not keep the others from running."""
    for callback in reversed(changes.undo):
        try:
            callback()
        except Exception:
            log.exception("store: undoing a change in memory failed; what its owner holds may be wrong until it is loaded again")
