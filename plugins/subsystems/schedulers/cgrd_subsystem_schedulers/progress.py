"""How far each line of a plan has come: kept in the store, so that a start is neither lost nor repeated when the daemon stops."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from cgrd.codec import decode, encode

if TYPE_CHECKING:
    from cgrd.store import Store, Transaction

KIND = "ActionTimingProgress"


class Progress(msgspec.Struct, frozen=True):
    """Where a line stands.

    Attributes:
        begun_ns: when its last start began; when it was first seen, before any.
        under_way: whether that start was cut off before all accounts had their turn.
        account: the last account that had it.
    """

    begun_ns: int
    under_way: bool = False
    account: str = ""


class ProgressBook:
    """The progress of all lines, by uuid.

    Args:
        store: where it is kept.
        undone: called with a line's uuid when what was noted of it did not come to be.
    """

    def __init__(self, store: Store, *, undone: Callable[[str], None]) -> None:
        self._undone = undone
        self._all: dict[str, Progress] = {uuid: decode(data, Progress) for uuid, data in store.scan(KIND)}

    def __contains__(self, uuid: str) -> bool:
        return uuid in self._all

    def __getitem__(self, uuid: str) -> Progress:
        return self._all[uuid]

    def uuids(self) -> set[str]:
        """The lines that are known."""
        return set(self._all)

    def put(self, tx: Transaction, uuid: str, progress: Progress) -> None:
        """Note how far a line has come."""
        self._undo_with(tx, uuid)
        tx.put(KIND, uuid, encode(progress))
        self._all[uuid] = progress

    def drop(self, tx: Transaction, uuid: str) -> None:
        """Forget a line."""
        self._undo_with(tx, uuid)
        tx.delete(KIND, uuid)
        self._all.pop(uuid, None)

    def _undo_with(self, tx: Transaction, uuid: str) -> None:
        old = self._all.get(uuid)

        def undo() -> None:
            if old is None:
                self._all.pop(uuid, None)
            else:
                self._all[uuid] = old
            self._undone(uuid)

        tx.on_rollback(undo)
