"""What is due next: lines by the time of their next start."""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import NamedTuple

from cgrd_subsystem_schedulers.lines import Line


class Due(NamedTuple):
    """A line and when it is due (unix ns); heavier lines of one moment come first."""

    at_ns: int
    line: Line

    @property
    def rank(self) -> tuple[int, float, str]:
        """What orders the queue."""
        return self.at_ns, -float(self.line.weight), self.line.uuid


class Queue:
    """Lines by their next start; one entry a line."""

    def __init__(self) -> None:
        self._due: dict[str, Due] = {}
        self._plans: dict[str, set[str]] = defaultdict(set)
        self._heap: list[tuple[tuple[int, float, str], Due]] = []

    def put(self, due: Due) -> None:
        """Add a line, or change when it is due."""
        self._due[due.line.uuid] = due
        self._plans[due.line.plan_id].add(due.line.uuid)
        heapq.heappush(self._heap, (due.rank, due))

    def of_plan(self, plan_id: str) -> set[str]:
        """The uuids of a plan's lines."""
        return set(self._plans.get(plan_id, ()))

    def plan_of(self, uuid: str) -> str:
        """The plan of a line, "" when the line is not in the queue."""
        due = self._due.get(uuid)
        return due.line.plan_id if due is not None else ""

    def drop(self, uuid: str) -> None:
        """Forget a line."""
        due = self._due.pop(uuid, None)
        if due is not None:
            self._plans[due.line.plan_id].discard(uuid)

    def first(self) -> Due | None:
        """What is due first, None when nothing is."""
        while self._heap and self._due.get(self._heap[0][1].line.uuid) is not self._heap[0][1]:
            heapq.heappop(self._heap)
        return self._heap[0][1] if self._heap else None

    def all(self) -> list[Due]:
        """Everything in the order in which it is due."""
        return sorted(self._due.values(), key=lambda due: due.rank)
