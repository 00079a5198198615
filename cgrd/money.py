"""Exact amounts: every price, balance and unit is a `decimal.Decimal`; binary floats never touch money.

Rounding happens at the places spec'd by the tariff only, and always through `round_decimal`.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Final

__all__ = [
    "ONE",
    "ZERO",
    "plain",
    "round_decimal",
]

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
# Wide enough for a terabyte at a nano-price and every intermediate product; a result is rounded by the tariff, never by the context.
_WIDE: Final = Context(prec=60)


@lru_cache(64)
def _step(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


def round_decimal(amount: Decimal, decimals: int, method: str) -> Decimal:
    """Round to `decimals` places: `*up`, `*down`, `*middle` (half up); any other method leaves the amount as it is.

    `*up` lets residues below 10^-max(7, decimals) of the last place go, as tariffs written for binary floats expect. Negative
    amounts go to the lower value with `*up` and `*middle` when a residue is left. An amount too large to be written with so many
    places stays as it is.

    Source: spec/rating.md §2 and observed_rating.md (numbers).
    """
    if amount.adjusted() + decimals >= _WIDE.prec:
        return amount
    step = _step(decimals)
    if method == "*middle" and amount >= 0:
        return amount.quantize(step, ROUND_HALF_UP, _WIDE)
    floor = amount.quantize(step, ROUND_FLOOR, _WIDE)
    if floor == amount or method == "*down":
        return floor if method in ("*up", "*down", "*middle") else amount
    if method == "*middle":
        return floor
    if method == "*up":
        residue = (amount - floor) / step
        small = amount < 0 or residue < _step(max(7, decimals))
        return floor if small else amount.quantize(step, ROUND_CEILING, _WIDE)
    return amount


def plain(amount: Decimal) -> str:
    """The number without exponent and without trailing zeros: "0.5", "100", "-0.00001"."""
    text = format(amount, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text
