"""The cost of an event in words: which tariff, which increments, who paid."""

from __future__ import annotations

from collections.abc import Iterator

from cgrd.costs.event_cost import NO_CHARGE, PAUSE, ROUNDING, ChargingIncrement, EventCost, RatingUnit
from cgrd.durations import format_duration
from cgrd.money import ZERO, plain


def told(cost: EventCost, *, tor: str = "*voice") -> Iterator[str]:
    """What a cost is made of, line by line; times are told as durations for `*voice`, as numbers of units for everything else."""
    told_tariff = ""
    for charge in cost.charges():
        rating = (cost.Rating or {}).get(charge.RatingID)
        if charge.RatingID != told_tariff and rating is not None and charge.RatingID not in (PAUSE, ROUNDING):
            yield from _tariff(cost, rating, tor)
        told_tariff = charge.RatingID
        for run in charge.runs():
            yield "  " + _run(cost, run, charge.factor, tor, connect_fee=rating.ConnectFee if rating is not None else ZERO)


def amount(value: int, tor: str) -> str:
    """A usage as people write it: `1m5s`, or a number of units."""
    return format_duration(value) if tor in ("*voice", "") else f"{value} units"


def _tariff(cost: EventCost, rating: RatingUnit, tor: str) -> Iterator[str]:
    found = (cost.RatingFilters or {}).get(rating.RatingFiltersID)
    if found is not None:
        yield f"by plan {found.RatingPlanID} (profile {found.Subject}), destination {found.DestinationID}, prefix {found.DestinationPrefix}"
    most = f", at most {plain(rating.MaxCost)} {rating.MaxCostStrategy}" if rating.MaxCost else ""
    yield f"connect fee {plain(rating.ConnectFee)}, rounded {rating.RoundingMethod} to {rating.RoundingDecimals} decimals{most}"
    for rate in (cost.Rates or {}).get(rating.RatesID) or ():
        price = f"{plain(rate.Value)} for each {amount(rate.RateUnit, tor)}, in steps of {amount(rate.RateIncrement, tor)}"
        yield f"from {amount(rate.GroupIntervalStart, tor)} on: {price}"


def _run(cost: EventCost, run: ChargingIncrement, times: int, tor: str, *, connect_fee: object) -> str:
    count = run.factor * times
    if run.AccountingID in (PAUSE, ROUNDING):
        return f"{run.AccountingID[1:]}: {plain(run.Cost * count)}"
    if not run.Usage and run.Cost == connect_fee:
        return f"connect fee: {plain(run.Cost * count)}, {_payer(cost, run.AccountingID, count)}"
    return f"{count} × {amount(run.Usage, tor)} at {plain(run.Cost)} = {plain(run.Cost * count)}, {_payer(cost, run.AccountingID, count)}"


def _payer(cost: EventCost, accounting: str, count: int) -> str:
    paid = (cost.Accounting or {}).get(accounting)
    if paid is None or accounting == NO_CHARGE:
        return "paid by nobody"
    summary = cost.balance(paid.BalanceUUID)
    name = f"{summary.ID or paid.BalanceUUID} ({summary.Type})" if summary is not None else paid.BalanceUUID or "no balance"
    extra = f" and {_payer(cost, paid.ExtraChargeID, count)}" if paid.ExtraChargeID and paid.ExtraChargeID != NO_CHARGE else ""
    return f"paid by {name} of {paid.AccountID}: {plain(paid.Units * count)}{extra}"
