"""Fields of an EventCost by path, as filters and export templates name them: `Charges[0].Rating.RatingFilter.RatingPlanID`.

A path follows ids: `Rating`, `Rates`, `Timing`, `RatingFilter`, `Accounting`, `ExtraCharge` and `Balance` go on in what the id names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cgrd.costs.event_cost import BalanceCharge, ChargingIncrement, ChargingInterval, EventCost, RatingUnit
from cgrd.errors import NotFound

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def field(cost: EventCost, path: str) -> Any:
    """What a path leads to.

    Raises:
        NotFound: no such field, no such item.
    """
    at: Any = cost
    for name, index in _STEP.findall(path):
        at = _item(at, int(index), path) if index else _member(cost, at, name, path)
    return at


def _item(at: Any, index: int, path: str) -> Any:
    if not isinstance(at, Sequence) or index >= len(at):
        raise NotFound(explain=f"EventCost has nothing at {path}: no item {index}")
    return at[index]


def _member(cost: EventCost, at: Any, name: str, path: str) -> Any:
    found = _followed(cost, at, name)
    if found is None:
        found = at.get(name) if isinstance(at, Mapping) else getattr(at, name, None) if name[:1].isupper() else None
    if found is None:
        raise NotFound(explain=f"EventCost has nothing at {path}: no {name}")
    return found


def _followed(cost: EventCost, at: Any, name: str) -> Any:
    match at, name:
        case ((ChargingInterval() | BalanceCharge()), "Rating"):
            return (cost.Rating or {}).get(at.RatingID)
        case ChargingIncrement(), "Accounting":
            return (cost.Accounting or {}).get(at.AccountingID)
        case BalanceCharge(), "ExtraCharge":
            return (cost.Accounting or {}).get(at.ExtraChargeID)
        case BalanceCharge(), "Balance":
            return cost.balance(at.BalanceUUID)
        case RatingUnit(), "Rates":
            return (cost.Rates or {}).get(at.RatesID)
        case RatingUnit(), "Timing":
            return (cost.Timings or {}).get(at.TimingID)
        case RatingUnit(), "RatingFilter":
            return (cost.RatingFilters or {}).get(at.RatingFiltersID)
    return None
