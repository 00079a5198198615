"""`*distinct` values of a field, and `*ddc`, distinct destinations."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from cgrd.fields import MISSING, Roots, text_of
from cgrd_subsystem_stats.metrics.metric import Kept, QueueMetric, constant_or_field


class Distinct(QueueMetric):
    """How many different values a field has."""

    def __init__(self, argument: str = "") -> None:
        super().__init__(argument)
        self.owners: dict[str, dict[str, dict[str, str]]] = {}
        self.events: dict[str, Counter[str]] = {}
        # A constant is no field: nothing of it can differ.
        self._read = constant_or_field(argument) if argument.startswith("~") else None

    def read(self, roots: Roots) -> Any:
        found = MISSING if self._read is None else self._read(roots)
        return found if found is MISSING else text_of(found)

    def add(self, id: str | None, value: Any) -> None:
        self.count += 1
        owners = self.owners.setdefault(value, {})
        if id is not None:
            owners[id] = {}
            self.events.setdefault(id, Counter())[value] += 1

    def take(self, id: str) -> None:
        values = self.events.get(id)
        if values is None:
            return
        self.count -= 1
        value = next(iter(values))
        values[value] -= 1
        if not values[value]:
            self._give_up(id, value, values)

    def _give_up(self, id: str, value: str, values: Counter[str]) -> None:
        del values[value]
        if not values:
            del self.events[id]
        del self.owners[value][id]
        if not self.owners[value]:
            del self.owners[value]

    def number(self) -> Decimal:
        return Decimal(len(self.owners))

    def keep(self) -> Kept:
        return {"Count": self.count, "Values": list(self.owners)}

    def resume(self, kept: Kept) -> None:
        self.count = int(kept["Count"])
        self.owners = {value: {} for value in kept["Values"]}

    def shown(self) -> dict[str, Any]:
        return {"FieldValues": self.owners, "Events": self.events, "Count": self.count, "FieldName": self.argument}


class Destinations(Distinct):
    """`*ddc`: how many different destinations."""

    def __init__(self, argument: str = "") -> None:
        super().__init__("~*req.Destination")

    def shown(self) -> dict[str, Any]:
        return {name: value for name, value in super().shown().items() if name != "FieldName"}
