"""SessionS put together: its parts, what they share, and its life."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import uuid4

import trio

from cgrd import CGREvent, EventArgs, Flow, Served, Subsystem, cgrid, methods_of
from cgrd.config import as_duration
from cgrd.costs import duration_of
from cgrd.errors import CgrdError, MandatoryMissing
from cgrd.once import answered_once
from cgrd.options import TRUE_UNLESS_SAID, read_flag
from cgrd.services import Services
from cgrd_subsystem_sessions.charging import Charging
from cgrd_subsystem_sessions.control import Control, TenantArgs
from cgrd_subsystem_sessions.events import Events
from cgrd_subsystem_sessions.finishing import Finishing
from cgrd_subsystem_sessions.legacy import Legacy
from cgrd_subsystem_sessions.lifecycle import Lifecycle, key_of
from cgrd_subsystem_sessions.peers import Peers
from cgrd_subsystem_sessions.queries import Queries
from cgrd_subsystem_sessions.records import Records
from cgrd_subsystem_sessions.registry import Registry
from cgrd_subsystem_sessions.replication import Replication
from cgrd_subsystem_sessions.session import Session
from cgrd_subsystem_sessions.settings import settings_of
from cgrd_subsystem_sessions.stir import StirShaken
from cgrd_subsystem_sessions.structured import Structured
from cgrd_subsystem_sessions.watching import Watching


class SessionS(Subsystem, section="sessions"):
    """Authorises, starts, charges and ends sessions; drives the flows."""

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        super().__init__(services=services, config=config)
        self.log = services.log("sessions")
        self.settings = settings_of(config)
        self.registry = Registry(store=services.store, fields=config["session_indexes"])
        self.peers = Peers(services=services, protocol=float(config["client_protocol"]))
        self.watching = Watching(self)
        self.charging = Charging(owner=self, registry=self.registry)
        self.lifecycle = Lifecycle(owner=self, registry=self.registry, charging=self.charging, watching=self.watching)
        self.finishing = Finishing(self)
        self.replication = Replication(self)
        self.structured = Structured(self)
        self.events = Events(self)
        self.records = Records(self)
        self.queries = Queries(self)
        self.control = Control(self)
        self.stir = StirShaken(self)
        self.legacy = Legacy(self)

    def served(self) -> Iterator[Served]:
        yield from self.structured.served()
        for part in (self.events, self.records, self.queries, self.control, self.replication, self.stir, self.legacy):
            yield from methods_of(part, owner=self.section)

    async def reload(self, config: dict[str, Any]) -> None:
        self.settings = settings_of(config)
        await super().reload(config)

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Take up what the store kept, then watch."""
        self.registry.load()
        for session in list(self.registry.active.values()):
            self.watching.began(session)
        now = self.services.clock.now_ns()
        for key, closed in self.registry.closed.items():
            if closed.CDRDue:
                self.watching.deadlines.set((key, "cdr"), now, self.records.retrying(key))
        async with trio.open_nursery() as nursery:
            await nursery.start(self._watch)
            nursery.start_soon(self._sync)
            task_status.started()

    async def _watch(self, *, task_status: trio.TaskStatus[None]) -> None:
        await self.watching.deadlines.run(task_status=task_status)

    async def _sync(self) -> None:
        interval = as_duration(self.config["channel_sync_interval"])
        while interval > 0:
            await self.services.clock.sleep(interval)
            await self.told(self.control.sync(TenantArgs()))

    async def told(self, work: Awaitable[Any], session: Session | None = None) -> None:
        """Do background work; what fails in it is logged and ends nothing else."""
        cgrid = session.CGRID if session is not None else ""
        with self.services.store.scope():
            try:
                await work
                await self.services.store.durable()
            except CgrdError as error:
                self.log.warning("work on a session failed", cgrid=cgrid, error=str(error), explain=error.explain)
            except Exception:
                self.log.exception("work on a session broke", cgrid=cgrid)

    def completed(self, given: EventArgs, *, keyed: bool = True) -> CGREvent:
        """The event of a request with a tenant, an id and, where `keyed`, its CGRID; what is given is not changed.

        Raises:
            MandatoryMissing: there is none.
        """
        fields = given.Event
        if fields is None:
            empty = not (given.Tenant or given.ID or given.Time or given.APIOpts)
            raise MandatoryMissing("CGREvent" if empty else "Event")
        if keyed and not fields.get("CGRID"):
            fields = {**fields, "CGRID": key_of(fields)}
        return CGREvent(Tenant=given.Tenant or self.services.default_tenant, ID=given.ID or str(uuid4()), Time=given.Time, Event=fields, APIOpts=given.APIOpts)

    def keys_of(self, event: CGREvent) -> list[str]:
        """The CGRIDs whose locks a request needs: its session's, and the one it had before."""
        fields = event.Event
        earlier = fields.get("InitialOriginID")
        return [key_of(fields)] if not earlier else [key_of(fields), cgrid(str(earlier), str(fields.get("OriginHost", "")))]

    def find(self, event: CGREvent) -> Session | None:
        """The event's active session: by its key, by the OriginID it began with (it is renamed then), or taken over from a passive copy."""
        session = self.registry.active.get(key_of(event.Event))
        if session is not None:
            return session
        key, *earlier = self.keys_of(event)
        if earlier and (session := self.registry.active.get(earlier[0])) is not None:
            self.watching.ended(session)
            with self.services.store.transaction(why=f"session {earlier[0]} is {key} now") as tx:
                self.registry.rename(session, key, fields={"OriginID": event.Event.get("OriginID", "")}, tx=tx)
            self.watching.began(session)
        return session or self.replication.promote(key)

    def debit_interval(self, event: CGREvent) -> int:
        """Step of the debit loops of a session that starts: the option, else the configuration; 0 = none."""
        given = duration_of(event.options(), "*sessionsDebitInterval")
        return self.settings.debit_interval if given is None else given

    def is_chargeable(self, event: CGREvent) -> bool:
        """Whether use is paid for from now on."""
        said = event.options().get("*sessionsChargeable")
        return said is None or read_flag(said, dialect=TRUE_UNLESS_SAID)

    def held(self, flow: Flow) -> list[str]:
        """Flags of what this flow takes and a session must give back."""
        stages = self.services.flows[flow.name]
        return sorted({made.flag for made in stages if made.holds and made.flag in flow.asked and made.option in ("", *flow.asked[made.flag])})

    def answering(self, method: str, args: Any, event: CGREvent, work: Callable[[], Awaitable[Any]]) -> Awaitable[Any]:
        """Do a request once: with a key, the same request gets the same answer and has no second effect.

        The key is method, tenant and ID where the cache `*rpc_responses` is on; the option `*idempotencyKey` is the graph's.

        Raises:
            Wrong: the key came with another body.
        """
        if not args.ID or not self.services.caches.partition("*rpc_responses").config.limit:
            return work()
        return answered_once(self.services.store, f"{method}:{event.Tenant}:{args.ID}", method, args, work)
