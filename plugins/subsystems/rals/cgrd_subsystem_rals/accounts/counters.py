"""Counting what an account uses, for triggers on counters.

Source: spec/rating.md §11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from cgrd.costs import CallDescriptor, Increment, TimeSpan
from cgrd.money import ZERO
from cgrd_subsystem_rals.accounts.matching import fits
from cgrd_subsystem_rals.accounts.records import MONETARY, Account, ActionTrigger, Balance, BalanceFilter, CounterFilter, UnitCounter
from cgrd_subsystem_rals.rating import RatingBook

EVENT, BALANCE = "*event", "*balance"
_KIND_OF = {"event_counter": EVENT, "balance_counter": BALANCE, "event_connect": "*event_connect", "balance_connect": "*balance_connect"}


def counter_type(threshold_type: str) -> str:
    """Which counters a trigger looks at, "" when none."""
    return next((kind for word, kind in _KIND_OF.items() if threshold_type.endswith(word)), "")


def init_counters(account: Account) -> None:
    """Give the account exactly the counters that its triggers need; a counter that was there keeps its value."""
    old = account.UnitCounters or {}
    made: dict[str, list[UnitCounter]] = {}
    for trigger in account.ActionTriggers or []:
        kind = counter_type(trigger.ThresholdType)
        if kind:
            _add_counter(made, old, trigger, kind)
    account.UnitCounters = made or None


def _add_counter(made: dict[str, list[UnitCounter]], old: dict[str, list[UnitCounter]], trigger: ActionTrigger, kind: str) -> None:
    wanted = counted_by(trigger)
    units = made.setdefault(wanted.Type or "", [])
    unit = next((each for each in units if each.CounterType == kind), None)
    if unit is None:
        unit = UnitCounter(CounterType=kind, Counters=[])
        units.append(unit)
    if any(same_filter(each.Filter, wanted) for each in unit.Counters):
        return
    before = (
        counter.Value
        for known in old.get(wanted.Type or "", [])
        if known.CounterType == kind
        for counter in known.Counters
        if same_filter(counter.Filter, wanted)
    )
    unit.Counters.append(CounterFilter(Value=next(before, ZERO), Filter=wanted))


def counted_by(trigger: ActionTrigger) -> BalanceFilter:
    """What a trigger's counter counts; it is named after the trigger unless the trigger names a balance."""
    wanted = trigger.Balance or BalanceFilter()
    return wanted if wanted.ID else msgspec.structs.replace(wanted, ID=trigger.UniqueID)


def same_filter(one: BalanceFilter | None, other: BalanceFilter | None) -> bool:
    """Whether two filters mean the same: by their ids where both have one, else field by field."""
    if one is None or other is None:
        return one is other
    return one.ID == other.ID if one.ID and other.ID else one == other


def count_spans(accounts: Mapping[str, Account], book: RatingBook, call: CallDescriptor, spans: Iterable[TimeSpan], *, sign: int = 1) -> None:
    """Add what each paid run took to the counters of its payer; `sign` -1 takes it back (refunds)."""
    for span in spans:
        count_runs(accounts, book, call, span.runs(), sign=sign)


def count_runs(accounts: Mapping[str, Account], book: RatingBook, call: CallDescriptor, runs: Iterable[Increment], *, sign: int = 1) -> None:
    """The same for bare runs."""
    for run in runs:
        info = run.BalanceInfo
        account = accounts.get(info.AccountID) if info else None
        if info is None or account is None or not account.UnitCounters:
            continue
        if info.Unit is not None:
            used = info.Unit.Consumed * run.factor
            _count(account, book, call, info.Unit.ToR or call.ToR, sign * used, info.Unit.UUID)
        if info.Monetary is not None:
            _count(account, book, call, MONETARY, sign * run.total, info.Monetary.UUID)


def _count(account: Account, book: RatingBook, call: CallDescriptor, kind: str, amount: Decimal, uuid: str) -> None:
    if not amount:
        return
    paying = next((b for held in (account.BalanceMap or {}).values() for b in held or [] if b.Uuid == uuid), None)
    for unit in (account.UnitCounters or {}).get(kind, []):
        for counter in unit.Counters:
            if _concerns(unit.CounterType, counter, book, call, paying):
                counter.Value += amount


def _concerns(kind: str, counter: CounterFilter, book: RatingBook, call: CallDescriptor, paying: Balance | None) -> bool:
    wanted = counter.Filter
    if wanted is None:
        return True
    if kind == BALANCE:
        return paying is not None and fits(paying, wanted, skip_ids=True)
    if wanted.Categories and not wanted.Categories.get(call.Category):
        return False
    named = wanted.DestinationIDs
    if not named or named.get("*any"):
        return True
    return any(named.get(destination) for _, ids in book.destinations_of(call.Destination) for destination in ids)
