"""Accounts in the old structure that APIerSv1.GetAccount still answers: sets as texts, types with `*out` behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cgrd.costs import RITiming
from cgrd.instants import Instant
from cgrd.money import ZERO
from cgrd_subsystem_rals.accounts.records import Account, ActionTrigger, Balance, BalanceFilter


def old_account(account: Account) -> dict[str, Any]:
    """The account."""
    return {
        "Id": f"*out:{account.ID}",
        "BalanceMap": {f"{kind}*out": [old_balance(each) for each in held or ()] for kind, held in (account.BalanceMap or {}).items()},
        "UnitCounters": [
            {"BalanceType": kind, "Balances": [_counter(counter.Value, counter.Filter) for counter in unit.Counters]}
            for kind, units in (account.UnitCounters or {}).items()
            for unit in units
        ],
        "ActionTriggers": [old_trigger(each) for each in account.ActionTriggers or ()],
        "AllowNegative": account.AllowNegative,
        "Disabled": account.Disabled,
    }


def joined(members: Mapping[str, bool] | None) -> str:
    """A set as text; what is excluded is told like the rest, as recorded."""
    return ";".join(sorted(members or ()))


def old_balance(balance: Balance) -> dict[str, Any]:
    """A balance."""
    return {
        "Uuid": balance.Uuid,
        "Id": balance.ID,
        "Value": balance.Value,
        "ExpirationDate": balance.ExpirationDate,
        "Weight": balance.Weight,
        "DestinationIds": joined(balance.DestinationIDs),
        "RatingSubject": balance.RatingSubject,
        "Category": joined(balance.Categories),
        "SharedGroup": joined(balance.SharedGroups),
        "Timings": balance.Timings,
        "TimingIDs": joined(balance.TimingIDs),
        "Disabled": balance.Disabled,
    }


def _counter(value: Any, told: BalanceFilter | None) -> dict[str, Any]:
    wanted = told or BalanceFilter()
    timings: list[RITiming] | None = wanted.Timings
    return {
        "Uuid": wanted.Uuid or "",
        "Id": wanted.ID or "",
        "Value": value,
        "ExpirationDate": wanted.ExpirationDate or Instant.ZERO,
        "Weight": wanted.Weight or ZERO,
        "DestinationIds": joined(wanted.DestinationIDs),
        "RatingSubject": wanted.RatingSubject or "",
        "Category": joined(wanted.Categories),
        "SharedGroup": joined(wanted.SharedGroups),
        "Timings": timings,
        "TimingIDs": joined(wanted.TimingIDs),
        "Disabled": bool(wanted.Disabled),
    }


def old_trigger(trigger: ActionTrigger) -> dict[str, Any]:
    """A trigger."""
    wanted = trigger.Balance or BalanceFilter()
    return {
        "Id": trigger.ID,
        "ThresholdType": trigger.ThresholdType,
        "ThresholdValue": trigger.ThresholdValue,
        "Recurrent": trigger.Recurrent,
        "MinSleep": trigger.MinSleep,
        "BalanceId": wanted.ID or "",
        "BalanceType": wanted.Type or "",
        "BalanceDestinationIds": joined(wanted.DestinationIDs),
        "BalanceWeight": wanted.Weight or ZERO,
        "BalanceExpirationDate": wanted.ExpirationDate or Instant.ZERO,
        "BalanceTimingTags": joined(wanted.TimingIDs),
        "BalanceRatingSubject": wanted.RatingSubject or "",
        "BalanceCategory": joined(wanted.Categories),
        "BalanceSharedGroup": joined(wanted.SharedGroups),
        "BalanceDisabled": bool(wanted.Disabled),
        "Weight": trigger.Weight,
        "ActionsId": trigger.ActionsID,
        "MinQueuedItems": trigger.MinQueuedItems,
        "Executed": trigger.Executed,
    }
