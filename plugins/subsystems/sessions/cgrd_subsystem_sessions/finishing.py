"""Ending sessions from here: the client is told, what was taken is given back, and the CDRs are posted.

Source: spec/sessions.md §5 (forceSTerminate).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cgrd import Flow
from cgrd.errors import CgrdError
from cgrd.flows import travel
from cgrd_subsystem_sessions.asking import leaves_open
from cgrd_subsystem_sessions.session import Session

if TYPE_CHECKING:
    from cgrd_subsystem_sessions.service import SessionS

FORCED = "FORCED_DISCONNECT"


class Finishing:
    """Forced ends; whoever calls `force` holds the session's lock, and whoever calls `cut` or `tell` does not.

    Args:
        owner: SessionS with its parts.
    """

    def __init__(self, owner: SessionS) -> None:
        self._owner = owner

    async def cut(self, session: Session, cause: str) -> None:
        """Have the client end the session; where it cannot be told, end it here."""
        try:
            await self._owner.peers.disconnect(session, cause)
        except CgrdError as error:
            self._owner.log.warning("the client could not be told to end its session", cgrid=session.CGRID, cause=cause, error=str(error))
            async with self._owner.lifecycle.lock(session.CGRID):
                if self._owner.registry.active.get(session.CGRID) is session:
                    await self.force(session, FORCED)

    async def force(self, session: Session, cause: str, *, usage: int | None = None, last_used: int | None = None) -> bool:
        """End a session here; whether all of it went well."""
        return await self.force_each(session, cause, [usage] * len(session.SRuns), last_used=last_used)

    async def force_each(self, session: Session, cause: str, usages: Sequence[int | None], *, last_used: int | None = None) -> bool:
        """The same with a final usage for each run."""
        failure = await self._owner.lifecycle.end_each(session, usages, last_used=last_used, cdr_due=self._owner.linked("cdrs"))
        if leaves_open(failure) and self._owner.registry.active.get(session.CGRID) is session:
            self._owner.log.warning("a forced end is tried again: RALs cannot be asked, or refuse the usage", cgrid=session.CGRID, error=str(failure))
            return False
        failures = [failure, *await self._give_back(session), await self._post(session)]
        await self._owner.replication.removed(session)
        self._owner.watching.tell_at_once(session, cause)
        told = [error for error in failures if error is not None]
        for error in told:
            self._owner.log.warning("a forced end was not complete", cgrid=session.CGRID, error=str(error), explain=error.explain)
        return not told

    async def _give_back(self, session: Session) -> list[CgrdError]:
        """What the session took goes back by the same flags' stages of the flow `terminate`."""
        stages = [made for made in self._owner.services.flows["terminate"] if made.releases and made.flag in session.Held]
        flow = Flow(name="terminate", driver=self._owner, event=session.event(), asked={made.flag: {} for made in stages})
        failures = []
        for made in stages:
            try:
                await travel((made,), flow)
            except CgrdError as error:
                failures.append(error)
        return failures + flow.partial

    async def _post(self, session: Session) -> CgrdError | None:
        if not self._owner.linked("cdrs"):
            return None
        try:
            await self._owner.records.post(session.CGRID)
        except CgrdError as error:
            return error
        return None

    async def tell(self, session: Session, cause: str) -> None:
        """The client hears of it where it can; it may be what is gone."""
        if self._owner.peers.of(session) is None:
            return
        try:
            await self._owner.peers.disconnect(session, cause)
        except CgrdError as error:
            self._owner.log.info("the client did not take the end of its session", cgrid=session.CGRID, cause=cause, error=str(error))
