"""A session's life: it is started, updated, ended by its client, or ended here when its client is gone or its money is.

Whoever calls holds the session's lock (`Lifecycle.lock`). Source: spec/sessions.md §3 and §5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from cgrd import CGREvent, Flow, Instant, Peer, cgrid
from cgrd.costs import descriptor_of, duration_of, instant_of, requested_usage
from cgrd.errors import CgrdError, Exists, Wrong
from cgrd_subsystem_sessions import accounting
from cgrd_subsystem_sessions.asking import is_unsettled, leaves_open
from cgrd_subsystem_sessions.registry import Closed
from cgrd_subsystem_sessions.session import PSEUDOPREPAID, Session, SRun, is_prepaid

if TYPE_CHECKING:
    from cgrd.store import Transaction
    from cgrd_subsystem_sessions.charging import Charging
    from cgrd_subsystem_sessions.registry import Registry
    from cgrd_subsystem_sessions.service import SessionS
    from cgrd_subsystem_sessions.watching import Watching

KEY_FIELDS = frozenset({"CGRID", "OriginHost", "OriginID", "Usage"})
"""Fields of an update that do not change the session's own event."""


def key_of(fields: Mapping[str, Any]) -> str:
    """The CGRID of an event's fields: their own, else made of OriginID and OriginHost."""
    return str(fields.get("CGRID") or cgrid(str(fields.get("OriginID", "")), str(fields.get("OriginHost", ""))))


def used_of(fields: Mapping[str, Any], name: str) -> int | None:
    """What an event says was used, ns or units; None when it does not say.

    Raises:
        Wrong: no duration, or one below nothing, which would give back what was used.
    """
    if name not in fields:
        return None
    used = duration_of(fields, name)
    if used is not None and used < 0:
        raise Wrong(f"{name} is {fields[name]}, and nobody can have used less than nothing", explain=f"send what was used, or no {name}")
    return used


def _altered(start: dict[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The start event with what an update says, but for the fields that are not its to change."""
    altered = {**start, **fields}
    for name in KEY_FIELDS:
        if name in start:
            altered[name] = start[name]
        else:
            altered.pop(name, None)
    return altered


class Lifecycle:
    """Starts, updates and ends sessions.

    Args:
        owner: SessionS.
        registry: where they are.
        charging: who moves their money.
        watching: debit loops, time-outs, leases.
    """

    def __init__(self, *, owner: SessionS, registry: Registry, charging: Charging, watching: Watching) -> None:
        self._owner = owner
        self._services = owner.services
        self._registry = registry
        self._charging = charging
        self._watching = watching

    def lock(self, *keys: str) -> AbstractAsyncContextManager[None]:
        """One request at a time changes a session."""
        return self._services.store.lock(*[f"session:{key}" for key in keys])

    async def make(self, flow: Flow, *, debit_interval: int, force: bool) -> Session:
        """A session of the flow's event with a run per charger; not registered, nothing paid.

        Raises:
            CgrdError: no charger matches, or none can be asked.
        """
        event, fields = flow.event, flow.event.Event
        if "Usage" not in fields and "LastUsed" in fields:
            fields = {**fields, "Usage": fields["LastUsed"]}
            event = replace(event, Event=fields)
        runs = await flow.forked(event)
        now = self._services.clock.now()
        return Session(
            CGRID=key_of(fields),
            Tenant=event.Tenant,
            ClientConnID=flow.peer.id if flow.peer is not None else "",
            EventStart=dict(fields),
            DebitInterval=debit_interval,
            SRuns=[self._run(run.event, force=force) for run in runs],
            OptsStart=dict(event.options()),
            UpdatedAt=now,
            StartedAt=now,
            ProvedAt=now,
        )

    def _run(self, event: CGREvent, *, force: bool) -> SRun:
        services = self._services
        # A debit says itself how far it goes; an account's credit is asked for what the session began with, also later.
        asked = duration_of(event.Event, "Usage") if event.Event.get("RequestType") == PSEUDOPREPAID else 0
        return SRun(
            Event=event.Event,
            CD=descriptor_of(event, usage=asked or 0, zone=services.zone, category=services.default_category, force=force),
        )

    def register(self, session: Session) -> None:
        """Make it active; the store has it with its first grant, or at once when debit loops pay.

        Raises:
            Exists: there is one of that CGRID.
        """
        if session.CGRID in self._registry.active:
            raise Exists(explain=f"session {session.CGRID} is active already; update or terminate it, or give the new one another OriginID")
        self._registry.add(session)
        if session.has_loop():
            self._keep(session)
        self._watching.began(session)

    def renew(self, session: Session, event: CGREvent, peer: Peer | None) -> None:
        """Take what an update changed: fields of the start event, alterable ones of the runs too; its other end lives.

        The store has it with the grant that follows.
        """
        fields = event.Event
        self._registry.changing(session)
        session.EventStart = _altered(session.start(), fields)
        if peer is not None:
            session.ClientConnID = peer.id
        session.UpdatedAt = session.ProvedAt = self._services.clock.now()
        alterable = {name: fields[name] for name in self._owner.settings.alterable_fields if name in fields and name not in KEY_FIELDS}
        if alterable:
            session.SRuns = [replace(run, Event={**run.Event, **alterable}) for run in session.SRuns]
        self._watching.proved(session, event.options())

    async def update(self, session: Session, fields: dict[str, Any], *, chargeable: bool = True) -> list[int]:
        """What each run may go on, in their order, after what it asks for was reserved or debited.

        Raises:
            Wrong: a usage is no duration.
            CgrdError: RALs refuses a run; those before it are granted.
        """
        session.Chargeable = chargeable
        unsettled = False
        try:
            return await self._granted(session, fields)
        except CgrdError as error:
            unsettled = is_unsettled(error)
            raise
        finally:
            if session.Starting and not unsettled:
                self._registry.changing(session)
                session.Starting = False
            if self._registry.is_due(session):
                self._keep(session)

    def _keep(self, session: Session) -> None:
        with self._services.store.transaction(why=f"session {session.CGRID}") as tx:
            self._registry.put(session, tx=tx)

    async def _granted(self, session: Session, fields: dict[str, Any]) -> list[int]:
        usage = requested_usage(fields, self._owner.settings.default_usage)
        last_used, total = used_of(fields, "LastUsed"), used_of(fields, "TotalUsage")
        accounted = session.total_usage()
        granted = []
        for at, run in enumerate(session.SRuns):
            wanted, used = accounting.requested(session_total=accounted, last_usage=run.LastUsage, usage=usage, last_used=last_used, total=total)
            if session.DebitInterval > 0 and is_prepaid(run):
                granted.append(wanted)  # the debit loop pays
            else:
                granted.append(await self._charging.grant(session, at, wanted, used))
        return granted

    async def end(
        self, session: Session, *, usage: int | None, last_used: int | None, answered: Instant | None = None, cdr_due: bool = False
    ) -> CgrdError | None:
        """Settle every run and close the session; the first reason why a run could not be settled. Where RALs cannot be reached, it
        stays active, to be ended again.

        Args:
            usage: the final usage of all runs; None = what was granted, corrected by `last_used`.
            answered: the answer time for its records, where it is known only now.
            cdr_due: nobody else will send its CDR.
        """
        return await self.end_each(session, [usage] * len(session.SRuns), last_used=last_used, answered=answered, cdr_due=cdr_due)

    async def end_each(
        self, session: Session, usages: Sequence[int | None], *, last_used: int | None = None, answered: Instant | None = None, cdr_due: bool = False
    ) -> CgrdError | None:
        """The same with a final usage for each run."""
        self._watching.ended(session)
        transaction = self._services.store.transaction(why=f"end of session {session.CGRID}")
        if self._charging.waits:
            failure = await self._settled(session, usages, last_used)
            with transaction as tx:
                self._conclude(session, failure, answered=answered, due=cdr_due, tx=tx)
        else:
            with transaction as tx:
                failure = await self._settled(session, usages, last_used)
                self._conclude(session, failure, answered=answered, due=cdr_due, tx=tx)
        return failure

    async def _settled(self, session: Session, usages: Sequence[int | None], last_used: int | None) -> CgrdError | None:
        failure = None
        for at, usage in enumerate(usages):
            failed = await self._charging.settle(session, at, usage=usage, last_used=last_used)
            failure = failure or failed
        return failure

    def _conclude(self, session: Session, failure: CgrdError | None, *, answered: Instant | None, due: bool, tx: Transaction) -> None:
        """Close a session that is settled, or leave it to be ended again."""
        if leaves_open(failure) and self._registry.holds(session):
            self._registry.put(session, tx=tx)
            self._watching.resumed(session)
        else:
            self._close(session, answered=answered, due=due, tx=tx)

    def _close(self, session: Session, *, answered: Instant | None, due: bool, tx: Transaction) -> None:
        if self._registry.holds(session):
            tx.on_rollback(lambda: self._watching.began(session))
        self._registry.changing(session)
        if session.SRuns:
            session.EventStart = {**session.start(), "Usage": session.SRuns[0].TotalUsage}
        if answered is not None:
            session.SRuns = [replace(run, Event={**run.Event, "AnswerTime": answered}) for run in session.SRuns]
        closed = Closed(Session=session, EndedAt=self._services.clock.now(), CDRDue=due)
        self._registry.close(closed, tx=tx)
        self._registry.forget_old(now_ns=closed.EndedAt.ns)

    def answered_at(self, fields: dict[str, Any]) -> Instant | None:
        """The answer time that an event names, None when it names none."""
        return instant_of(fields, "AnswerTime", zone=self._services.zone) or None
