"""The working copy of the accounts that one charge may touch, and the list of what it changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NamedTuple
from uuid import uuid4

import msgspec

from cgrd.money import ZERO, round_decimal
from cgrd_subsystem_rals.accounts.records import DEFAULT, MONETARY, Account, Balance, SharedGroup


class BalanceChange(NamedTuple):
    """A line for the ledger: a balance before and after."""

    account: str
    kind: str
    uuid: str
    id: str
    before: Decimal
    after: Decimal


class Bank(msgspec.Struct, kw_only=True):
    """What a charge may look at beside its own account.

    Attributes:
        accounts: members of shared groups by `tenant:account`; nothing in here is changed.
        groups: shared groups by `tenant:id` or id.
        decimals: places of a balance's value.
        new_uuid: makes the id of a new balance.
    """

    accounts: Mapping[str, Account] = {}
    groups: Mapping[str, SharedGroup] = {}
    decimals: int = 5
    new_uuid: Callable[[], str] = lambda: str(uuid4())


class Held(NamedTuple):
    """A balance, of whom, and how closely it fits the call."""

    account: Account
    kind: str
    balance: Balance
    precision: int = 0


class Purse:
    """Working copies of accounts; changed values are rounded and remembered with what they were before."""

    def __init__(self, account: Account, bank: Bank) -> None:
        self.bank = bank
        self.own = account.copy()
        self.accounts: dict[str, Account] = {self.own.ID: self.own}
        self._before: dict[str, tuple[str, str, Balance, Decimal]] = {}

    def member(self, account_id: str) -> Account | None:
        """The working copy of another account, None when it is unknown or disabled."""
        if account_id not in self.accounts:
            known = self.bank.accounts.get(account_id)
            if known is None:
                return None
            self.accounts[account_id] = known.copy()
        found = self.accounts[account_id]
        return None if found.Disabled and found is not self.own else found

    def put(self, held: Held, value: Decimal) -> Decimal:
        """Set a balance's value, rounded; answers what it is now."""
        balance = held.balance
        if balance.Uuid not in self._before:
            self._before[balance.Uuid] = (held.account.ID, held.kind, balance, balance.Value)
        balance.Value = round_decimal(value, self.bank.decimals, "*middle")
        return balance.Value

    def drop(self, held: Held) -> None:
        """Delete a balance; what it held counts as taken."""
        balance = held.balance
        before = self._before.setdefault(balance.Uuid, (held.account.ID, held.kind, balance, balance.Value))
        self._before[balance.Uuid] = (before[0], before[1], Balance(Uuid=balance.Uuid, ID=balance.ID), before[3])
        if held.account.BalanceMap is not None:
            held.account.BalanceMap[held.kind] = [kept for kept in held.account.balances(held.kind) if kept is not balance]

    def empty(self) -> None:
        """Delete every balance of the own account."""
        for kind in self.own.BalanceMap or {}:
            for balance in self.own.balances(kind):
                self.drop(Held(self.own, kind, balance))

    def adopt(self, kind: str, balance: Balance) -> None:
        """Put a balance of another origin into the own account; what it holds counts as given."""
        made = msgspec.structs.replace(balance, Uuid=balance.Uuid or self.bank.new_uuid())
        self.own.add(kind, made)
        known = self._before.get(made.Uuid)
        self._before[made.Uuid] = (self.own.ID, kind, made, known[3] if known else ZERO)

    def default(self) -> Held:
        """The own account's `*default` money balance, made when there is none."""
        for balance in self.own.balances(MONETARY):
            if balance.ID == DEFAULT:
                return Held(self.own, MONETARY, balance)
        made = Balance(Uuid=self.bank.new_uuid(), ID=DEFAULT)
        self.own.add(MONETARY, made)
        self._before[made.Uuid] = (self.own.ID, MONETARY, made, ZERO)
        return Held(self.own, MONETARY, made)

    def changes(self) -> list[BalanceChange]:
        """Every balance that is not what it was, in the order of its first change."""
        return [
            BalanceChange(account, kind, uuid, balance.ID, before, balance.Value)
            for uuid, (account, kind, balance, before) in self._before.items()
            if balance.Value != before
        ]

    def met(self) -> frozenset[str]:
        """The UUIDs of the balances that were set, also to what they held already."""
        return frozenset(self._before)

    def touched(self) -> dict[str, Account]:
        """The accounts that were changed, by id."""
        return {each[0]: self.accounts[each[0]] for each in self._before.values()}

    def before(self, balance: Balance) -> Decimal:
        """What a balance was when the charge began."""
        known = self._before.get(balance.Uuid)
        return known[3] if known else balance.Value
