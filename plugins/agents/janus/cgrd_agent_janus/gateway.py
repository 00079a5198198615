"""Every request of a browser: whose it is, whether it may happen, and then Janus' own answer to it.

The faces (REST, WebSocket) bring requests as Janus messages and take replies; nothing here knows how they travel.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from cgrd import Instant
from cgrd.clock import Clock
from cgrd.durations import SECOND
from cgrd.errors import CgrdError
from cgrd_agent_janus.calls import Calls
from cgrd_agent_janus.codec import UNAUTHORIZED, UNHANDLED, UNKNOWN, JanusError, Message
from cgrd_agent_janus.destinations import destination_of, names_destinations, short_name
from cgrd_agent_janus.registry import Registry
from cgrd_agent_janus.sessions import Refused, SessionService
from cgrd_agent_janus.table import Handle, Janus, Outlet, Principal, Session
from cgrd_agent_janus.translate import as_request

_LARGEST_ID = 1 << 53
"""Ids beyond this are not exact in a browser's numbers."""


_HARMLESS = frozenset({"info", "ping"})
"""Verbs without a session that any browser may send."""


class Caller:
    """Who sends requests, and where the events of its sessions go.

    Args:
        address: the client's network address.
        server: the address it reached us under.
        outlet: makes the outlet of a new session.
        holds: whether the connection itself proves that the browser is there (a WebSocket).
    """

    def __init__(self, *, address: str, server: str, outlet: Callable[[], Outlet], holds: bool = False) -> None:
        self.address = address
        self.server = server
        self.outlet = outlet
        self.holds = holds
        self.sessions: set[Session] = set()

    def principal(self, message: Mapping[str, Any]) -> Principal:
        """The caller as the owner of sessions."""
        return Principal(self.address, str(message.get("token", "")))


class Gateway:
    """Requests of browsers.

    Args:
        registry: the sessions.
        calls: the life of calls.
        sessions: SessionS.
        backends: the Janus servers.
        clock: stamps.
        origin_host: the OriginHost of events; "" = the address the browser reached us under.
        first_destination: what `create` is authorised for, before a plugin is known.
        most_sessions: how many a principal may have; 0 = any number.
        admitted: raises `JanusError` for principals that may not use the agent at all.
        log: a structured logger.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        calls: Calls,
        sessions: SessionService,
        backends: Sequence[Janus],
        clock: Clock,
        origin_host: str,
        first_destination: str,
        most_sessions: int,
        admitted: Callable[[Principal], None],
        log: Any,
    ) -> None:
        self.registry = registry
        self._calls = calls
        self._sessions = sessions
        self._backends = backends
        self._clock = clock
        self._origin_host = origin_host
        self._first_destination = first_destination
        self._most_sessions = most_sessions
        self._admitted = admitted
        self._log = log
        self._verbs: Mapping[str, Callable[[Message, Session, Caller], Awaitable[Message]]] = {
            "attach": self._attach,
            "message": self._message,
            "claim": self._claim,
            "destroy": self._destroy,
        }

    async def handle(self, message: Message, caller: Caller) -> Message:
        """The reply to a request; a refusal is a reply too."""
        try:
            principal = caller.principal(message)
            self._admitted(principal)
            if not message.get("session_id"):
                return await self._without_session(message, caller, principal)
            session = self.registry.owned(message["session_id"], principal)
            if message.get("handle_id"):
                self.registry.handle(session, message["handle_id"])
            session.seen_ns = self._clock.monotonic_ns()
            return await self._verbs.get(message["janus"], self._pass)(message, session, caller)
        except JanusError as error:
            return error.told(message)

    async def _without_session(self, message: Message, caller: Caller, principal: Principal) -> Message:
        if message["janus"] == "create":
            return await self._create(message, caller, principal)
        if message["janus"] not in _HARMLESS:
            # Janus' other verbs without a session administer it; a browser has no business there.
            raise JanusError(UNHANDLED, f"Unhandled request '{message['janus']}' at this path")
        return await self._some_janus().request(message)

    async def _create(self, message: Message, caller: Caller, principal: Principal) -> Message:
        """Is the account usable? The id is ours, so that the event can name it before Janus hears of it."""
        if "id" in message:
            raise JanusError(UNAUTHORIZED, "Session ids are not chosen by clients")
        if self._most_sessions and self.registry.count(principal) >= self._most_sessions:
            raise JanusError(UNAUTHORIZED, f"No more than {self._most_sessions} sessions at a time")
        backend, now = self._some_janus(), self._clock.monotonic_ns()
        session = Session(
            id=secrets.randbelow(_LARGEST_ID - 1) + 1,
            owner=principal,
            backend=backend,
            outlet=caller.outlet(),
            origin_host=self._origin_host or caller.server,
            created=self._calls.now(),
            seen_ns=now,
            kept_ns=now,
            grace_ns=int(backend.session_timeout * SECOND),
        )
        await self._authorize(session, None, as_request(message), self._first_destination, final=False)
        reply = await backend.request({**message, "id": session.id})
        if reply.get("janus") == "success":
            session.id = reply["data"]["id"]
            self.registry.add(session)
            self._hold(session, caller)
        return reply

    async def _attach(self, message: Message, session: Session, caller: Caller) -> Message:
        """May the account use this plugin? Where its messages name destinations, they are asked for again."""
        plugin = message.get("plugin")
        if not isinstance(plugin, str):
            return await self._pass(message, session, caller)
        opaque_id = str(message.get("opaque_id", ""))
        request, destination = as_request(message, plugin=plugin, opaque_id=opaque_id), short_name(plugin)
        await self._authorize(session, None, request, destination, final=not names_destinations(plugin))
        reply = await self._pass(message, session, caller)
        if reply.get("janus") == "success":
            handle_id = reply["data"]["id"]
            session.handles[handle_id] = Handle(
                id=handle_id, plugin=plugin, session=session, request=request, destination=destination, setup=self._calls.now(), opaque_id=opaque_id
            )
        return reply

    async def _message(self, message: Message, session: Session, caller: Caller) -> Message:
        """A message that names a destination is authorised for it before the plugin sees it."""
        handle, body = session.handles.get(message.get("handle_id", 0)), message.get("body")
        destination = destination_of(handle.plugin, body) if handle is not None and isinstance(body, dict) else ""
        if handle is None or not destination:
            self._note_setup(handle, message)
            return await self._pass(message, session, caller)
        request = as_request(message, plugin=handle.plugin, opaque_id=handle.opaque_id)
        await self._authorize(session, handle, request, destination, final=True)
        before = handle.request, handle.destination
        handle.request, handle.destination = request, destination
        self._note_setup(handle, message)
        reply = await self._pass(message, session, caller)
        if reply.get("janus") == "error":
            handle.request, handle.destination = before
        elif destination != before[1]:
            self._calls.split(handle)
        return reply

    def _note_setup(self, handle: Handle | None, message: Message) -> None:
        """A call's set-up begins with the message that carries its media description."""
        if handle is not None and "jsep" in message and handle.call is None:
            handle.setup = self._calls.now()

    async def _claim(self, message: Message, session: Session, caller: Caller) -> Message:
        """The owner moves the session to the connection it speaks on now; what waited comes along."""
        reply = await self._pass(message, session, caller)
        if reply.get("janus") == "success":
            waiting, session.outlet = session.outlet, caller.outlet()
            for event in getattr(waiting, "take", lambda most: [])(_LARGEST_ID):
                self._calls.deliver(session, event)
            self._hold(session, caller)
        return reply

    async def _destroy(self, message: Message, session: Session, caller: Caller) -> Message:
        if message.get("handle_id"):
            return await self._pass(message, session, caller)
        reply = await self._pass(message, session, caller)
        if reply.get("janus") == "success":
            self._calls.forget(session, cause="Destroyed by the browser")
        return reply

    async def _pass(self, message: Message, session: Session, caller: Caller) -> Message:
        """Janus answers, also to verbs that nobody here knows."""
        session.kept_ns = self._clock.monotonic_ns()
        return await session.backend.request(message)

    async def _authorize(self, session: Session, handle: Handle | None, request: dict[str, Any], destination: str, *, final: bool) -> None:
        """Ask SessionS.

        Args:
            final: whether this destination is the one that will be charged. If not, that nobody has a rate for it says nothing yet.
        """
        now: Instant = self._calls.now()
        try:
            order = await self._calls.order(
                session, origin_id=session.next_origin_id(handle), request=request, destination=destination, setup=now, step="authorize", at=now
            )
            if not order.free:
                await self._sessions.authorize(order)
        except CgrdError as error:
            raise JanusError(UNAUTHORIZED, str(error)) from error
        except Refused as error:
            if final or not error.reason.endswith("UNAUTHORIZED_DESTINATION"):
                account = order.event.Event.get("Account")
                self._log.info("a call is not allowed", account=account, destination=destination, why=error.reason, explain=error.explain)
                raise JanusError(UNAUTHORIZED, error.reason) from error

    def _hold(self, session: Session, caller: Caller) -> None:
        """The session belongs to this connection now; on REST it lives as long as its browser says something."""
        session.holder = caller if caller.holds else None
        backend = session.backend
        session.grace_ns = int((backend.reclaim_timeout if caller.holds else backend.session_timeout) * SECOND)
        if caller.holds:
            caller.sessions.add(session)

    def _some_janus(self) -> Janus:
        """The Janus with the fewest sessions of those that can be reached; raises `JanusError` 490 when there is none."""
        there = [backend for backend in self._backends if backend.up]
        if not there:
            raise JanusError(UNKNOWN, "Janus is not reachable; the agent goes on trying to connect")
        return min(there, key=lambda backend: len(self.registry.of_janus(backend))) if len(there) > 1 else there[0]

    def hung_up(self, caller: Caller, *, outlet: Callable[[], Outlet], spawn: Callable[..., None]) -> None:
        """A WebSocket is closed: its sessions end as in Janus, at once or after its reclaim time."""
        for session in caller.sessions:
            if session.holder is not caller or session.closing:
                continue
            session.holder, session.seen_ns = None, self._clock.monotonic_ns()
            if session.grace_ns:
                session.outlet = outlet()
            else:
                self._calls.lose(session, cause="BROWSER_GONE")
                spawn(self._calls.destroy, session)
        caller.sessions.clear()
