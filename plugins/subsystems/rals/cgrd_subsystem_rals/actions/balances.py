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
    """Add Units to the balances that the balance columns mean, or make one.

    ExtraParameters: empty, or factors of the balance by category or destination as a JSON map of numbers.
    """
    doing.topup(doing.units)


def topup_reset(doing: Doing) -> None:
    """Set the balances that the balance columns mean to nothing, then add Units.

    ExtraParameters: as of `*topup`.
    """
    operations.topup(doing.purse(), doing.wanted, doing.units, at=doing.at, reset=True)


def debit(doing: Doing) -> None:
    """Take Units from the balances that the balance columns mean.

    ExtraParameters: none.
    """
    doing.debit(doing.units)


def debit_reset(doing: Doing) -> None:
    """Set the balances that the balance columns mean to nothing, then take Units.

    ExtraParameters: none.
    """
    operations.take(doing.purse(), doing.wanted, doing.units, at=doing.at, reset=True)


def topup_zero_negative(doing: Doing) -> None:
    """Set the balances meant that are below nothing to nothing, then subtract Units as they are.

    ExtraParameters: none.
    """
    operations.topup_zero_negative(doing.purse(), doing.wanted, doing.units, at=doing.at)


def set_balance(doing: Doing) -> None:
    """Give the balance that BalanceTag names the columns' values, or make it.

    ExtraParameters: as of `*topup`.
    """
    given = doing.action.Balance is not None and doing.action.Balance.Value is not None
    operations.set_balance(doing.purse(), doing.wanted, doing.units if given else None, at=doing.at)


def remove_balance(doing: Doing) -> None:
    """Delete the balances that the balance columns mean.

    ExtraParameters: none.
    """
    operations.remove(doing.purse(), doing.wanted, at=doing.at)


def remove_expired(doing: Doing) -> None:
    """Delete those of the balances meant whose time is over.

    ExtraParameters: none.
    """
    operations.remove_expired(doing.purse(), doing.wanted, at=doing.at)


def set_expiry(doing: Doing) -> None:
    """Give the balances meant the end that ExpiryTime says.

    ExtraParameters: none.
    """
    operations.set_expiry(doing.purse(), doing.wanted)


def reset_account(doing: Doing) -> None:
    """Put an empty balance in place of the balances of each type, and let the triggers fire again; counters stay.

    ExtraParameters: none.
    """
    operations.reset_account(doing.purse())


def reset_counters(doing: Doing) -> None:
    """Set the counters that threshold types `…_counter` look at to nothing: those of BalanceType, or all.

    ExtraParameters: none.
    """
    operations.reset_counters(doing.purse(), doing.wanted)


def transfer_to_default(doing: Doing) -> None:
    """Empty the money balances meant into the balance `*default`.

    ExtraParameters: none.
    """
    operations.transfer_to_default(doing.purse(), doing.wanted, at=doing.at)


class Transfer(msgspec.Struct):
    """ExtraParameters of *transfer_balance."""

    DestinationAccountID: str = ""
    DestinationBalanceID: str = ""
    DestinationReferenceValue: Decimal | None = None


def transfer_balance(doing: Doing) -> None:
    """Move Units from the balance that BalanceTag names to another one, also of another account.

    ExtraParameters: JSON with DestinationAccountID (`tenant:account`), DestinationBalanceID, and perhaps DestinationReferenceValue.
    """
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
