"""Sums and means of lengths of time: `*tcd`, `*acd` of the usage, `*pdd` of the time until it rang. All in nanoseconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from cgrd.durations import parse_duration
from cgrd.errors import CgrdError
from cgrd.fields import MISSING, Roots, text_of
from cgrd_subsystem_stats.metrics.metric import Kept, Metric


class Length(Metric):
    """The sum of a length, or its mean."""

    unit = "duration"

    def __init__(self, *, field: str, average: bool) -> None:
        super().__init__()
        self.field = field
        self.average = average
        self.total_ns = 0

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

    def add(self, value: Any) -> None:
        self.count += 1
        self.total_ns += value

    def take(self, value: Any, left: Iterable[Any]) -> None:
        self.count -= 1
        self.total_ns -= value

    def number(self) -> Decimal:
        return Decimal(self.total_ns) / self.count if self.average else Decimal(self.total_ns)

    def keep(self) -> Kept:
        return {"Count": self.count, "Sum": self.total_ns}

    def resume(self, kept: Kept) -> None:
        self.count = int(kept["Count"])
        self.total_ns = int(kept["Sum"])

    def shown(self, fed: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        events = {id: {"Duration": sum(values) // len(values), "CompressFactor": len(values)} for id, values in fed.items()}
        return {"Sum": self.total_ns, "Count": self.count, "Events": events}


def total_duration(argument: str = "") -> Length:
    """`*tcd`."""
    return Length(field="Usage", average=False)


def average_duration(argument: str = "") -> Length:
    """`*acd`."""
    return Length(field="Usage", average=True)


def post_dial_delay(argument: str = "") -> Length:
    """`*pdd`."""
    return Length(field="PDD", average=True)
