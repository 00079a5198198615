"""`*highest` and `*lowest` value of a field or constant."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from cgrd.fields import MISSING, Roots
from cgrd_subsystem_stats.metrics.metric import Kept, QueueMetric, amount, constant_or_field


class Highest(QueueMetric):
    """The highest value; as recorded it is never below 0."""

    name: ClassVar[str] = "Highest"
    start: ClassVar[Decimal] = Decimal(0)

    def __init__(self, argument: str = "") -> None:
        super().__init__(argument)
        self.best = self.start
        self.events: dict[str, Decimal] = {}
        self._read = constant_or_field(argument)

    def better(self, one: Decimal, other: Decimal) -> Decimal:
        """Which of two is kept."""
        return max(one, other)

    def read(self, roots: Roots) -> Any:
        return MISSING if self._read is None else amount(self._read(roots))

    def add(self, id: str | None, value: Any) -> None:
        if id is not None:
            self.take(id)
            self.events[id] = value
        self.count += 1
        self.best = self.better(self.best, value)

    def take(self, id: str) -> None:
        value = self.events.pop(id, None)
        if value is None:
            return
        self.count -= 1
        if value == self.best:
            self.best = self.start
            for each in self.events.values():
                self.best = self.better(self.best, each)

    def number(self) -> Decimal:
        return self.best

    def keep(self) -> Kept:
        return {"Count": self.count, "Best": self.best}

    def resume(self, kept: Kept) -> None:
        self.count = int(kept["Count"])
        self.best = Decimal(str(kept["Best"]))

    def shown(self) -> dict[str, Any]:
        return {"FieldName": self.argument, self.name: self.best, "Count": self.count, "Events": self.events}


class Lowest(Highest):
    """The lowest value."""

    name = "Lowest"
    # The end of the reference's binary floats, which it shows while there is no value.
    start = Decimal("1.7976931348623157e+308")

    def better(self, one: Decimal, other: Decimal) -> Decimal:
        return min(one, other)
