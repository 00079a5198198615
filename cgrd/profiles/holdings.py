"""What is held of profiles, an id at a time (usages of a resource, allocated addresses): in memory, each kept as a record of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from cgrd.codec import decode, encode
from cgrd.profiles.table import Change, ProfileTable

if TYPE_CHECKING:
    from cgrd.store import Store, Transaction

T = TypeVar("T")


class Holding(Protocol[T]):
    """What is held of one profile. `by_id`: under which ids."""

    tenant: str
    id: str
    by_id: dict[str, T]

    def put(self, id: str, held: T, /) -> T | None:
        """Hold something under an id, in the place of what is returned."""

    def drop(self, id: str, /) -> T | None:
        """Let go what is held under an id, which is returned; None where nothing is."""


H = TypeVar("H", bound=Holding[Any])


class ProfileHoldings(Generic[H, T]):
    """The holdings by their profile's key; changes are made inside a transaction and undone when it fails.

    A record each, so that a change costs the same however many are held. What is held of a profile that goes is gone with it.

    Args:
        table: the profiles; what was held of them before is read at once.
        store: where it is kept.
        kind: the store's name for it.
        made: tenant and id → a holding with nothing in it.
        record: the type of what is stored.
        opened: such a record → tenant and id of the profile, the id that is held under, and what is held.
        stored: the other way round.
    """

    def __init__(
        self,
        *,
        table: ProfileTable,
        store: Store,
        kind: str,
        made: Callable[[str, str], H],
        record: type[Any],
        opened: Callable[[Any], tuple[str, str, str, T]],
        stored: Callable[[H, str, T], Any],
    ) -> None:
        self._store = store
        self._kind = kind
        self._made = made
        self._stored = stored
        self._holdings: dict[str, H] = {}
        for _, data in store.scan(kind):
            tenant, profile, id, held = opened(decode(data, record))
            if f"{tenant}:{profile}" in table:
                self.holding(tenant, profile).put(id, held)
        table.watch(self._changed)

    def holding(self, tenant: str, id: str) -> H:
        """What is held of a profile."""
        found = self._holdings.get(f"{tenant}:{id}")
        if found is None:
            found = self._holdings[f"{tenant}:{id}"] = self._made(tenant, id)
        return found

    def put(self, tx: Transaction, holding: H, id: str, held: T) -> None:
        """Hold something under an id."""
        old = holding.put(id, held)
        tx.put(self._kind, _key(holding, id), encode(self._stored(holding, id, held)))
        tx.on_rollback(partial(_back, holding, id, old))

    def drop(self, tx: Transaction, holding: H, id: str) -> bool:
        """Let go what is held under an id; whether anything was."""
        old = holding.drop(id)
        if old is None:
            return False
        tx.delete(self._kind, _key(holding, id))
        tx.on_rollback(partial(_back, holding, id, old))
        return True

    def _changed(self, change: Change) -> None:
        for key in change.dropped:
            holding = self._holdings.pop(key, None)
            if holding is not None and holding.by_id:
                with self._store.transaction(why=f"what is held of {key} goes with it") as tx:
                    for id in holding.by_id:
                        tx.delete(self._kind, _key(holding, id))


def _key(holding: Holding[Any], id: str) -> str:
    return f"{holding.tenant}:{holding.id}:{id}"


def _back(holding: Holding[T], id: str, old: T | None) -> None:
    if old is None:
        holding.drop(id)
    else:
        holding.put(id, old)
