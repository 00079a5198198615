"""Amounts that balances can be changed by: small enough that sums and differences of them are exact, so that no later change vanishes.

What they have behind the point is rounded to `general.rounding_decimals` when a balance is written.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from cgrd.errors import Wrong

_MOST: Final = Decimal(10) ** 15
_LONGEST: Final = Decimal(2**63 - 1)


def fitting(name: str, amount: Decimal, *, kind: str = "") -> Decimal:
    """The amount of an argument of that name, for balances of a type: `*voice` and "" (unknown) hold nanoseconds, which are many.

    Raises:
        Wrong: it is too large.
    """
    most = _LONGEST if kind in ("*voice", "") else _MOST
    if abs(amount) > most:
        raise Wrong(f"{name} is {amount:.6g}: an amount is at most {most:f}", explain="smaller changes of such a balance would be lost; use a larger unit")
    return amount
