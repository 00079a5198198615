"""What a daemon knows of profiles beside the profiles themselves: their states, in memory and kept, undone with their transaction, gone with their profile."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from cgrd.codec import decode, encode
from cgrd.profiles.table import Change, MissingProfile, ProfileTable

if TYPE_CHECKING:
    from cgrd.store import Store, Transaction

R = TypeVar("R")
_MOST_MISSED = 10_000


class ProfileStates(Generic[R]):
    """One record of state a profile (a ranking, a trend's runs, a threshold's hits), under the profile's key.

    Records are replaced, never changed, so that a rollback puts the old one back.

    Args:
        table: the profiles.
        store: where records are kept.
        kind: the store's name for them.
        record: their type.
        opened: what makes the record in memory of the one that was stored, where these differ.
    """

    def __init__(self, *, table: ProfileTable, store: Store, kind: str, record: type[R], opened: Callable[[R], R] | None = None) -> None:
        self._table = table
        self._store = store
        self._kind = kind
        self._record = record
        self._opened = opened
        self._records: dict[str, R] = {}
        self._missed: set[str] = set()
        table.watch(self._changed)

    def load(self) -> None:
        """Read all that are stored."""
        for key, data in self._store.scan(self._kind):
            record = decode(data, self._record)
            self._records[key] = self._opened(record) if self._opened else record

    def find(self, key: str) -> R | None:
        """The state under a profile's key, None where there is none."""
        return self._records.get(key)

    def seen(self, key: str) -> R | None:
        """The state under a profile's key, None where it has none yet.

        Raises:
            NotFound: there is no such profile; or it was asked for before there was one and has no state since, as recorded.
        """
        found = self._records.get(key)
        if found is not None:
            return found
        missing = key not in self._table
        if missing and len(self._missed) < _MOST_MISSED:
            self._missed.add(key)
        if missing or key in self._missed:
            raise MissingProfile(self._table.kind, key)
        return None

    def put(self, key: str, record: R) -> None:
        """Put a state in place that is not kept."""
        self._records[key] = record
        self._missed.discard(key)

    def keep(self, tx: Transaction, key: str, record: R, *, stored: object = None) -> None:
        """Put a state in place, kept with the transaction; `stored` where it is stored in another form."""
        tx.put(self._kind, key, encode(record if stored is None else stored))
        tx.on_rollback(partial(self._restore, key, self._records.get(key)))
        self.put(key, record)

    def _restore(self, key: str, old: R | None) -> None:
        if old is None:
            self._records.pop(key, None)
        else:
            self._records[key] = old

    def _changed(self, change: Change) -> None:
        for key in change.dropped:
            self._missed.discard(key)
            old = self._records.pop(key, None)
            if old is not None:
                with self._store.transaction(why=f"Remove{self._table.kind.name}") as tx:
                    tx.delete(self._kind, key)
                    tx.on_rollback(partial(self._restore, key, old))
