"""Accounts as one order has changed them so far: kept all together with their ledger entries, or not at all.

A charge, a set of actions and the triggers that they set off all work on one `Work`; nothing of it is seen by others before `keep`.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple, cast

import msgspec

from cgrd.instants import Instant
from cgrd.store import LedgerEntry, Waiting
from cgrd_subsystem_rals.accounts.operations import clean_expired
from cgrd_subsystem_rals.accounts.owner import Accounts
from cgrd_subsystem_rals.accounts.purse import BalanceChange, Bank, Purse
from cgrd_subsystem_rals.accounts.records import Account
from cgrd_subsystem_rals.effects import Effect

if TYPE_CHECKING:
    from cgrd.store import Transaction

Later = Callable[[], Awaitable[None] | None]
"""A plain call; where it has to wait, it answers a coroutine."""


class Cause(NamedTuple):
    """Who changes balances, and for which event and charger run."""

    why: str
    event_id: str = ""
    run_id: str = ""


class Mark(NamedTuple):
    """A state of a `Work` to go back to."""

    accounts: dict[str, Account | None]
    entries: int
    later: int
    effects: int
    beside: int


class Work(msgspec.Struct, eq=False):
    """What an order does to accounts.

    Attributes:
        owner: whose accounts they are.
        at: now.
        cause: for the ledger.
        changed: the accounts as they are by now, None for one that is removed.
        entries: for the ledger.
        later: what is done once it is kept.
        effects: what is sent once it is committed.
        is_waited: whether somebody waits for what it leaves to be done later: `Desk.finish`.
        reserved: effects whose first attempt `Desk.finish` makes.
        beside: what else is changed in the same transaction.
    """

    owner: Accounts
    at: Instant
    cause: Cause
    changed: dict[str, Account | None] = {}
    entries: list[LedgerEntry] = []
    later: list[Later] = []
    effects: list[Effect] = []
    is_waited: bool = False
    reserved: list[Waiting] = []
    beside: list[Callable[[], object]] = []

    def find(self, key: str) -> Account | None:
        """The account as it is by now, None when there is none."""
        return self.changed[key] if key in self.changed else self.owner.get(key)

    def purse(self, key: str) -> Purse:
        """A purse on the account as it is by now, which is made where there is none."""
        return Purse(self.find(key) or Account(ID=key), self._bank())

    def _bank(self) -> Bank:
        bank = self.owner.bank
        if not self.changed or not bank.groups:
            return bank
        return msgspec.structs.replace(bank, accounts=ChainMap(self._living(), cast("dict[str, Account]", bank.accounts)))

    def _living(self) -> dict[str, Account]:
        return {key: account for key, account in self.changed.items() if account is not None}

    def take(self, purse: Purse, *, why: str = "") -> list[BalanceChange]:
        """Accept what was done with a purse; answers the changes of balances."""
        changes = purse.changes()
        self.accept({purse.own.ID: purse.own, **purse.touched()}, changes, why=why)
        return changes

    def accept(self, accounts: dict[str, Account], changes: Iterable[BalanceChange], *, why: str = "") -> None:
        """Accept accounts as they are now, and the changes of their balances. `why` says more than the cause."""
        self.changed.update(accounts)
        cause = self.cause
        why = f"{cause.why} {why}" if why else cause.why
        self.entries += [
            LedgerEntry(
                account=change.account,
                balance_uuid=change.uuid,
                balance_id=change.id,
                balance_type=change.kind,
                before=change.before,
                change=change.after - change.before,
                after=change.after,
                why=why,
                event_id=cause.event_id,
                run_id=cause.run_id,
                at=self.at,
            )
            for change in changes
        ]

    def remove(self, key: str) -> None:
        """Take the account away; what its balances held leaves the books."""
        account = self.find(key)
        if account is not None:
            purse = Purse(account, self.owner.bank)
            purse.empty()
            self.take(purse, why="removed")
        self.changed[key] = None

    def mark(self) -> Mark:
        """The state as it is now."""
        return Mark(dict(self.changed), len(self.entries), len(self.later), len(self.effects), len(self.beside))

    def back_to(self, mark: Mark) -> None:
        """Forget what was done since."""
        self.changed = mark.accounts
        del self.entries[mark.entries :]
        del self.later[mark.later :]
        del self.effects[mark.effects :]
        del self.beside[mark.beside :]

    def keep(self, tx: Transaction, *, remove_expired: bool) -> None:
        """Make it so, for memory and store."""
        for key, account in list(self.changed.items()):
            if account is None:
                self.owner.drop(tx, key)
                continue
            if remove_expired and _any_expired(account, self.at):
                purse = Purse(account, self.owner.bank)
                clean_expired(purse, at=self.at)
                self.take(purse, why="expired")
                account = purse.own
            account.UpdateTime = self.at
            self.owner.put(tx, account)
        tx.post(self.entries)
        for change in self.beside:
            change()


def _any_expired(account: Account, at: Instant) -> bool:
    for balances in (account.BalanceMap or {}).values():
        for balance in balances or ():
            if balance.expired(at):
                return True
    return False
