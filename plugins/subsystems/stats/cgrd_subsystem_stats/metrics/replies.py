"""`*repsc` and `*repfc`: requests that went well, and those that did not."""

from __future__ import annotations

from typing import Any

from cgrd.fields import MISSING, Roots, text_of
from cgrd_subsystem_stats.metrics.metric import QueueMetric

OK = "OK"


class Successes(QueueMetric):
    """Events whose ReplyState is OK."""

    def __init__(self, argument: str = "") -> None:
        super().__init__(argument)
        self.events: dict[str, dict[str, str]] = {}

    def read(self, roots: Roots) -> Any:
        state = roots["*req"].get("ReplyState", MISSING)
        return 1 if state is not MISSING and self.counts(text_of(state)) else MISSING

    def counts(self, state: str) -> bool:
        """Whether that state is counted."""
        return state == OK

    def add(self, id: str | None, value: Any) -> None:
        if id is not None:
            self.take(id)
            self.events[id] = {}
        self.count += 1

    def take(self, id: str) -> None:
        if self.events.pop(id, None) is not None:
            self.count -= 1

    def shown(self) -> dict[str, Any]:
        return {"Count": self.count, "Events": self.events}


class Failures(Successes):
    """Events whose ReplyState is another one, or the one that the argument names."""

    def counts(self, state: str) -> bool:
        return state == self.argument if self.argument else state != OK

    def shown(self) -> dict[str, Any]:
        return {**super().shown(), "ErrorType": self.argument}
