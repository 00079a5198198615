"""CDRs of sessions: `ProcessCDR`, and posting them when nobody else does.

Source: spec/sessions.md §3 (ProcessCDR) and §5.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from cgrd import CGREvent, EventArgs, FlaggedEvent, method
from cgrd.durations import MINUTE
from cgrd.errors import CgrdError, Exists, MandatoryMissing, NotConnected, PartiallyExecuted
from cgrd_subsystem_sessions.asking import is_unsettled
from cgrd_subsystem_sessions.charging import written
from cgrd_subsystem_sessions.deadlines import Work
from cgrd_subsystem_sessions.lifecycle import key_of
from cgrd_subsystem_sessions.session import RATED_BY_CDR, Session, SRun

if TYPE_CHECKING:
    from cgrd_subsystem_sessions.service import SessionS

PROCESS = "CDRsV1.ProcessEvent"
AS_FORKED = ("*chargers:false", "*attributes:false")
"""The runs' events were forked and changed when the session began."""


class Records:
    """Makes CDRs of sessions.

    Args:
        owner: SessionS with its parts.
    """

    def __init__(self, owner: SessionS) -> None:
        self._owner = owner

    @method("SessionSv1.ProcessCDR")
    async def process_cdr(self, args: EventArgs) -> str:
        """Record a session that ended, one CDR per run; an event of no session here is handed to CDRs as it is.

        Raises:
            MandatoryMissing: no event.
            NotConnected: no CDRs are connected.
        """
        if args.Event is None:
            raise MandatoryMissing("Event")
        event = self._owner.completed(args)
        await self._owner.answering("SessionSv1.ProcessCDR", args, event, partial(self.record, event, ["*rals"]))
        return "OK"

    async def record(self, event: CGREvent, flags: list[str]) -> None:
        """Record an event's session, or the event itself under CDRs' `flags`; see `process_cdr`."""
        if not self._owner.linked("cdrs"):
            raise NotConnected("CDRs", explain="sessions.cdrs_conns is empty; name a connection there")
        event = replace(event, Event={"Source": "*sessions", **event.Event})
        key = key_of(event.Event)
        async with self._owner.lifecycle.lock(key):
            session = self._owner.registry.active.get(key)
            if session is not None:
                self._owner.log.warning("a CDR of a session that is active", cgrid=key)
                await self._post_runs(session, event, active=True)
            elif key in self._owner.registry.closed:
                await self.post(key, event)
            else:
                given = FlaggedEvent(Tenant=event.Tenant, ID=event.ID, Time=event.Time, Event=event.Event, APIOpts=event.APIOpts, Flags=flags)
                await self._owner.call("cdrs", PROCESS, given, str)

    async def post(self, cgrid: str, event: CGREvent | None = None) -> None:
        """Post the CDRs of a closed session. Where CDRs cannot be reached, it is tried again later.

        Raises:
            PartiallyExecuted: a run was not recorded; the log says why.
        """
        closed = self._owner.registry.closed[cgrid]
        try:
            await self._post_runs(closed.Session, event)
        except CgrdError:
            if closed.CDRDue:
                due = self._owner.services.clock.now_ns() + MINUTE
                self._owner.watching.deadlines.set((cgrid, "cdr"), due, self.retrying(cgrid))
            raise
        self._owner.registry.doubtful.discard(cgrid)
        with self._owner.services.store.transaction(why=f"CDR of session {cgrid}") as tx:
            self._owner.registry.recorded(closed, at=self._owner.services.clock.now(), tx=tx)

    def retrying(self, cgrid: str) -> Work:
        """The work of posting CDRs that are due."""
        return partial(self.retry, cgrid)

    async def retry(self, cgrid: str) -> None:
        """Post CDRs that are still due."""
        async with self._owner.lifecycle.lock(cgrid):
            closed = self._owner.registry.closed.get(cgrid)
            if closed is not None and closed.CDRDue:
                await self._owner.told(self.post(cgrid), closed.Session)

    async def _post_runs(self, session: Session, event: CGREvent | None, *, active: bool = False) -> None:
        """A run of an active session is recorded as it began: what it will have used and paid is told by the CDR at its end."""
        failures = []
        for run in session.SRuns:
            try:
                await self._owner.call("cdrs", PROCESS, self._cdr(session, run, event, active=active), str)
            except CgrdError as error:
                if is_unsettled(error):
                    self._owner.registry.doubtful.add(session.CGRID)
                elif isinstance(error, Exists) and not active and session.CGRID in self._owner.registry.doubtful:
                    continue  # it was made when we did not hear of it
                failures.append(error)
                self._owner.log.warning("a CDR was not made in full", cgrid=session.CGRID, run=run.CD.RunID, error=str(error), explain=error.explain)
        if failures:
            raise PartiallyExecuted(explain="; ".join(f"{error} {error.explain}".strip() for error in failures))

    def _cdr(self, session: Session, run: SRun, event: CGREvent | None, *, active: bool) -> FlaggedEvent:
        flags = [*AS_FORKED]
        if run.Event.get("RequestType") in RATED_BY_CDR:
            flags.append("*rals:true")
        settings, decimals = self._owner.settings, self._owner.services.rounding_decimals
        fields = run.Event if active else written(run, decimals=decimals, as_text=settings.cdrs_are_remote)
        options = {**session.options(), **(event.options() if event is not None else {})}
        name = event.ID if event is not None else f"{session.CGRID}:{run.CD.RunID}"
        return FlaggedEvent(Tenant=session.Tenant, ID=name, Event=fields, APIOpts=options, Flags=flags)
