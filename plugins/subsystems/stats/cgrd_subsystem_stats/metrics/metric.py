"""What a metric is: it reads a value from each event, takes values in and out, and tells its number.

A metric of another distribution (hook `cgrd_metrics`) is a `cgrd.Metric` too; it need not derive from this class.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cgrd.errors import CgrdError
from cgrd.fields import MISSING, Duration, Roots, compile_value, sniff, text_of
from cgrd.money import plain, round_decimal

Kept = dict[str, Any]
"""What a metric keeps of events that are no longer told apart: plain JSON values."""


class QueueMetric:
    """What our metrics have in common; by itself it counts.

    Events with one id are one event to it: numbers are their mean, states and extremes those of the last.

    Attributes:
        argument: what follows `#` in the metric's id.
        count: how many values are in it; what MinItems looks at.
        unit: "" for numbers, "%", or "duration" (nanoseconds).
        empty: whether it has a number without any value in it (a sum: 0).
    """

    unit = ""
    empty = False

    def __init__(self, argument: str = "") -> None:
        self.argument = argument
        self.count = 0

    def read(self, roots: Roots) -> Any:
        """What the event (`*req`) gives, MISSING when nothing that can be used."""
        raise TypeError(f"{type(self).__name__} reads nothing")

    def add(self, id: str | None, value: Any) -> None:
        """Take in what an event gave; id None is one that never leaves."""
        raise TypeError(f"{type(self).__name__} adds nothing")

    def take(self, id: str) -> None:
        """An event leaves; nothing happens when it has given nothing."""
        raise TypeError(f"{type(self).__name__} takes nothing out")

    def number(self) -> Decimal:
        """The exact number; only asked while there is one."""
        return Decimal(self.count)

    def keep(self) -> Kept:
        """What is needed to go on later without the single values."""
        return {"Count": self.count}

    def resume(self, kept: Kept) -> None:
        """Go on with what was kept."""
        self.count = int(kept["Count"])

    def shown(self) -> dict[str, Any]:
        """The metric in the reference's shape."""
        return {"Count": self.count}


def rounded(number: Decimal, unit: str, decimals: int) -> Decimal | Duration:
    """The number as it is told: rounded, durations by their seconds."""
    if unit != "duration":
        return _short(round_decimal(number, decimals, "*middle"))
    return Duration(int(round_decimal(number.scaleb(-9), decimals, "*middle").scaleb(9)))


def _short(number: Decimal) -> Decimal:
    return Decimal(plain(number))


def text_of_metric(value: Decimal | Duration, unit: str) -> str:
    """The text of a told number: "1m30s", "50%", "2.25"."""
    return f"{text_of(value)}%" if unit == "%" else text_of(value)


def constant_or_field(argument: str) -> Any:
    """The reader of `~*req.Cost` or of a constant; None for what cannot be read at all."""
    if not argument:
        return None
    try:
        return compile_value(argument).read
    except CgrdError:
        return None


def amount(value: Any) -> Decimal | Any:
    """A number of the event, lengths of time in ns; MISSING when it is none."""
    if type(value) is Decimal:
        return value
    found = sniff(value) if isinstance(value, str) else value
    if isinstance(found, bool) or not isinstance(found, (int, Decimal)):
        return MISSING
    return Decimal(found)
