"""All accounts of this daemon: in memory, read from the store at start, changed only by `Work`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from cgrd.codec import decode, encode
from cgrd_subsystem_rals.accounts.purse import Bank
from cgrd_subsystem_rals.accounts.records import Account, SharedGroup

if TYPE_CHECKING:
    from cgrd.store import Store, Transaction

KIND = "Account"


class Accounts(Mapping[str, Account]):
    """Accounts by `tenant:id`. A record in here is never changed in place: whoever holds one holds what was true then.

    Args:
        store: where they are kept.
        groups: the shared groups by id.
        decimals: places of a balance's value.
    """

    def __init__(self, *, store: Store, groups: Mapping[str, SharedGroup], decimals: int) -> None:
        self._all: dict[str, Account] = {key: decode(data, Account) for key, data in store.scan(KIND)}
        self.get = self._all.get  # type: ignore[method-assign]
        self.bank = Bank(accounts=self._all, groups=groups, decimals=decimals)

    def __getitem__(self, key: str) -> Account:
        return self._all[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def of_tenant(self, tenant: str) -> Iterator[Account]:
        """The accounts of a tenant, in the order they came to be."""
        start = f"{tenant}:"
        return (account for key, account in list(self._all.items()) if key.startswith(start))

    def put(self, tx: Transaction, account: Account) -> None:
        """Keep an account, new or in place of another; undone when the transaction does not come to be."""
        self._undo_with(tx, account.ID)
        tx.put(KIND, account.ID, encode(account))
        self._all[account.ID] = account

    def drop(self, tx: Transaction, key: str) -> None:
        """Forget an account."""
        self._undo_with(tx, key)
        tx.delete(KIND, key)
        self._all.pop(key, None)

    def _undo_with(self, tx: Transaction, key: str) -> None:
        old = self._all.get(key)

        def undo() -> None:
            if old is None:
                self._all.pop(key, None)
            else:
                self._all[key] = old

        tx.on_rollback(undo)
