"""The agenda: every line of every action plan with its next start, kept in step with the plans."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cgrd import Instant
from cgrd.errors import CgrdError
from cgrd.profiles import Change
from cgrd.schedule import wall_clock
from cgrd_subsystem_schedulers.lines import PLANS, Line, lines_of, without
from cgrd_subsystem_schedulers.progress import Progress, ProgressBook
from cgrd_subsystem_schedulers.queue import Due, Queue

if TYPE_CHECKING:
    from cgrd.services import Services


class Agenda:
    """What is due when.

    Args:
        services: the kernel's.
        woken: called when the agenda may have changed.
    """

    def __init__(self, services: Services, *, woken: Callable[[], None]) -> None:
        self.services = services
        self.plans: Any = services.profiles.get(PLANS)
        self._queue = Queue()
        self._woken = woken
        self._stale: dict[str, None] = {}
        self.progress = ProgressBook(services.store, undone=self._undone)
        if self.plans is not None:
            self._stale = dict.fromkeys(key for key, _ in self.plans.items())
            self.plans.watch(self._changed)
        self._forget_unknown()

    def _changed(self, change: Change) -> None:
        self._stale.update(dict.fromkeys((*change.put, *change.dropped)))
        self._woken()

    def _undone(self, uuid: str) -> None:
        """A line's progress is what it was before: it is due then, too."""
        if plan_id := self._queue.plan_of(uuid):
            self._stale[plan_id] = None
            self._woken()

    def _forget_unknown(self) -> None:
        """Lines that went while the scheduler was off leave nothing."""
        known = {line.uuid for _, plan in (self.plans.items() if self.plans is not None else ()) for line in lines_of(plan)}
        if gone := self.progress.uuids() - known:
            with self.services.store.transaction(why="scheduler") as tx:
                for uuid in gone:
                    self.progress.drop(tx, uuid)

    def refresh(self) -> None:
        """Take in what changed."""
        while self._stale:
            key = next(iter(self._stale))
            del self._stale[key]
            self._refresh_plan(key)

    def _refresh_plan(self, key: str) -> None:
        plan = self.plans.find(key)
        lines = {line.uuid: line for line in lines_of(plan) if not line.is_asap} if plan is not None else {}
        with self.services.store.transaction(why="scheduler") as tx:
            for uuid in self._queue.of_plan(key) - lines.keys():
                self._queue.drop(uuid)
                if uuid in self.progress:
                    self.progress.drop(tx, uuid)
            for line in lines.values():
                if line.uuid not in self.progress:
                    self.progress.put(tx, line.uuid, Progress(self.services.clock.now_ns()))
                self.enter(line)

    def enter(self, line: Line) -> None:
        """Put a line where its next start is; one whose time cannot be read is told in the log and never starts."""
        try:
            due = self.due(line)
        except CgrdError as error:
            self.services.log("schedulers").error("line never starts", plan=line.plan_id, actions=line.actions_id, error=str(error), explain=error.explain)
            due = None
        if due is None:
            self._queue.drop(line.uuid)
        else:
            self._queue.put(Due(due.ns, line))

    def due(self, line: Line) -> Instant | None:
        """When a line is due; at once where its last start was cut off."""
        progress = self.progress[line.uuid]
        begun = wall_clock(Instant(progress.begun_ns))
        return begun if progress.under_way else line.next_start(begun)

    def first(self) -> Due | None:
        """What is due first."""
        self.refresh()
        return self._queue.first()

    def all(self) -> list[Due]:
        """Everything in the order in which it is due."""
        self.refresh()
        return self._queue.all()

    def finish(self, line: Line, begun_ns: int) -> None:
        """A start is over; a line that starts once leaves its plan."""
        with self.services.store.transaction(why="scheduler") as tx:
            plan = self.plans.find(line.plan_id)
            if plan is None or line.uuid not in self.progress:
                return
            if line.is_once:
                self.plans.set(without(plan, line.uuid), why="scheduler")
            else:
                self.progress.put(tx, line.uuid, Progress(begun_ns))
                self.enter(line)
