"""The other ends: agents in this process and clients on both-way connections, who can be told to end a session.

Source: spec/sessions.md §5 (client calls) and §9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import trio

from cgrd import CGREvent, Component, Peer
from cgrd.durations import SECOND
from cgrd.errors import CgrdError, NotConnected, Unreachable
from cgrd_subsystem_sessions.session import Session

if TYPE_CHECKING:
    from cgrd.services import Services

ANSWER_WITHIN_NS = 10 * SECOND
LOCAL = "*internal:"


class LiveSession(msgspec.Struct, kw_only=True):
    """A session as an agent knows it."""

    OriginHost: str = ""
    OriginID: str = ""


class Peers:
    """Who has called and can be called back.

    Args:
        services: the kernel; agents of this process are found through it after a restart.
        protocol: `client_protocol`, the dialect of calls.
    """

    def __init__(self, *, services: Services, protocol: float = 2.0) -> None:
        self._services = services
        self._protocol = protocol
        self._peers: dict[str, Peer] = {}

    def remember(self, peer: Peer | None) -> None:
        """Whoever called can be called back."""
        if peer is not None and peer.id not in self._peers:
            self._forget_closed()
            self._peers[peer.id] = peer

    def _forget_closed(self) -> None:
        self._peers = {key: peer for key, peer in self._peers.items() if not getattr(peer, "closed", False)}

    def connected(self) -> list[Peer]:
        """Everyone who can be called now."""
        self._forget_closed()
        return list(self._peers.values())

    def of(self, session: Session) -> Peer | None:
        """Who can be told about the session; None when its other end is gone."""
        peer = self._peers.get(session.ClientConnID) or self._local(session.ClientConnID)
        return None if peer is None or getattr(peer, "closed", False) else peer

    def _local(self, peer_id: str) -> Peer | None:
        if not peer_id.startswith(LOCAL):
            return None
        component = self._services.components.get(peer_id.removeprefix(LOCAL))
        return self._services.graph.peer_of(component) if isinstance(component, Component) else None

    async def call(self, peer: Peer, method: str, args: object, reply: Any = Any, *, within_ns: int = ANSWER_WITHIN_NS) -> Any:
        """Call the other end and wait for its answer, but not for ever (0 = for ever).

        Raises:
            CgrdError: its answer, or that there was none in time.
        """
        with trio.move_on_after(within_ns / SECOND if within_ns else float("inf")):
            return await peer.call(method, args, reply)
        raise Unreachable(f"REPLY_TIMEOUT {method}", explain=f"{peer.id} did not answer within {within_ns} ns")

    async def disconnect(self, session: Session, cause: str) -> None:
        """Tell the other end to end the session.

        Raises:
            NotConnected: there is nobody to tell.
            CgrdError: it did not answer, or refused.
        """
        method, args = self._disconnecting(session, cause)
        await self._tell(session, method, args)

    def _disconnecting(self, session: Session, cause: str) -> tuple[str, object]:
        if self._protocol < 2:
            service = "SMGClientV1" if self._protocol < 1 else "SessionSv1"
            return f"{service}.DisconnectSession", {"EventStart": session.start(), "Reason": cause}
        return "AgentV1.DisconnectSession", about(session, {"DisconnectCause": cause})

    async def warn(self, session: Session) -> None:
        """Tell the other end that the money is nearly gone; raises as `disconnect`."""
        await self._tell(session, "AgentV1.WarnDisconnect", session.start())

    async def notify(self, session: Session) -> None:
        """Tell the other end that a spending limit is reached; raises as `disconnect`."""
        await self._tell(session, "AgentV1.SpendingStatusNotification", session.event())

    async def alter(self, session: Session, fields: dict[str, Any]) -> None:
        """Ask the other end to change the session; raises as `disconnect`."""
        await self._tell(session, "AgentV1.AlterSession", about(session, fields))

    async def _tell(self, session: Session, method: str, args: object) -> None:
        peer = self.of(session)
        if peer is None:
            raise NotConnected("client", explain=f"session {session.CGRID} was not started over a both-way connection, or it is closed")
        try:
            await self.call(peer, method, args, str)
        except CgrdError as error:
            if error.word != "NOT_IMPLEMENTED":
                raise


def about(session: Session, fields: dict[str, Any]) -> CGREvent:
    """The session's start event with more fields."""
    event = session.event()
    return CGREvent(Tenant=event.Tenant, ID=event.ID, Event={**event.Event, **fields}, APIOpts=event.APIOpts)
