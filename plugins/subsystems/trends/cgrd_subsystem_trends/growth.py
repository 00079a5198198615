"""How a metric has changed since runs before.

Source: spec/tariffplans.md §9.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from cgrd.money import plain, round_decimal
from cgrd_subsystem_trends.wire import Growth

LAST, AVERAGE = "*last", "*average"


def grown(id: str, value: Decimal, *, before: Sequence[Decimal], by: str, tolerance: Decimal, decimals: int) -> Growth:
    """Compare a value with those before it.

    Args:
        before: the metric's values in the runs that are kept, the oldest first.
        by: `*last` or `*average`; with anything else there is nothing to compare.
        tolerance: what counts as no change, in percent.
        decimals: places of the growth.
    """
    against = _against(before, by)
    if not against:
        # A change from nothing has no percentage.
        return Growth(id, value)
    growth = Decimal(plain(round_decimal((value - against) * 100 / against, decimals, "*middle")))
    return Growth(id, value, growth, _label(growth, tolerance))


def _against(before: Sequence[Decimal], by: str) -> Decimal | None:
    if not before:
        return None
    if by == AVERAGE:
        return sum(before, Decimal(0)) / len(before)
    return before[-1] if by == LAST else None


def _label(growth: Decimal, tolerance: Decimal) -> str:
    if not growth or abs(growth) <= tolerance:
        return "*constant"
    return "*positive" if growth > 0 else "*negative"
