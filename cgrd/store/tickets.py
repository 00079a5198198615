"""What a request waits for: the group its changes are committed with."""

from __future__ import annotations

from contextvars import ContextVar
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING

import trio

from cgrd.errors import StoreError
from cgrd.store.changes import Changes

if TYPE_CHECKING:
    from cgrd.store.groups import Groups


class Group:
    """Changes that are committed together or not at all."""

    __slots__ = ("_sleepers", "applied", "changes", "failure", "parts", "settled", "whys")

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.whys: list[str] = []
        self.failure: Exception | None = None
        self.applied = False
        self.settled = False
        self.parts: list[Group] = []
        self._sleepers: dict[trio.lowlevel.Task, None] = {}

    async def wait(self) -> None:
        """Until it is committed or dropped, or `wake`."""
        task = trio.lowlevel.current_task()
        self._sleepers[task] = None
        await trio.lowlevel.wait_task_rescheduled(partial(self._leave, task))

    def _leave(self, task: trio.lowlevel.Task, _: object) -> trio.lowlevel.Abort:
        del self._sleepers[task]
        return trio.lowlevel.Abort.SUCCEEDED

    def take_in(self, later: Group) -> None:
        """Be one with a group whose changes were made after these: it is committed or dropped with this one."""
        self.changes.merge(later.changes)
        self.whys += later.whys
        self.parts.append(later)

    def wake(self) -> None:
        """Let those who wait look again."""
        sleepers, self._sleepers = self._sleepers, {}
        for task in sleepers:
            trio.lowlevel.reschedule(task)

    def settle(self) -> None:
        """Tell everybody that the outcome is known."""
        self.settled = True
        self.wake()
        for part in self.parts:
            part.failure = self.failure
            part.settle()


class Ticket:
    """What one request has to wait for before its answer may leave; `with store.scope() as ticket:`.

    Tasks started inside share it. It may be waited for after the block, by any task.
    """

    __slots__ = ("_failure", "_group", "_groups", "_task", "_to_come", "_token", "_told")

    def __init__(self, groups: Groups, task: trio.lowlevel.Task | None, *, to_come: bool = False) -> None:
        self._groups = groups
        self._task = task
        self._group: Group | None = None
        self._failure: Exception | None = None
        self._told = False
        self._to_come = to_come

    def begun(self) -> None:
        """A request that was to come has its turn."""
        if self._to_come:
            self._groups.to_come = max(0, self._groups.to_come - 1)
            self._to_come = False

    def __enter__(self) -> Ticket:
        self._token = TICKET.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        TICKET.reset(self._token)

    @property
    def waiting(self) -> bool:
        """Whether `durable` would wait, or raise."""
        group = self._group
        return group is not None and (not group.settled or group.failure is not None or self._failure is not None)

    async def durable(self) -> None:
        """Return when everything queued under it so far is committed; at once when nothing is pending.

        Raises:
            StoreError: it was dropped instead.
        """
        group = self._group
        if group is None:
            return
        if not group.settled:
            await self._groups.reach(group)
        failure = self._failure or group.failure
        if failure is not None:
            self._failure, self._told = None, True
            raise dropped(failure) from failure

    def covers(self, groups: Groups) -> bool:
        """Whether what the present task queues belongs to it: always in a scope, else only for the task it was made for."""
        return self._groups is groups and (self._task is None or self._task is present_task())

    def take(self, group: Group) -> None:
        """Wait for this group too. Groups settle in order, so the last one and a failure before it are all there is to know."""
        before = self._group
        if before is not group:
            if before is not None and before.failure is not None and not self._told:
                self._failure = before.failure
            self._group, self._told = group, False


TICKET: ContextVar[Ticket | None] = ContextVar("cgrd_store_ticket", default=None)


def present_task() -> trio.lowlevel.Task | None:
    """The running task, None outside of trio."""
    try:
        return trio.lowlevel.current_task()
    except RuntimeError:
        return None


def dropped(failure: Exception) -> StoreError:
    """What those are told whose changes were dropped."""
    explain = getattr(failure, "explain", "") or "nothing of the request has happened; repeat it when the database can be written again"
    return StoreError(str(failure), explain=explain)
