"""Actions on the flags and triggers of an account, and on the account as a whole."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from cgrd.money import ZERO
from cgrd_subsystem_rals.accounts.matching import fits, new_balance
from cgrd_subsystem_rals.accounts.records import ActionTrigger, BalanceFilter
from cgrd_subsystem_rals.actions.doing import Doing, Run
from cgrd_subsystem_rals.bindings import unbind_everywhere


def allow_negative(doing: Doing) -> None:
    """Let the account go below nothing.

    ExtraParameters: none.
    """
    doing.account().AllowNegative = True


def deny_negative(doing: Doing) -> None:
    """Keep the account above nothing.

    ExtraParameters: none.
    """
    doing.account().AllowNegative = False


def enable_account(doing: Doing) -> None:
    """Let the account be used again.

    ExtraParameters: none.
    """
    doing.account().Disabled = False


def disable_account(doing: Doing) -> None:
    """Lock the account: new calls are refused with ACCOUNT_DISABLED, and its triggers fire no more.

    ExtraParameters: none.
    """
    doing.account().Disabled = True


class Which(msgspec.Struct):
    """ExtraParameters that name triggers."""

    GroupID: str = ""
    UniqueID: str = ""
    ThresholdType: str = ""


def triggers_meant(doing: Doing) -> Iterator[ActionTrigger]:
    """The triggers that an action means: those that ExtraParameters name, else those about the balances meant."""
    which: Which | None = doing.extra(Which) if doing.action.ExtraParameters else None
    for trigger in doing.account().ActionTriggers or ():
        if which is not None:
            if _is_named(trigger, which):
                yield trigger
        elif _is_about(trigger, doing.action.Balance or BalanceFilter()):
            yield trigger


def _is_named(trigger: ActionTrigger, which: Which) -> bool:
    wanted = ((which.GroupID, trigger.ID), (which.UniqueID, trigger.UniqueID), (which.ThresholdType, trigger.ThresholdType))
    return all(not asked or asked == held for asked, held in wanted)


def _is_about(trigger: ActionTrigger, wanted: BalanceFilter) -> bool:
    held = trigger.Balance or BalanceFilter()
    if wanted.Type and wanted.Type != held.Type:
        return False
    return fits(new_balance(held, uuid=held.Uuid or "", value=ZERO), wanted)


def reset_triggers(doing: Doing) -> None:
    """Let triggers that have fired fire again.

    ExtraParameters: JSON with GroupID, UniqueID, ThresholdType; empty means the triggers on the balances meant.
    """
    for trigger in triggers_meant(doing):
        trigger.Executed = False


def set_recurrent(doing: Doing) -> None:
    """Let triggers fire again and again, as Recurrent does.

    ExtraParameters: JSON with GroupID, UniqueID, ThresholdType; empty means the triggers on the balances meant.
    """
    for trigger in triggers_meant(doing):
        trigger.Recurrent = True


def unset_recurrent(doing: Doing) -> None:
    """Let triggers fire once only.

    ExtraParameters: JSON with GroupID, UniqueID, ThresholdType; empty means the triggers on the balances meant.
    """
    for trigger in triggers_meant(doing):
        trigger.Recurrent = False


class Whose(msgspec.Struct):
    """ExtraParameters of *remove_account."""

    Tenant: str = ""
    Account: str = ""


def remove_account(doing: Doing) -> None:
    """Delete an account and what binds it to plans.

    ExtraParameters: JSON with Tenant and Account; empty means the account itself.
    """
    named: Whose = doing.extra(Whose) if doing.action.ExtraParameters else Whose()
    key = doing.desk.key(named.Tenant, named.Account) if named.Account else doing.key
    doing.work.remove(key)
    unbind_everywhere(doing.desk, doing.work, key)


TYPES: dict[str, Run] = {
    "*allow_negative": allow_negative,
    "*deny_negative": deny_negative,
    "*enable_account": enable_account,
    "*disable_account": disable_account,
    "*reset_triggers": reset_triggers,
    "*set_recurrent": set_recurrent,
    "*unset_recurrent": unset_recurrent,
    "*remove_account": remove_account,
}
