"""Amounts that are worked out when an action runs.

Source: spec/rating.md §12 (value formula).
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from cgrd.instants import Instant
from cgrd.money import ZERO
from cgrd_subsystem_rals.accounts.records import ValueFormula

_STEPS: dict[tuple[str, str], Callable[[datetime], int]] = {
    ("week", "day"): lambda _: 7,
    ("month", "day"): lambda now: calendar.monthrange(now.year, now.month)[1],
    ("year", "day"): lambda now: 366 if calendar.isleap(now.year) else 365,
    ("day", "hour"): lambda _: 24,
    ("month", "hour"): lambda now: 24 * calendar.monthrange(now.year, now.month)[1],
    ("year", "hour"): lambda now: 24 * (366 if calendar.isleap(now.year) else 365),
    ("hour", "minute"): lambda _: 60,
}


def amount_of(formula: ValueFormula | None, *, now: Instant) -> Decimal:
    """The amount: as it stands, or the share of an increment in its interval (`*incremental`); 0 for what cannot be worked out."""
    if formula is None:
        return ZERO
    if not formula.Method:
        return formula.Static
    params = formula.Params or {}
    steps = _STEPS.get((str(params.get("Interval", "")), str(params.get("Increment", ""))))
    if formula.Method != "*incremental" or steps is None:
        return ZERO
    return Decimal(str(params.get("Units", 0))) / steps(now.datetime())
