"""The calls under way, kept in the store: after a crash each is ended at the last moment it was certainly alive, and charged once.

A crash of the daemon closes its link to Janus, and Janus ends the media of that link's sessions at once. So one stamp a second
for all calls tells, within a second, how long each of them talked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import trio

from cgrd import CGREvent, codec
from cgrd_agent_janus.flags import Asked

if TYPE_CHECKING:
    from cgrd.store import Store

_CALLS = "janus_call"
_PROOF = "janus_proof"


class Entry(msgspec.Struct, kw_only=True):
    """A call as the journal keeps it: how it began and, once known, the event of its end."""

    start: CGREvent
    asked: Asked
    answered_ns: int
    end: CGREvent | None = None

    @property
    def key(self) -> str:
        """Its place in the store."""
        return f"{self.start.Event['OriginHost']}:{self.start.Event['OriginID']}"


class Journal:
    """Entries of live calls, and the last proof of life of all of them.

    Args:
        records: the store.
    """

    def __init__(self, records: Store) -> None:
        self._records = records
        self._open: set[str] = set()
        self._settled = trio.Event()

    async def idle(self) -> None:
        """Return when no call is under way."""
        while self._open:
            self._settled = trio.Event()
            await self._settled.wait()

    @property
    def busy(self) -> bool:
        """Whether any call is under way."""
        return bool(self._open)

    def write(self, entry: Entry) -> None:
        """Keep a call as it is now."""
        self._open.add(entry.key)
        with self._records.transaction(why="janus call") as tx:
            tx.put(_CALLS, entry.key, codec.encode(entry))

    def forget(self, entry: Entry) -> None:
        """The call is charged and recorded."""
        self._open.discard(entry.key)
        self._settled.set()
        with self._records.transaction(why="janus call over") as tx:
            tx.delete(_CALLS, entry.key)

    def prove(self, now_ns: int) -> None:
        """All calls that are under way live at this unix nanosecond."""
        with self._records.transaction(why="janus proof of life") as tx:
            tx.put(_PROOF, "all", str(now_ns).encode())

    def left_over(self) -> tuple[list[Entry], int]:
        """The calls that an earlier life of the daemon left, and the unix nanosecond of its last proof (0 for none)."""
        found = [codec.decode(value, Entry) for _, value in self._records.scan(_CALLS)]
        return found, int(self._records.get(_PROOF, "all") or 0)
