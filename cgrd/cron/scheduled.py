"""Profiles that are worked on by their own schedule: put on a timetable by the configuration or a request, and kept in step with their table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import trio

from cgrd.cron.cadence import Cadence
from cgrd.cron.timetable import Entry, Timetable
from cgrd.errors import CgrdError, PartiallyExecuted

if TYPE_CHECKING:
    from cgrd.profiles import Change
    from cgrd.services import Services


class ScheduledProfiles:
    """The profiles of a kind that are scheduled.

    Args:
        services: clock, profiles, log.
        kind: name of the profile kind; its records say when by `Schedule` (as `Cadence` reads it).
        log: the name under which is logged what goes wrong.
        run: the work on one profile when it is due; where it fails that is logged, and the next time comes all the same.
    """

    def __init__(self, *, services: Services, kind: str, log: str, run: Callable[[Any], Awaitable[None]]) -> None:
        self._table = services.profiles[kind]
        self._log = services.log(log)
        self._run = run
        self._timetable = Timetable(clock=services.clock, run=self._work)
        self._table.watch(self._changed)

    async def serve(self, scheduled: Mapping[str, Sequence[str]] | None, *, task_status: trio.TaskStatus[None]) -> None:
        """Work by the timetable until cancelled, beginning with the ids `scheduled` by tenant; without ids all of the tenant's."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self._timetable.serve)
            for tenant, ids in (scheduled or {}).items():
                self._put(tenant, ids or self._table.ids(tenant))
            task_status.started()

    def schedule(self, tenant: str, ids: Sequence[str]) -> int:
        """Schedule profiles from now on; how many there are.

        Raises:
            PartiallyExecuted: some are not there, or have no schedule that can be read; the others are scheduled.
        """
        if failed := self._put(tenant, ids):
            raise PartiallyExecuted(explain="; ".join(failed))
        return len(ids)

    def of(self, tenant: str, prefixes: Sequence[str]) -> list[Entry]:
        """A tenant's scheduled profiles whose id begins with one of the prefixes (all, without any), the next first."""
        return self._timetable.of(tenant, prefixes)

    def _put(self, tenant: str, ids: Sequence[str]) -> list[str]:
        """Schedule profiles; what could not be, a line each."""
        failed = []
        for id in ids:
            try:
                self._timetable.put(tenant, id, Cadence(self._table.get(tenant, id).Schedule))
            except CgrdError as error:
                failed.append(f"{tenant}:{id}: {error} {error.explain}".rstrip())
        if failed:
            self._log.warning("not scheduled", failed=failed)
        return failed

    def _changed(self, change: Change) -> None:
        for key in change.dropped:
            tenant, _, id = key.partition(":")
            self._timetable.drop(tenant, id)
        for key in change.put:
            tenant, _, id = key.partition(":")
            if self._timetable.drop(tenant, id):
                self._put(tenant, [id])

    async def _work(self, tenant: str, id: str) -> None:
        try:
            await self._run(self._table.get(tenant, id))
        except Exception as error:
            fault = None if isinstance(error, CgrdError) else error  # of ours, so its trace is told
            self._log.warning("scheduled work failed", profile=f"{tenant}:{id}", error=str(error) or repr(error), exc_info=fault)
