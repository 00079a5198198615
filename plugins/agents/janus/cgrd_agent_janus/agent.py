"""The agent: its faces, its links to Janus, what SessionS may ask of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import trio

from cgrd import Agent, CGREvent, HttpFace, method
from cgrd.durations import SECOND, parse_duration
from cgrd.errors import CgrdError, ConfigurationError, NotFound
from cgrd.fields import compile_processors
from cgrd.services import Services
from cgrd_agent_janus.addresses import client_of, inside, networks_of
from cgrd_agent_janus.backend import Backend
from cgrd_agent_janus.calls import Calls
from cgrd_agent_janus.charging import Charging
from cgrd_agent_janus.codec import UNAUTHORIZED, JanusError, notice
from cgrd_agent_janus.demo import PATH, Demo
from cgrd_agent_janus.flags import Asked, read_flags
from cgrd_agent_janus.gateway import Gateway
from cgrd_agent_janus.journal import Journal
from cgrd_agent_janus.ladder import Ladder
from cgrd_agent_janus.listening import Listener
from cgrd_agent_janus.mailbox import Mailbox
from cgrd_agent_janus.registry import Registry
from cgrd_agent_janus.rest import Rest
from cgrd_agent_janus.sessions import Sessions
from cgrd_agent_janus.table import Call, Principal, Session
from cgrd_agent_janus.translate import Translator
from cgrd_agent_janus.watch import Watch
from cgrd_agent_janus.websocket import WebSocket
from cgrd_agent_janus.wire import PeerArgs, SessionRef

_LAST_REPORTS_SECONDS = 3
"""How long a stopping agent tries to report ended calls; what is not reported then is recovered from the journal."""


class NoActiveSession(CgrdError):
    """SessionS asks about a call that is not here."""

    def __init__(self, origin_id: str) -> None:
        super().__init__("NO_ACTIVE_SESSION", explain=f"no live call has OriginID {origin_id!r}")


class JanusAgent(Agent, section="janus_agent"):
    """Charges the WebRTC sessions of Janus servers."""

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        super().__init__(services=services, config=config)
        log, clock = services.log("janus"), services.clock
        self._log = log
        self._nursery: trio.Nursery | None = None
        self._networks = networks_of(config["allowed_networks"], key="allowed_networks")
        self._proxies = networks_of(config["trusted_proxies"], key="trusted_proxies")
        self._by_token = config["identity"] == "token"
        self.registry = Registry()
        self.journal = Journal(services.store)
        self.sessions = Sessions(call=partial(self.call, "sessions"), log=log, timeout=_seconds(config["sessions_timeout"]), clock=clock)
        self.calls = Calls(
            registry=self.registry,
            translator=_translator(services, config),
            account_of=self._account_of,
            clock=clock,
            ladder=Ladder(log=log, clock=clock),
            spawn=self._spawn,
            log=log,
        )
        self.charging = Charging(sessions=self.sessions, journal=self.journal, clock=clock, cut=self.calls.cut, log=log)
        self.calls.charging = self.charging
        self.listener = Listener(registry=self.registry, calls=self.calls, monotonic_ns=clock.monotonic_ns, log=log)
        self.watch = Watch(registry=self.registry, calls=self.calls, journal=self.journal, clock=clock, spawn=self._spawn, log=log)
        timeout = _seconds(config["reply_timeout"])
        self.backends = [Backend(settings=settings, watcher=self.listener, clock=clock, log=log, reply_timeout=timeout) for settings in config["janus_conns"]]
        self.gateway = Gateway(
            registry=self.registry,
            calls=self.calls,
            sessions=self.sessions,
            backends=self.backends,
            clock=clock,
            origin_host=config["origin_host"],
            first_destination=config["create_destination"],
            most_sessions=config["max_sessions"],
            admitted=self._admit,
            log=log,
        )
        mailbox = partial(Mailbox, limit=config["max_events"])
        self._rest = Rest(
            gateway=self.gateway,
            base=config["url"],
            poll_ns=parse_duration(str(config["poll_timeout"])),
            largest_body=config["max_body"],
            mailbox=mailbox,
            client=self._client_of,
            clock=clock,
        )
        self._socket = WebSocket(
            gateway=self.gateway,
            limit=config["max_events"],
            most_requests=config["max_requests"],
            largest_body=config["max_body"],
            mailbox=mailbox,
            client=self._client_of,
            spawn=self._spawn,
        )

    def faces(self) -> Sequence[HttpFace]:
        """The Janus API, and the demo page on the shared listener where it is wanted."""
        faces = [HttpFace(path=self.config["url"], app=self._face, listen=self.config["listen"])]
        if self.config["demo_page"]:
            port = int(self.config["listen"].rpartition(":")[2] or 0)
            jsonrpc = str(self.services.config.sections["http"]["json_rpc_url"])
            demo = Demo(janus_url=self.config["url"], janus_port=port, tenant=self.services.default_tenant, jsonrpc=jsonrpc, client=self._client_of)
            faces.append(HttpFace(path=PATH, app=demo))
        return faces

    async def _face(self, scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        await (self._socket if scope["type"] == "websocket" else self._rest)(scope, receive, send)

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Keep the links to Janus; a Janus that is not there is no failure."""
        async with trio.open_nursery() as outer:
            self._nursery = work = await outer.start(_shielded)
            for backend in self.backends:
                work.start_soon(backend.run)
            work.start_soon(self.watch.run)
            self._recover()
            task_status.started()
            try:
                await trio.sleep_forever()
            finally:
                await self._stop(work)

    async def _stop(self, work: trio.Nursery) -> None:
        """Every call ends now and has a moment to be reported; what is not is in the journal."""
        self.calls.settle_all()
        with trio.move_on_after(_LAST_REPORTS_SECONDS, shield=True):
            await self.journal.idle()
        self._nursery = None
        self.listener.stopping = True
        work.cancel_scope.cancel()

    def _recover(self) -> None:
        assert self._nursery is not None
        entries, proof_ns = self.journal.left_over()
        for entry in entries:
            self._nursery.start_soon(partial(self.charging.recover, entry, proof_ns=proof_ns))

    def _spawn(self, work: Callable[..., Any], *args: Any) -> None:
        """Start a task of the agent. Once it has stopped, its link is closed and Janus ends what is left by itself."""
        if self._nursery is not None:
            self._nursery.start_soon(work, *args)

    async def reload(self, config: dict[str, Any]) -> None:
        """Take what can be taken while calls are up; raises `ConfigurationError` for the rest, and nothing has changed then."""
        changed = sorted(name for name in config if config[name] != self.config.get(name))
        fixed = [name for name in changed if name not in _RELOADABLE]
        if fixed:
            raise ConfigurationError(f"janus_agent: {', '.join(fixed)} cannot change while the agent runs; restart the daemon")
        translator = _translator(self.services, config)
        networks, proxies = (networks_of(config[key], key=key) for key in ("allowed_networks", "trusted_proxies"))
        self._networks, self._proxies = networks, proxies
        self.calls.translator, self._by_token = translator, config["identity"] == "token"
        self.config = config

    def _admit(self, principal: Principal) -> None:
        if self._by_token and not principal.token:
            raise JanusError(UNAUTHORIZED, "A token is needed")
        if self._networks and not inside(principal.address, self._networks):
            raise JanusError(UNAUTHORIZED, "This network is not served")

    def _client_of(self, scope: dict[str, Any]) -> str:
        return client_of(scope, self._proxies)

    def _account_of(self, session: Session) -> str:
        return session.owner.token if self._by_token else session.owner.address

    @method("AgentV1.GetActiveSessionIDs")
    def active_sessions(self, tenant: Any) -> list[SessionRef]:
        """Every call that is charged and alive, and those an earlier life left that are still to be reported."""
        live = [call.start.Event for call in self.registry.charged() if call.start is not None]
        left = [entry.start.Event for entry in self.charging.recovering.values()]
        return [SessionRef(OriginHost=event["OriginHost"], OriginID=event["OriginID"]) for event in (*live, *left)]

    @method("AgentV1.DisconnectSession")
    def disconnect_session(self, event: CGREvent) -> str:
        """SessionS ends a call: the browser is told why, then the media is stopped."""
        call, cause = self._call_of(event), str(event.Event.get("DisconnectCause") or "FORCED_DISCONNECT")
        call.ended_by_sessions = True
        self.calls.cut(call, cause)
        return "OK"

    @method("AgentV1.WarnDisconnect")
    def warn_disconnect(self, event: CGREvent) -> str:
        """Little is left: the browser is told, nothing ends yet."""
        call = self._call_of(event)
        self._tell(call, {"event": "warning", "reason": str(event.Event.get("DisconnectCause") or "LOW_BALANCE")})
        return "OK"

    @method("AgentV1.AlterSession")
    def alter_session(self, event: CGREvent) -> str:
        """Something of the session has changed: the browser is told what."""
        call = self._call_of(event)
        before = call.start.Event if call.start is not None else {}
        changed = {name: value for name, value in event.Event.items() if before.get(name) != value}
        self._tell(call, {"event": "altered", "fields": changed})
        return "OK"

    @method("AgentV1.DisconnectPeer")
    def disconnect_peer(self, args: PeerArgs) -> str:
        """Every call of an OriginHost is ended."""
        calls = [call for call in self.registry.charged() if call.start is not None and call.start.Event["OriginHost"] == args.OriginHost]
        if not calls:
            raise NotFound(explain=f"no live call has OriginHost {args.OriginHost!r}")
        for call in calls:
            self.calls.cut(call, "PEER_DISCONNECTED")
        return "OK"

    def _call_of(self, event: CGREvent) -> Call:
        origin_id = str(event.Event.get("OriginID", ""))
        call = self.registry.call(origin_id)
        if call is None:
            raise NoActiveSession(origin_id)
        return call

    def _tell(self, call: Call, data: Mapping[str, Any]) -> None:
        handle = call.handle
        self.calls.deliver(handle.session, notice(session_id=handle.session.id, handle_id=handle.id, plugin=handle.plugin, data=data))


async def _shielded(*, task_status: trio.TaskStatus[trio.Nursery]) -> None:
    """A nursery whose tasks outlive the stop of the agent by a moment; its own scope ends them."""
    with trio.CancelScope(shield=True):
        async with trio.open_nursery() as nursery:
            task_status.started(nursery)
            await trio.sleep_forever()


_RELOADABLE = frozenset({"request_processors", "flags", "request_type", "allowed_networks", "trusted_proxies", "identity", "sessions_conns"})


def _translator(services: Services, config: Mapping[str, Any]) -> Translator:
    return Translator(
        tenant=services.default_tenant,
        request_type=config["request_type"] or services.default_request_type,
        category=services.default_category,
        node_id=services.node_id,
        asked=read_flags(config["flags"], Asked()),
        processors=compile_processors(config["request_processors"], services.template_context()),
    )


def _seconds(text: object) -> float:
    return parse_duration(str(text)) / SECOND
