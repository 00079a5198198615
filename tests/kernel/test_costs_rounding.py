"""What a part of a cost lacks of its tariff's rounding, or has too much."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cgrd.costs import DebitInfo, Increment, MonetaryInfo, RateInterval, RIRate, TimeSpan, UnitInfo, rounding_of

MONEY = DebitInfo(Unit=UnitInfo(UUID="voice"), Monetary=MonetaryInfo(UUID="money"), AccountID="t:1001")


def span(*payers: DebitInfo, method: str = "*up", decimals: int = 2, tariff: bool = True) -> TimeSpan:
    runs = [Increment(Cost=Decimal("0.001"), BalanceInfo=payer, CompressFactor=1) for payer in payers]
    interval = RateInterval(Rating=RIRate(RoundingMethod=method, RoundingDecimals=decimals)) if tariff else None
    return TimeSpan(Increments=runs, RateInterval=interval)


@pytest.mark.parametrize(("method", "wanted"), [("*up", "0.009"), ("*down", "-0.001"), ("*middle", "-0.001")])
def test_the_first_payer_settles_what_the_tariff_rounds(method: str, wanted: str) -> None:
    found = rounding_of(span(MONEY, DebitInfo(AccountID="t:other"), method=method), Decimal("0.011"))
    assert found == Increment(Cost=Decimal(wanted), BalanceInfo=DebitInfo(Monetary=MONEY.Monetary, AccountID="t:1001"), CompressFactor=1)


@pytest.mark.parametrize(
    ("part", "cost"),
    [
        (span(MONEY), "0.01"),
        (span(MONEY, tariff=False), "0.011"),
        (span(DebitInfo(Unit=UnitInfo(UUID="voice"), AccountID="t:1001")), "0.011"),
        (span(), "0.011"),
        (TimeSpan(Increments=None), "0.011"),
    ],
    ids=["round", "no tariff", "paid with units", "paid by nobody", "no increments"],
)
def test_nothing_is_settled_where_there_is_nothing_to_settle_or_no_money(part: TimeSpan, cost: str) -> None:
    assert rounding_of(part, Decimal(cost)) is None
