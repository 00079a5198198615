"""Sums and means of lengths of time: `*tcd`, `*acd` of the usage, `*pdd` of the time until it rang. All in nanoseconds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from cgrd.durations import parse_duration
from cgrd.errors import CgrdError
from cgrd.fields import MISSING, Roots, text_of
from cgrd_subsystem_stats.metrics.metric import Kept, QueueMetric


class Measured(msgspec.Struct):
    """What events of one id gave in the mean, and how many they are."""

    Duration: int
    CompressFactor: int = 1


class TotalDuration(QueueMetric):
    """`*tcd`: the sum of the usage."""

    unit = "duration"
    field: ClassVar[str] = "Usage"

    def __init__(self, argument: str = "") -> None:
        super().__init__(argument)
        self.total_ns = 0
        self.events: dict[str, Measured] = {}

    def read(self, roots: Roots) -> Any:
        found = roots["*req"].get(self.field, MISSING)
        if found is MISSING or isinstance(found, bool):
            return MISSING
        if isinstance(found, int):
            return int(found)
        try:
            return parse_duration(text_of(found))
        except CgrdError:
            return MISSING

    def add(self, id: str | None, value: Any) -> None:
        self.count += 1
        self.total_ns += value
        if id is None:
            return
        event = self.events.get(id)
        if event is None:
            self.events[id] = Measured(value)
        else:
            event.Duration = (event.Duration * event.CompressFactor + value) // (event.CompressFactor + 1)
            event.CompressFactor += 1

    def take(self, id: str) -> None:
        event = self.events.get(id)
        if event is None:
            return
        self.count -= 1
        self.total_ns -= event.Duration
        event.CompressFactor -= 1
        if not event.CompressFactor:
            del self.events[id]

    def number(self) -> Decimal:
        return Decimal(self.total_ns)

    def keep(self) -> Kept:
        return {"Count": self.count, "Sum": self.total_ns}

    def resume(self, kept: Kept) -> None:
        self.count = int(kept["Count"])
        self.total_ns = int(kept["Sum"])

    def shown(self) -> dict[str, Any]:
        return {"Sum": self.total_ns, "Count": self.count, "Events": self.events}


class AverageDuration(TotalDuration):
    """`*acd`: the mean of the usage, answered or not."""

    def number(self) -> Decimal:
        return Decimal(self.total_ns) / self.count


class PostDialDelay(AverageDuration):
    """`*pdd`: the mean of the time between asking and ringing."""

    field = "PDD"
