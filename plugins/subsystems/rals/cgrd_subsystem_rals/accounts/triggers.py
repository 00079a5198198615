"""Which action triggers of an account fire; running their actions is not done here.

Source: spec/rating.md §11.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal

import msgspec

from cgrd.costs import CallDescriptor, TimeSpan
from cgrd.instants import Instant
from cgrd_subsystem_rals.accounts.counters import count_runs, counted_by, counter_type, same_filter
from cgrd_subsystem_rals.accounts.matching import fits
from cgrd_subsystem_rals.accounts.records import Account, ActionTrigger, Balance
from cgrd_subsystem_rals.rating import RatingBook


def fired(account: Account, *, changed: Collection[str], at: Instant) -> list[ActionTrigger]:
    """The triggers whose threshold is reached, the heaviest first; nothing is changed.

    Args:
        account: as it is after the change; a disabled one fires nothing.
        changed: UUIDs of the balances that changed; thresholds on balances look at these only.
        at: now.
    """
    if account.Disabled:
        return []
    waiting = [trigger for trigger in account.ActionTriggers or [] if _may_fire(trigger, at)]
    ordered = sorted(waiting, key=lambda trigger: -trigger.Weight)
    return [trigger for trigger in ordered if _is_reached(account, trigger, changed, at)]


def in_order(triggers: list[ActionTrigger], *, at: Instant) -> list[ActionTrigger]:
    """Triggers as an account holds them once they were looked at: the heaviest first, none whose time is over, counters named."""
    left = [_named(trigger) for trigger in triggers if not (trigger.ExpirationDate and trigger.ExpirationDate < at)]
    return sorted(left, key=lambda trigger: -trigger.Weight)


def _named(trigger: ActionTrigger) -> ActionTrigger:
    """A trigger on a counter takes the counter's name, as recorded accounts show."""
    if not counter_type(trigger.ThresholdType) or (trigger.Balance and trigger.Balance.ID):
        return trigger
    named: ActionTrigger = msgspec.structs.replace(trigger, Balance=counted_by(trigger))
    return named


def begun(account: Account, book: RatingBook, call: CallDescriptor, spans: Iterable[TimeSpan], *, at: Instant) -> set[tuple[str, str]]:
    """The triggers on low counters that a charge sets off by its first increment, when the counters begin to rise: group and unique id."""
    low = [trigger for trigger in account.ActionTriggers or () if trigger.ThresholdType.startswith("*min_") and counter_type(trigger.ThresholdType)]
    first = next((run for span in spans for run in span.runs() if run.total or (run.BalanceInfo and run.BalanceInfo.Unit)), None)
    if not low or first is None:
        return set()
    early = account.copy()
    count_runs({account.ID: early}, book, call, [msgspec.structs.replace(first, CompressFactor=1)])
    return {(trigger.ID, trigger.UniqueID) for trigger in low if _may_fire(trigger, at) and _is_reached(early, trigger, (), at)}


def _may_fire(trigger: ActionTrigger, at: Instant) -> bool:
    if trigger.Executed or (trigger.ActivationDate and at < trigger.ActivationDate):
        return False
    if trigger.ExpirationDate and trigger.ExpirationDate < at:
        return False
    rests = trigger.Recurrent and trigger.MinSleep > 0 and bool(trigger.LastExecutionTime)
    return not (rests and at.ns - trigger.LastExecutionTime.ns < trigger.MinSleep)


def _is_reached(account: Account, trigger: ActionTrigger, changed: Collection[str], at: Instant) -> bool:
    if trigger.ThresholdType == "*balance_expired":
        return any(balance.expired(at) for balance in _balances(account, trigger))
    if kind := counter_type(trigger.ThresholdType):
        return any(_passes(trigger, value) for value in _counted(account, trigger, kind))
    return any(_passes(trigger, balance.Value) for balance in _balances(account, trigger) if balance.Uuid in changed)


def _passes(trigger: ActionTrigger, value: Decimal) -> bool:
    if trigger.ThresholdType.startswith("*max_"):
        return value >= trigger.ThresholdValue
    return trigger.ThresholdType.startswith("*min_") and value <= trigger.ThresholdValue


def _balances(account: Account, trigger: ActionTrigger) -> Iterator[Balance]:
    wanted = trigger.Balance
    kinds = [wanted.Type] if wanted is not None and wanted.Type else list(account.BalanceMap or {})
    for kind in kinds:
        for balance in account.balances(kind):
            if wanted is None or fits(balance, wanted):
                yield balance


def _counted(account: Account, trigger: ActionTrigger, kind: str) -> Iterator[Decimal]:
    wanted = counted_by(trigger)
    for unit in (account.UnitCounters or {}).get(wanted.Type or "", []):
        if unit.CounterType == kind:
            yield from (counter.Value for counter in unit.Counters if same_filter(counter.Filter, counted_by(trigger)))
