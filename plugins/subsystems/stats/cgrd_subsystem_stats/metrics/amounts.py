"""Sums and means of numbers: `*sum`, `*average` of any field, `*tcc` and `*acc` of the cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from cgrd.errors import Wrong
from cgrd.fields import MISSING, Roots
from cgrd_subsystem_stats.metrics.metric import Kept, QueueMetric, amount, constant_or_field


class Weighed(msgspec.Struct):
    """What events of one id gave in the mean, and how many they are."""

    Stat: Decimal
    CompressFactor: int = 1


class Sum(QueueMetric):
    """The sum of a field or constant."""

    empty = True

    def __init__(self, argument: str = "") -> None:
        super().__init__(argument)
        self.total = Decimal(0)
        self.events: dict[str, Weighed] = {}
        self._read = constant_or_field(argument)

    def read(self, roots: Roots) -> Any:
        return MISSING if self._read is None else amount(self._read(roots))

    def add(self, id: str | None, value: Any) -> None:
        self.count += 1
        self.total += value
        if id is None:
            return
        event = self.events.get(id)
        if event is None:
            self.events[id] = Weighed(value)
        else:
            event.Stat = (event.Stat * event.CompressFactor + value) / (event.CompressFactor + 1)
            event.CompressFactor += 1

    def take(self, id: str) -> None:
        event = self.events.get(id)
        if event is None:
            return
        self.count -= 1
        self._subtract(event.Stat)
        event.CompressFactor -= 1
        if not event.CompressFactor:
            del self.events[id]

    def _subtract(self, value: Decimal) -> None:
        self.total -= value

    def number(self) -> Decimal:
        return self.total

    def keep(self) -> Kept:
        return {"Count": self.count, "Sum": self.total}

    def resume(self, kept: Kept) -> None:
        self.count = int(kept["Count"])
        self.total = Decimal(str(kept["Sum"]))

    def summed(self) -> dict[str, Any]:
        """What all sums show."""
        return {"Sum": self.total, "Count": self.count, "Events": self.events}

    def shown(self) -> dict[str, Any]:
        return {**self.summed(), "Fields": [{"Rules": self.argument}]}


class Average(Sum):
    """The mean of a field or constant."""

    empty = False

    def _subtract(self, value: Decimal) -> None:
        # As recorded: what was below 0 stays in the sum when its event leaves (spec/README.md: recorded quirks hold).
        if value > 0:
            self.total -= value

    def number(self) -> Decimal:
        return self.total / self.count

    def shown(self) -> dict[str, Any]:
        return {**self.summed(), "FieldName": self.argument}


class TotalCost(Sum):
    """`*tcc`: the sum of what was charged."""

    empty = False

    def read(self, roots: Roots) -> Any:
        found = amount(roots["*req"].get("Cost", MISSING))
        if found is not MISSING and found < 0:
            # -1 is how an unrated record says so.
            raise Wrong("NEGATIVE:Cost", explain="the event's cost is below 0, so it was not rated; it counts for no cost")
        return found

    def shown(self) -> dict[str, Any]:
        return self.summed()


class AverageCost(TotalCost):
    """`*acc`: the mean of what was charged."""

    def number(self) -> Decimal:
        return self.total / self.count
