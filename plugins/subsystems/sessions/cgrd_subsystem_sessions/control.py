"""Reaching into sessions from outside: ending them, altering them, comparing with what the agents have.

Source: spec/sessions.md §6.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from cgrd import Peer, method
from cgrd.config import as_duration
from cgrd.durations import SECOND
from cgrd.errors import Busy, CgrdError, NotFound, PartiallyExecuted, Wrong, is_nothing
from cgrd_subsystem_sessions.finishing import FORCED
from cgrd_subsystem_sessions.peers import LiveSession
from cgrd_subsystem_sessions.queries import SessionFilter
from cgrd_subsystem_sessions.session import Session

if TYPE_CHECKING:
    from cgrd_subsystem_sessions.service import SessionS

_LONGEST_SLEEP_NS = 60 * SECOND
"""A sleeper is a request under way, also when nobody waits for it any more; `cores.caps` counts it."""


class SessionFilterWithEvent(SessionFilter, kw_only=True):
    """Which sessions, and the fields that are to change."""

    Event: dict[str, Any] | None = None


class PeerArgs(msgspec.Struct, kw_only=True):
    """A peer of an agent that is to be disconnected (a Diameter DPR)."""

    OriginHost: str = ""
    OriginRealm: str = ""
    RemoteAddr: str = ""
    DisconnectCause: int = 0
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class TenantArgs(msgspec.Struct, kw_only=True):
    """A tenant, where one matters."""

    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class SleepArgs(msgspec.Struct, kw_only=True):
    """How long, ns."""

    Duration: int = 0
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class Control:
    """Serves the methods that act on sessions of others.

    Args:
        owner: SessionS with its parts.
    """

    def __init__(self, owner: SessionS) -> None:
        self._owner = owner

    async def _matching(self, args: SessionFilter) -> list[Session]:
        registry = self._owner.registry
        found = await self._owner.queries.matching(args, registry.active, registry.active_index)
        sessions = list({session.CGRID: session for session, _ in found}.values())[: args.Limit]
        if not sessions:
            raise NotFound(explain=f"none of {len(registry.active)} active sessions passes {args.Filters or 'no filter'}")
        return sessions

    @method("SessionSv1.ForceDisconnect")
    async def force_disconnect(self, args: SessionFilterWithEvent) -> str:
        """End the sessions that match, with their CDRs.

        Raises:
            NotFound: none matches.
            PartiallyExecuted: some of it went wrong; the log says what.
        """
        cause = str((args.APIOpts or {}).get("*disconnectCause") or FORCED)
        complete = [await self._force(session, cause) for session in await self._matching(args)]
        if not all(complete):
            raise PartiallyExecuted(explain=f"{complete.count(False)} of {len(complete)} sessions did not end cleanly; see the log")
        return "OK"

    async def _force(self, session: Session, cause: str, *, extra: int = 0) -> bool:
        # Thousands may end at once: others have their turn between them. Not a checkpoint that can be cancelled: all of them end.
        await trio.lowlevel.cancel_shielded_checkpoint()
        async with self._owner.lifecycle.lock(session.CGRID):
            if self._owner.registry.active.get(session.CGRID) is not session:
                return True
            usages = [run.TotalUsage + extra if extra else None for run in session.SRuns]
            return await self._owner.finishing.force_each(session, cause, usages)

    @method("SessionSv1.AlterSessions")
    async def alter(self, args: SessionFilterWithEvent) -> str:
        """Ask the clients of the sessions that match to change them.

        Raises:
            NotFound: none matches.
            PartiallyExecuted: a client could not be asked, or refused.
        """
        failures = []
        for session in await self._matching(args):
            try:
                await self._owner.peers.alter(session, args.Event or {})
            except CgrdError as error:
                failures.append(f"{session.CGRID}: {error} {error.explain}".strip())
        if failures:
            raise PartiallyExecuted(explain="; ".join(failures))
        return "OK"

    @method("SessionSv1.DisconnectPeer")
    async def disconnect_peer(self, args: PeerArgs) -> str:
        """Have every agent disconnect a peer of its own.

        Raises:
            PartiallyExecuted: an agent could not be asked, or refused.
        """
        failures = []
        for peer in self._owner.peers.connected():
            try:
                await self._owner.peers.call(peer, "AgentV1.DisconnectPeer", args, str)
            except CgrdError as error:
                if error.word != "NOT_IMPLEMENTED":
                    failures.append(f"{peer.id}: {error}")
        if failures:
            raise PartiallyExecuted(explain="; ".join(failures))
        return "OK"

    @method("SessionSv1.SyncSessions")
    async def sync(self, args: TenantArgs) -> str:
        """End the sessions that no connected agent knows; those that one knows are alive."""
        live = await self._live()
        now = self._owner.services.clock.now()
        for session in list(self._owner.registry.active.values()):
            start = session.start()
            if (start.get("OriginID", ""), start.get("OriginHost", "")) in live:
                session.ProvedAt = now
                self._owner.watching.proved(session, session.options())
            else:
                most = as_duration(self._owner.config["stale_chan_max_extra_usage"])
                await self._force(session, FORCED, extra=random.randrange(most) if most > 0 else 0)
        return "OK"

    async def _live(self) -> set[tuple[str, str]]:
        within = as_duration(self._owner.config["channel_sync_timeout"])
        live: set[tuple[str, str]] = set()
        for peer in self._owner.peers.connected():
            live |= await self._live_at(peer, within)
        return live

    async def _live_at(self, peer: Peer, within: int) -> set[tuple[str, str]]:
        try:
            told: list[LiveSession] = await self._owner.peers.call(peer, "AgentV1.GetActiveSessionIDs", "", list[LiveSession], within_ns=within)
        except CgrdError as error:
            self._owner.log.warning("an agent did not tell its sessions", peer=peer.id, error=str(error), explain=error.explain)
            return self._kept_for(peer, error)
        return {(each.OriginID, each.OriginHost) for each in told or ()}

    def _kept_for(self, peer: Peer, error: CgrdError) -> set[tuple[str, str]]:
        """An agent that has no sessions says so; one that only did not answer may have them all."""
        if is_nothing(error) or error.word == "NO_ACTIVE_SESSION":
            return set()
        mine = [session.start() for session in self._owner.registry.active.values() if session.ClientConnID == peer.id]
        return {(start.get("OriginID", ""), start.get("OriginHost", "")) for start in mine}

    @method("SessionSv1.BackupActiveSessions")
    async def backup(self, args: str) -> int:
        """Write every active session to the store; how many. Each change is kept as it is made: this is for those who ask."""
        sessions = list(self._owner.registry.active.values())
        with self._owner.services.store.transaction(why="SessionSv1.BackupActiveSessions") as tx:
            for session in sessions:
                self._owner.registry.put(session, tx=tx)
        return len(sessions)

    @method("SessionSv1.RegisterInternalBiJSONConn")
    async def register(self, args: str, peer: Peer | None = None) -> str:
        """Let an agent be called back before it has any session."""
        self._owner.peers.remember(peer)
        return "OK"

    @method("SessionSv1.ThresholdNotify")
    async def threshold_notify(self, args: str) -> str:
        """Tell the client of a session that its spending has reached a threshold.

        Raises:
            NotFound: no such session is active.
        """
        session = self._owner.registry.active.get(args)
        if session is None:
            raise NotFound(explain=f"session {args} is not active")
        await self._owner.peers.notify(session)
        return "OK"

    @method("SessionSv1.Sleep")
    async def sleep(self, args: SleepArgs) -> str:
        """Answer after a while, a minute at most; for tests of clients.

        Raises:
            Wrong: it is longer.
        """
        if args.Duration > _LONGEST_SLEEP_NS:
            raise Wrong("Duration: a request sleeps for a minute at most; ask again for more")
        await self._owner.services.clock.sleep(max(0, args.Duration))
        return "OK"

    @method("SessionSv1.CapsError")
    async def caps_error(self, args: Any) -> str:
        """Answer as a daemon does that has too much to do; for tests of clients."""
        raise Busy(explain="SessionSv1.CapsError always answers this")
