"""`*highest` and `*lowest` value of a field or constant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from cgrd.fields import MISSING, Roots
from cgrd_subsystem_stats.metrics.metric import Kept, Metric, amount, constant_or_field

# What the reference shows while there is no value: the ends of its binary floats.
_END = Decimal("1.7976931348623157e+308")


class Extreme(Metric):
    """The value that `better` prefers."""

    name: ClassVar[str]
    worst: ClassVar[Decimal]
    better: ClassVar[Callable[..., Decimal]]

    def __init__(self, argument: str = "") -> None:
        super().__init__(argument)
        self.best: Decimal | None = None
        self._read = constant_or_field(argument)

    def read(self, roots: Roots) -> Any:
        return MISSING if self._read is None else amount(self._read(roots))

    def add(self, value: Any) -> None:
        self.count += 1
        self.best = value if self.best is None else type(self).better(self.best, value)

    def take(self, value: Any, left: Iterable[Any]) -> None:
        self.count -= 1
        if value == self.best:
            self.best = type(self).better(left, default=None)

    def number(self) -> Decimal:
        return self.worst if self.best is None else self.best

    def keep(self) -> Kept:
        return {"Count": self.count, "Best": self.best}

    def resume(self, kept: Kept) -> None:
        self.count = int(kept["Count"])
        self.best = None if kept["Best"] is None else Decimal(str(kept["Best"]))

    def shown(self, fed: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        events = {id: values[-1] for id, values in fed.items()}
        return {"FieldName": self.argument, self.name: self.number(), "Count": self.count, "Events": events}


class Highest(Extreme):
    """The highest value."""

    name = "Highest"
    worst = -_END
    better: ClassVar[Callable[..., Decimal]] = max


class Lowest(Extreme):
    """The lowest value."""

    name = "Lowest"
    worst = _END
    better: ClassVar[Callable[..., Decimal]] = min
