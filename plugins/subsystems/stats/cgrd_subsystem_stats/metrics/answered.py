"""`*asr`: how many of a hundred events were answered."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cgrd.errors import CgrdError
from cgrd.fields import Roots, text_of
from cgrd.instants import Instant, parse_instant
from cgrd_subsystem_stats.metrics.amounts import Sum


class AnswerRatio(Sum):
    """Answered events (AnswerTime there and not the zero time) in percent of all."""

    unit = "%"
    empty = False

    def read(self, roots: Roots) -> Any:
        return Decimal(1) if _answered(roots["*req"].get("AnswerTime")) else Decimal(0)

    def number(self) -> Decimal:
        return self.total * 100 / self.count

    def shown(self) -> dict[str, Any]:
        found = self.summed()
        return {"Answered": found.pop("Sum"), **found}


def _answered(value: Any) -> bool:
    if isinstance(value, Instant):
        return not value.is_zero
    text = text_of(value)
    try:
        return bool(text) and not parse_instant(text).is_zero
    except (CgrdError, OverflowError):
        return False
