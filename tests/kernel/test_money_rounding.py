"""Rounding at its edges."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cgrd.money import round_decimal


@pytest.mark.parametrize("method", ["*up", "*down", "*middle", "*none"])
@pytest.mark.parametrize("amount", [Decimal("1e308"), Decimal("-1e308"), Decimal("1e56")])
def test_an_amount_beyond_all_rounding_stays_as_it_is(amount: Decimal, method: str) -> None:
    assert round_decimal(amount, 5, method) == amount


def test_the_largest_that_can_be_rounded_is() -> None:
    assert round_decimal(Decimal(10) ** 54 + Decimal("0.5"), 0, "*down") == Decimal(10) ** 54
