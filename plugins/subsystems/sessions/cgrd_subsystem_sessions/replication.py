"""Copies of sessions on other daemons: sent after every change, kept here as passive ones, taken over when their owner is gone.

Source: spec/sessions.md §6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cgrd import method
from cgrd.errors import CgrdError, MandatoryMissing, NotFound, PartiallyExecuted, Wrong, is_nothing
from cgrd_subsystem_sessions.session import Session

if TYPE_CHECKING:
    from cgrd_subsystem_sessions.service import SessionS

SET = "SessionSv1.SetPassiveSession"


class ReplicateArgs(msgspec.Struct, kw_only=True):
    """Which sessions to send where; "" is all."""

    CGRID: str = ""
    Passive: bool = False
    ConnIDs: list[str] | None = None
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class SessionIDs(msgspec.Struct, kw_only=True):
    """CGRIDs; none is all."""

    IDs: list[str] | None = None
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class Replication:
    """Sends and takes copies.

    Args:
        owner: SessionS with its parts.
    """

    def __init__(self, owner: SessionS) -> None:
        self._owner = owner

    async def changed(self, session: Session) -> None:
        """Send a session's copy to whoever keeps one."""
        if self._owner.linked("replication"):
            await self._send(session)

    async def removed(self, session: Session) -> None:
        """Have its copies forgotten."""
        if self._owner.linked("replication"):
            await self._send(Session(CGRID=session.CGRID, Tenant=session.Tenant, EventStart=None))

    async def _send(self, session: Session) -> None:
        try:
            await self._owner.call("replication", SET, session, str)
        except CgrdError as error:
            if not is_nothing(error):
                self._owner.log.warning("a session was not replicated", cgrid=session.CGRID, error=str(error), explain=error.explain)

    async def _send_to(self, connections: list[str], session: Session) -> None:
        for connection in connections:
            if (pool := self._owner.services.graph.pools.get(connection)) is None:
                raise Wrong(f"connection {connection} is not defined", explain="define it under rpc_conns")
            await pool.call(SET, session, str)

    @method("SessionSv1.SetPassiveSession")
    async def set_passive(self, args: Session) -> str:
        """Keep another daemon's session; without its start event, forget it.

        Raises:
            MandatoryMissing: no CGRID.
            NotFound: there is nothing to forget.
        """
        if not args.CGRID:
            raise MandatoryMissing("CGRID")
        async with self._owner.lifecycle.lock(args.CGRID):
            if args.EventStart is None:
                if self._owner.registry.drop_passive(args.CGRID) is None:
                    raise NotFound(explain=f"no copy of session {args.CGRID} is kept here")
                return "OK"
            if (active := self._owner.registry.active.get(args.CGRID)) is not None:
                self._leave(active)
            self._owner.registry.set_passive(args)
        return "OK"

    def _leave(self, session: Session) -> None:
        """It is another daemon's from now on."""
        self._owner.watching.ended(session)
        with self._owner.services.store.transaction(why=f"session {session.CGRID} is passive now") as tx:
            self._owner.registry.remove(session, tx=tx)

    def promote(self, cgrid: str) -> Session | None:
        """Take over a passive session, which is active from now on; None when there is none."""
        session = self._owner.registry.drop_passive(cgrid)
        if session is None:
            return None
        session.ProvedAt = self._owner.services.clock.now()
        session.StartedAt = session.StartedAt or session.ProvedAt
        with self._owner.services.store.transaction(why=f"session {cgrid} is taken over") as tx:
            self._owner.registry.add(session)
            self._owner.registry.put(session, tx=tx)
        self._owner.watching.began(session)
        return session

    @method("SessionSv1.ReplicateSessions")
    async def replicate(self, args: ReplicateArgs) -> str:
        """Send sessions to the connections named, or to `replication_conns`."""
        registry = self._owner.registry
        sessions = registry.passive if args.Passive else registry.active
        chosen = [sessions[args.CGRID]] if args.CGRID in sessions else [] if args.CGRID else list(sessions.values())
        for session in chosen:
            await self._send_to(args.ConnIDs, session) if args.ConnIDs else await self._send(session)
        return "OK"

    @method("SessionSv1.ActivateSessions")
    async def activate(self, args: SessionIDs) -> str:
        """Make passive sessions active.

        Raises:
            PartiallyExecuted: some of them are not here.
        """
        return self._each(args.IDs or list(self._owner.registry.passive), self.promote)

    @method("SessionSv1.DeactivateSessions")
    async def deactivate(self, args: SessionIDs) -> str:
        """Make active sessions passive.

        Raises:
            PartiallyExecuted: some of them are not here.
        """
        return self._each(args.IDs or list(self._owner.registry.active), self._rest)

    def _rest(self, cgrid: str) -> Session | None:
        session = self._owner.registry.active.get(cgrid)
        if session is not None:
            self._leave(session)
            self._owner.registry.set_passive(session)
        return session

    def _each(self, cgrids: list[str], work: Any) -> str:
        missing = [cgrid for cgrid in cgrids if work(cgrid) is None]
        if missing:
            raise PartiallyExecuted(explain=f"no such sessions: {' '.join(missing)}")
        return "OK"
