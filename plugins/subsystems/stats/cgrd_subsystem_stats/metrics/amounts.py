"""Sums and means of numbers: `*sum`, `*average` of any field, `*tcc` and `*acc` of the cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from cgrd.errors import Wrong
from cgrd.fields import MISSING, Roots
from cgrd_subsystem_stats.metrics.metric import Kept, Metric, Weighed, amount, constant_or_field, mean

Reader = Callable[[Roots], Any]


class Sum(Metric):
    """The sum of a field or constant."""

    empty = True

    def __init__(self, argument: str = "") -> None:
        super().__init__(argument)
        self.total = Decimal(0)
        self._read = constant_or_field(argument)

    def read(self, roots: Roots) -> Any:
        return MISSING if self._read is None else amount(self._read(roots))

    def add(self, value: Any) -> None:
        self.count += 1
        self.total += value

    def take(self, value: Any, left: Iterable[Any]) -> None:
        self.count -= 1
        self.total -= value

    def number(self) -> Decimal:
        return self.total

    def keep(self) -> Kept:
        return {"Count": self.count, "Sum": self.total}

    def resume(self, kept: Kept) -> None:
        self.count = int(kept["Count"])
        self.total = Decimal(str(kept["Sum"]))

    def shown(self, fed: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        return {**self._summed(fed), "Fields": [{"Rules": self.argument}]}

    def _summed(self, fed: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        events = {id: Weighed(mean(values), len(values)) for id, values in fed.items()}
        return {"Sum": self.total, "Count": self.count, "Events": events}


class Average(Sum):
    """The mean of a field or constant."""

    empty = False

    def number(self) -> Decimal:
        return self.total / self.count

    def shown(self, fed: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        return {**self._summed(fed), "FieldName": self.argument}


def _cost(roots: Roots) -> Any:
    found = amount(roots["*req"].get("Cost", MISSING))
    if found is not MISSING and found < 0:
        # -1 is how an unrated record says so.
        raise Wrong("NEGATIVE:Cost", explain="the event's cost is below 0, so it was not rated; it counts for no cost")
    return found


class TotalCost(Sum):
    """The sum of what was charged."""

    empty = False

    def read(self, roots: Roots) -> Any:
        return _cost(roots)

    def shown(self, fed: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        return self._summed(fed)


class AverageCost(TotalCost):
    """The mean of what was charged."""

    def number(self) -> Decimal:
        return self.total / self.count


total_cost = TotalCost
average_cost = AverageCost
