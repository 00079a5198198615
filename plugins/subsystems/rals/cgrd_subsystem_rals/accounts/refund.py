"""Giving back what was debited, and settling roundings.

Source: spec/rating.md §7.5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from cgrd.costs import CallDescriptor, Increment
from cgrd.money import ONE, ZERO
from cgrd_subsystem_rals.accounts.purse import BalanceChange, Bank, Held, Purse
from cgrd_subsystem_rals.accounts.records import MONETARY, Account


class Refunded(msgspec.Struct, kw_only=True):
    """What a refund did: the changed accounts, each change, and the increments whose account or balance is gone."""

    accounts: dict[str, Account]
    changes: list[BalanceChange]
    lost: list[Increment]


def refund(bank: Bank, accounts: Mapping[str, Account], call: CallDescriptor) -> Refunded:
    """Put every increment of the call back where it came from; a connect fee comes back like any other increment."""
    return _settle(bank, accounts, call, sign=1)


def refund_rounding(bank: Bank, accounts: Mapping[str, Account], call: CallDescriptor) -> Refunded:
    """Take the corrections of rounding: positive ones leave the balance, negative ones come back."""
    return _settle(bank, accounts, call, sign=-1)


def owed_by_balance(call: CallDescriptor) -> dict[str, Decimal]:
    """What a refund of the call would put into each balance, by its UUID."""
    owed: dict[str, Decimal] = {}
    for run in call.Increments or []:
        for _, uuid, amount in _owed(run, call, 1):
            owed[uuid] = owed.get(uuid, ZERO) + amount
    return owed


def _settle(bank: Bank, accounts: Mapping[str, Account], call: CallDescriptor, *, sign: int) -> Refunded:
    purses: dict[str, Purse] = {}
    lost: list[Increment] = []
    for run in call.Increments or []:
        purse = _purse(purses, bank, accounts, run)
        for kinds, uuid, amount in _owed(run, call, sign):
            held = _find(purse.own, kinds, uuid) if purse else None
            if purse is None or held is None:
                lost.append(run)
            else:
                purse.put(held, held.balance.Value + amount)
    touched = {account: changed for purse in purses.values() for account, changed in purse.touched().items()}
    return Refunded(accounts=touched, changes=[change for purse in purses.values() for change in purse.changes()], lost=lost)


def _purse(purses: dict[str, Purse], bank: Bank, accounts: Mapping[str, Account], run: Increment) -> Purse | None:
    key = run.BalanceInfo.AccountID if run.BalanceInfo else ""
    if key not in purses and key in accounts:
        purses[key] = Purse(accounts[key], bank)
    return purses.get(key)


def _owed(run: Increment, call: CallDescriptor, sign: int) -> Iterator[tuple[tuple[str, ...], str, Decimal]]:
    info = run.BalanceInfo
    if info is None:
        return
    if info.Unit is not None and info.Unit.UUID and sign > 0:
        factor = info.Unit.Factor or ONE
        yield (call.ToR,), info.Unit.UUID, run.usage * factor
    if info.Monetary is not None and info.Monetary.UUID:
        yield (MONETARY,), info.Monetary.UUID, sign * run.total


def _find(account: Account, kinds: tuple[str, ...], uuid: str) -> Held | None:
    for kind in kinds:
        for balance in account.balances(kind):
            if balance.Uuid == uuid:
                return Held(account, kind, balance)
    return None
