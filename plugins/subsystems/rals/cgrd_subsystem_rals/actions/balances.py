"""Actions on balances: adding, taking, setting, removing, moving."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from cgrd_subsystem_rals.accounts import operations
from cgrd_subsystem_rals.accounts.errors import AccountNotFound
from cgrd_subsystem_rals.accounts.purse import Purse
from cgrd_subsystem_rals.accounts.transfer import transfer
from cgrd_subsystem_rals.actions.doing import Doing, Run


def topup(doing: Doing) -> None:
    """Add to the balances meant, or make one."""
    doing.topup(doing.units)


def topup_reset(doing: Doing) -> None:
    """Set the balances meant to nothing, then add."""
    operations.topup(doing.purse(), doing.wanted, doing.units, at=doing.at, reset=True)


def debit(doing: Doing) -> None:
    """Take from the balances meant."""
    doing.debit(doing.units)


def debit_reset(doing: Doing) -> None:
    """Set the balances meant to nothing, then take."""
    operations.take(doing.purse(), doing.wanted, doing.units, at=doing.at, reset=True)


def topup_zero_negative(doing: Doing) -> None:
    """Set balances below nothing to nothing, then subtract the units as they are."""
    operations.topup_zero_negative(doing.purse(), doing.wanted, doing.units, at=doing.at)


def set_balance(doing: Doing) -> None:
    """Set a balance, or make it."""
    given = doing.action.Balance is not None and doing.action.Balance.Value is not None
    operations.set_balance(doing.purse(), doing.wanted, doing.units if given else None, at=doing.at)


def remove_balance(doing: Doing) -> None:
    """Delete the balances meant."""
    operations.remove(doing.purse(), doing.wanted, at=doing.at)


def remove_expired(doing: Doing) -> None:
    """Delete the expired balances meant."""
    operations.remove_expired(doing.purse(), doing.wanted, at=doing.at)


def set_expiry(doing: Doing) -> None:
    """Give the balances meant another end."""
    operations.set_expiry(doing.purse(), doing.wanted)


def reset_account(doing: Doing) -> None:
    """Begin anew."""
    operations.reset_account(doing.purse())


def reset_counters(doing: Doing) -> None:
    """Set counters to nothing."""
    operations.reset_counters(doing.purse(), doing.wanted)


def transfer_to_default(doing: Doing) -> None:
    """Empty money balances into `*default`."""
    operations.transfer_to_default(doing.purse(), doing.wanted, at=doing.at)


class Transfer(msgspec.Struct):
    """ExtraParameters of *transfer_balance."""

    DestinationAccountID: str = ""
    DestinationBalanceID: str = ""
    DestinationReferenceValue: Decimal | None = None


def transfer_balance(doing: Doing) -> None:
    """Move units to another balance, also of another account."""
    extra: Transfer = doing.extra(Transfer)
    source = doing.purse()
    same = extra.DestinationAccountID == doing.key
    target: Purse = source if same else doing.work.purse(extra.DestinationAccountID)
    if not same and doing.work.find(extra.DestinationAccountID) is None:
        raise AccountNotFound(explain=f"no account {extra.DestinationAccountID} to transfer to")
    wanted = doing.wanted
    transfer(
        source,
        target,
        source_balance=wanted.ID or wanted.Uuid or "",
        target_balance=extra.DestinationBalanceID,
        units=doing.units,
        reference=extra.DestinationReferenceValue,
        at=doing.at,
    )
    if not same:
        doing.work.take(target, why=f"{doing.action.Id} {doing.action.ActionType}".strip())


TYPES: dict[str, Run] = {
    "*topup": topup,
    "*topup_reset": topup_reset,
    "*debit": debit,
    "*debit_reset": debit_reset,
    "*topup_zero_negative": topup_zero_negative,
    "*set_balance": set_balance,
    "*remove_balance": remove_balance,
    "*remove_expired": remove_expired,
    "*set_expiry": set_expiry,
    "*reset_account": reset_account,
    "*reset_counters": reset_counters,
    "*transfer_monetary_default": transfer_to_default,
    "*transfer_balance": transfer_balance,
}

TRYING: Final = frozenset((*TYPES, "*reset_triggers")) - {"*reset_counters", "*reset_account"}
"""Types after which triggers are looked at, also where no balance has changed."""
