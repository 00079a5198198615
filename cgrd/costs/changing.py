"""Putting two EventCosts together and cutting one: sessions grow by merging what each debit cost, and shrink to what was used.

Source: spec/rating.md §8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from msgspec.structs import replace

from cgrd.costs.calls import CallCost
from cgrd.costs.charging import append_charge, charges_of
from cgrd.costs.event_cost import PAUSE, ROUNDING, BalanceCharge, ChargingIncrement, ChargingInterval, EventCost, RatingUnit, name_of
from cgrd.costs.summaries import AccountSummary
from cgrd.instants import Instant

Record = TypeVar("Record")
_SPECIAL = ("", PAUSE, ROUNDING, "*none")


def merge(first: EventCost, second: EventCost, *, decimals: int = 5) -> EventCost:
    """A cost of both, the second following the first; neither is changed.

    The account summary is the second's with the first's initial values. A charge equal to the last one is counted into it as
    one more time.
    """
    merged = _grown(first, second.StartTime, second.AccountSummary)
    rename = _Renaming(merged, second)
    for charge in second.charges():
        _append(merged.charges(), rename.charge(charge), repeating=True)
    return merged.compute(decimals)


def added(first: EventCost, cost: CallCost, *, decimals: int = 5, repeating: bool = True) -> EventCost:
    """`merge` with what a call after it cost; neither is changed.

    A charge equal to the last one is counted into it; where not `repeating`, as more of its last increment.
    """
    spans = cost.spans()
    merged = _grown(first, spans[0].TimeStart if spans else Instant.ZERO, cost.AccountSummary)
    charges = merged.charges()
    for charge in charges_of(spans, named_in=merged):
        _append(charges, charge, repeating=repeating)
    return merged.compute(decimals)


def _grown(first: EventCost, start: Instant, summary: AccountSummary | None) -> EventCost:
    """A copy that can be added to: with maps, and a last charge, of its own. What is before that is shared, and never changed."""
    charges = first.charges()
    return replace(
        first,
        StartTime=first.StartTime if charges else start,
        Charges=_open_ended(charges),
        AccountSummary=first.AccountSummary if summary is None else summary.keeping_initials(first.AccountSummary),
        Rating=dict(first.Rating or {}),
        Accounting=dict(first.Accounting or {}),
        RatingFilters=dict(first.RatingFilters or {}),
        Rates=dict(first.Rates or {}),
        Timings=dict(first.Timings or {}),
    )


def _open_ended(charges: list[ChargingInterval]) -> list[ChargingInterval]:
    if not charges:
        return []
    runs = charges[-1].runs()
    return [*charges[:-1], replace(charges[-1], Increments=[*runs[:-1], *map(replace, runs[-1:])])]


def _append(charges: list[ChargingInterval], charge: ChargingInterval, *, repeating: bool) -> None:
    """Add a charge; one whose first run goes on where the last charge ended is counted into that run, unless either is repeated."""
    last = charges[-1] if charges else None
    runs, more = last.Increments if last is not None else None, charge.Increments
    if last is None or not runs or not more or not _goes_on(last, charge, runs[-1], more[0]) or (repeating and runs == more):
        append_charge(charges, charge)
        return
    tail = runs[-1]
    tail.CompressFactor = tail.factor + more[0].factor
    runs.extend(more[1:])


def _goes_on(last: ChargingInterval, charge: ChargingInterval, tail: ChargingIncrement, head: ChargingIncrement) -> bool:
    if last.RatingID != charge.RatingID or last.factor != 1 or charge.factor != 1:
        return False
    return tail.Usage == head.Usage and tail.Cost == head.Cost and tail.AccountingID == head.AccountingID


class _Renaming:
    """Brings the second cost's records under ids of the first."""

    def __init__(self, merged: EventCost, other: EventCost) -> None:
        self.merged = merged
        self.timings = _renamed(merged.Timings, other.Timings, "e")
        self.rates = _renamed(merged.Rates, other.Rates, "d")
        self.filters = _renamed(merged.RatingFilters, other.RatingFilters, "c")
        self.ratings = _renamed(merged.Rating, {key: self.rating(unit) for key, unit in (other.Rating or {}).items()}, "a")
        known = other.Accounting or {}
        # Extra charges first: a unit charge names them.
        plain = {key: self.payer(charge, {}) for key, charge in known.items() if charge.ExtraChargeID in _SPECIAL}
        self.accounting = _renamed(merged.Accounting, plain, "b")
        extra = {key: self.payer(charge, self.accounting) for key, charge in known.items() if key not in plain}
        self.accounting |= _renamed(merged.Accounting, extra, "b")

    def rating(self, unit: RatingUnit) -> RatingUnit:
        return replace(
            unit,
            TimingID=self.timings.get(unit.TimingID, unit.TimingID),
            RatesID=self.rates.get(unit.RatesID, unit.RatesID),
            RatingFiltersID=self.filters.get(unit.RatingFiltersID, unit.RatingFiltersID),
        )

    def payer(self, charge: BalanceCharge, extras: Mapping[str, str]) -> BalanceCharge:
        return replace(
            charge,
            RatingID=self.ratings.get(charge.RatingID, charge.RatingID),
            ExtraChargeID=extras.get(charge.ExtraChargeID, charge.ExtraChargeID),
        )

    def charge(self, charge: ChargingInterval) -> ChargingInterval:
        return ChargingInterval(
            RatingID=self.ratings.get(charge.RatingID, charge.RatingID),
            Increments=[replace(run, AccountingID=self.accounting.get(run.AccountingID, run.AccountingID)) for run in charge.runs()],
            CompressFactor=charge.factor,
        )


def _renamed(mine: dict[str, Record] | None, theirs: Mapping[str, Record] | None, kind: str) -> dict[str, str]:
    names: dict[str, str] = {}
    for key, record in (theirs or {}).items():
        if mine is None:
            continue
        if key in _SPECIAL:
            mine.setdefault(key, record)
        else:
            names[key] = name_of(mine, record, kind)
    return names


def trim(cost: EventCost, at_usage: int, *, decimals: int = 5) -> tuple[EventCost, EventCost | None]:
    """Cut a cost at a usage (ns or units): what is kept, and the surplus, None when there is none.

    Increments are whole: one that straddles the cut is kept. At 0 everything is surplus. The cost given is not changed; the surplus
    shares its records with it, and is not computed.
    """
    within, beyond = cut_charges(cost.charges(), at_usage)
    kept = replace(cost, Charges=within).compute(decimals)
    if not beyond:
        return kept, None
    return prune(kept), replace(cost, Charges=beyond, StartTime=kept.end_time(), Usage=None, Cost=None)


def cut_charges(charges: list[ChargingInterval], at_usage: int) -> tuple[list[ChargingInterval], list[ChargingInterval]]:
    """Charges up to a usage, and those beyond; what is not cut is shared."""
    if at_usage <= 0:
        return [], charges
    kept: list[ChargingInterval] = []
    beyond: list[ChargingInterval] = []
    left = at_usage
    for charge in charges:
        if left <= 0:
            beyond.append(charge)
            continue
        once = charge.usage()
        used = once * charge.factor
        if used <= left:
            kept.append(charge)
        else:
            _cut_one(charge, once, left, kept, beyond)
        left -= used
    return kept, beyond


def _cut_one(charge: ChargingInterval, once: int, left: int, kept: list[ChargingInterval], beyond: list[ChargingInterval]) -> None:
    whole, part = divmod(left, once)
    if whole:
        kept.append(replace(charge, CompressFactor=whole))
    after = charge.factor - whole
    if part:
        first, second = _cut_runs(charge.runs(), part)
        kept.append(ChargingInterval(RatingID=charge.RatingID, Increments=first, CompressFactor=1))
        if second:
            beyond.append(ChargingInterval(RatingID=charge.RatingID, Increments=second, CompressFactor=1))
        after -= 1
    if after:
        beyond.append(replace(charge, CompressFactor=after))


def _cut_runs(runs: list[ChargingIncrement], left: int) -> tuple[list[ChargingIncrement], list[ChargingIncrement]]:
    kept: list[ChargingIncrement] = []
    beyond: list[ChargingIncrement] = []
    for run in runs:
        if left <= 0:
            beyond.append(run)
            continue
        count = run.factor if not run.Usage else min(run.factor, -(-left // run.Usage))
        kept.append(replace(run, CompressFactor=count))
        if count < run.factor:
            beyond.append(replace(run, CompressFactor=run.factor - count))
        left -= count * run.Usage
    return kept, beyond


def prune(cost: EventCost) -> EventCost:
    """Drop the records that no charge names any more; answers the cost itself."""
    accounting = cost.Accounting or {}
    paid = {run.AccountingID for charge in cost.charges() for run in charge.runs()}
    paid |= {accounting[key].ExtraChargeID for key in paid if key in accounting}
    cost.Accounting = {key: charge for key, charge in accounting.items() if key in paid}
    rated = {charge.RatingID for charge in cost.charges()} | {charge.RatingID for charge in cost.Accounting.values()}
    if cost.Rating and cost.Rating.keys() <= rated:
        return cost
    cost.Rating = {key: unit for key, unit in (cost.Rating or {}).items() if key in rated}
    units = cost.Rating.values()
    cost.RatingFilters = _named(cost.RatingFilters, {unit.RatingFiltersID for unit in units})
    cost.Rates = _named(cost.Rates, {unit.RatesID for unit in units})
    cost.Timings = _named(cost.Timings, {unit.TimingID for unit in units})
    return cost


def _named(records: dict[str, Record] | None, names: set[str]) -> dict[str, Record]:
    return {key: record for key, record in (records or {}).items() if key in names}
