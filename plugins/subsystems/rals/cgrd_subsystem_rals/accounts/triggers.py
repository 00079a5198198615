"""Which action triggers of an account fire; running their actions is not done here.

Source: spec/rating.md §11.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal

from cgrd.instants import Instant
from cgrd_subsystem_rals.accounts.counters import counted_by, counter_type, same_filter
from cgrd_subsystem_rals.accounts.matching import fits
from cgrd_subsystem_rals.accounts.records import Account, ActionTrigger, Balance


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


def arrange(account: Account, *, at: Instant) -> bool:
    """Put an account's triggers in the order in which they are tried, the heaviest first; whether anything changed.

    Those on counters that may fire take the name of their counter, as recorded accounts show.
    """
    triggers = account.ActionTriggers or []
    ordered = sorted(triggers, key=lambda trigger: -trigger.Weight)
    unnamed = [trigger for trigger in ordered if counter_type(trigger.ThresholdType) and _may_fire(trigger, at) and trigger.Balance != counted_by(trigger)]
    for trigger in unnamed:
        trigger.Balance = counted_by(trigger)
    if moved := [id(each) for each in ordered] != [id(each) for each in triggers]:
        account.ActionTriggers = ordered
    return moved or bool(unnamed)


def mark_fired(trigger: ActionTrigger, *, at: Instant) -> None:
    """Note that a trigger's actions ran: it does not fire again until it is reset, or after its rest when it is recurrent."""
    trigger.Executed = not trigger.Recurrent
    trigger.LastExecutionTime = at


def without_expired(account: Account, *, at: Instant) -> None:
    """Drop the triggers whose time is over."""
    if account.ActionTriggers:
        account.ActionTriggers = [t for t in account.ActionTriggers if not (t.ExpirationDate and t.ExpirationDate < at)]


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
            yield from (counter.Value for counter in unit.Counters if same_filter(counter.Filter, wanted))
