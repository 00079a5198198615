"""`*distinct` values of a field, and `*ddc`, distinct destinations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from cgrd.fields import MISSING, Roots, text_of
from cgrd_subsystem_stats.metrics.metric import Kept, Metric, constant_or_field


class Distinct(Metric):
    """How many different values a field has; `named` whether the field is shown."""

    def __init__(self, argument: str = "", *, named: bool = True) -> None:
        super().__init__(argument)
        self.named = named
        self.values: Counter[str] = Counter()
        # A constant is no field: nothing of it can differ.
        self._read = constant_or_field(argument) if argument.startswith("~") else None

    def read(self, roots: Roots) -> Any:
        found = MISSING if self._read is None else self._read(roots)
        return found if found is MISSING else text_of(found)

    def add(self, value: Any) -> None:
        self.count += 1
        self.values[value] += 1

    def take(self, value: Any, left: Iterable[Any]) -> None:
        self.count -= 1
        self.values[value] -= 1
        if self.values[value] <= 0:
            del self.values[value]

    def number(self) -> Decimal:
        return Decimal(len(self.values))

    def keep(self) -> Kept:
        return {"Count": self.count, "Values": dict(self.values)}

    def resume(self, kept: Kept) -> None:
        self.count = int(kept["Count"])
        self.values = Counter(kept["Values"])

    def shown(self, fed: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        owners: dict[str, dict[str, Any]] = {value: {} for value in self.values}
        for id, values in fed.items():
            for value in values:
                owners.setdefault(value, {})[id] = {}
        found = {"FieldValues": owners, "Events": {id: dict(Counter(values)) for id, values in fed.items()}, "Count": self.count}
        return {**found, "FieldName": self.argument} if self.named else found


def destinations(argument: str = "") -> Distinct:
    """`*ddc`."""
    return Distinct("~*req.Destination", named=False)
