"""What is scheduled: one entry a tenant and id, each repeated by a task of its own until it is taken off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import trio

from cgrd.cron.cadence import Cadence
from cgrd.instants import Instant

if TYPE_CHECKING:
    from cgrd.clock import Clock

Run = Callable[[str, str], Awaitable[None]]


@dataclass(eq=False)
class Entry:
    """Something scheduled."""

    tenant: str
    id: str
    cadence: Cadence
    next: Instant
    previous: Instant = Instant.ZERO
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)


class Timetable:
    """All entries.

    Args:
        clock: the only source of time.
        run: what is done when an entry is due; must not raise.
    """

    def __init__(self, *, clock: Clock, run: Run) -> None:
        self._clock = clock
        self._run = run
        self._entries: dict[tuple[str, str], Entry] = {}
        self._nursery: trio.Nursery | None = None

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Repeat what is scheduled until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            task_status.started()
            await trio.sleep_forever()

    def put(self, tenant: str, id: str, cadence: Cadence) -> None:
        """Schedule, in place of what was scheduled under the name."""
        assert self._nursery is not None
        self.drop(tenant, id)
        entry = Entry(tenant, id, cadence, cadence.next_after(self._clock.now()))
        self._entries[tenant, id] = entry
        self._nursery.start_soon(self._repeat, entry)

    def drop(self, tenant: str, id: str) -> bool:
        """Take off; whether it was scheduled."""
        entry = self._entries.pop((tenant, id), None)
        if entry is not None:
            entry.scope.cancel()
        return entry is not None

    def of(self, tenant: str, prefixes: Sequence[str]) -> list[Entry]:
        """A tenant's entries whose id begins with one of the prefixes (all, without any), the next first."""
        found = [each for each in self._entries.values() if each.tenant == tenant and (not prefixes or each.id.startswith(tuple(prefixes)))]
        return sorted(found, key=lambda each: (each.next, each.id))

    async def _repeat(self, entry: Entry) -> None:
        with entry.scope:
            while True:
                await self._clock.sleep_until(entry.next.ns)
                # What is late is done once, not made up for.
                entry.previous, entry.next = entry.next, entry.cadence.next_after(self._clock.now())
                await self._run(entry.tenant, entry.id)
