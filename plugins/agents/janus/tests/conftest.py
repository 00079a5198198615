"""A whole agent in memory: a fake Janus behind it, a fake SessionS beside it, browsers without sockets, and a clock that tests turn."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio
from cgrd_agent_janus.agent import JanusAgent
from cgrd_agent_janus.codec import UNKNOWN, JanusError

from cgrd import codec
from cgrd.errors import NotFound
from cgrd.filters import Filters
from cgrd.services import Services
from cgrd.testing import VirtualClock

SESSION = 4452285910142047


class FakeJanus:
    """A Janus in memory: echotest and videoroom, one PeerConnection a handle, every event of a real one.

    `silent` holds verbs that are answered but have no effect, `broken` those that are not answered at all.
    """

    def __init__(self) -> None:
        self.name = "fake"
        self.session_timeout = 60.0
        self.reclaim_timeout = 0.0
        self.orphans: set[int] = set()
        self.up = True
        self.seen: list[dict[str, Any]] = []
        self.said: list[tuple[str, Any]] = []
        self.silent: set[str] = set()
        self.broken: set[str] = set()
        self.sessions: dict[int, dict[int, bool]] = {}
        self.tell: Callable[[dict[str, Any]], None] = lambda event: None
        self._handles = itertools.count(5001)

    async def run(self) -> None:
        await trio.sleep_forever()

    async def request(self, message: dict[str, Any]) -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        if not self.up:
            raise JanusError(UNKNOWN, "Janus is not reachable; the agent goes on trying to connect")
        self.seen.append(message)
        self.said.append(("janus", message))
        verb = message["janus"]
        if verb in self.broken:
            await trio.sleep_forever()
        reply = self._reply(verb, message)
        transaction = {"transaction": message["transaction"]} if message.get("transaction") else {}
        session = {"session_id": message["session_id"]} if "session_id" in message else {}
        return {"janus": reply.pop("janus", "success"), **session, **transaction, **reply}

    command = request

    def _reply(self, verb: str, message: dict[str, Any]) -> dict[str, Any]:
        session_id, handle_id = message.get("session_id", 0), message.get("handle_id", 0)
        if verb == "create":
            self.sessions[message["id"]] = {}
            return {"data": {"id": message["id"]}}
        if verb == "info":
            return {"janus": "server_info", "name": "Fake", "session-timeout": 60}
        if session_id and session_id not in self.sessions:
            return {"janus": "error", "error": {"code": 458, "reason": f"No such session {session_id}"}}
        if verb == "attach":
            handle = next(self._handles)
            self.sessions[session_id][handle] = False
            return {"data": {"id": handle}}
        if verb in ("message", "keepalive", "trickle"):
            return {"janus": "ack"}
        if verb not in self.silent and verb in ("hangup", "hangup_webrtc", "detach", "detach_handle"):
            self._end(session_id, handle_id, detach=verb.startswith("detach"))
        if verb not in self.silent and verb in ("destroy", "destroy_session"):
            for handle in list(self.sessions[session_id]):
                self._end(session_id, handle, detach=True)
            del self.sessions[session_id]
        if verb not in ("hangup", "hangup_webrtc", "detach", "destroy", "destroy_session", "claim"):
            return {"janus": "error", "error": {"code": 453, "reason": f"Unknown request '{verb}'"}}
        return {"janus": "error", "error": {"code": 490, "reason": "Silent"}} if verb in self.silent else {}

    def _end(self, session_id: int, handle_id: int, *, detach: bool) -> None:
        if self.sessions[session_id].get(handle_id):
            self.sessions[session_id][handle_id] = False
            self.tell({"janus": "hangup", "session_id": session_id, "sender": handle_id, "reason": "Janus API"})
        if detach:
            del self.sessions[session_id][handle_id]
            self.tell({"janus": "detached", "session_id": session_id, "sender": handle_id})

    def put_through(self, session_id: int, handle_id: int) -> None:
        """The media of a handle flows."""
        self.sessions[session_id][handle_id] = True
        self.tell({"janus": "webrtcup", "session_id": session_id, "sender": handle_id})


class FakeGraph:
    """SessionS: remembers every question, grants what it is told to, refuses what it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.said: list[tuple[str, Any]] = []
        self.refuse: dict[str, Exception] = {}
        self.grants: dict[str, list[int]] = {}
        self.slow: set[str] = set()
        self.active: set[str] = set()

    async def call(self, caller: object, edge: str, method: str, args: object, reply: Any = Any) -> Any:
        await trio.lowlevel.checkpoint()
        assert edge == "sessions"
        self.asked.append((method.removeprefix("SessionSv1."), codec.plain_tree(args)))
        self.said.append(("sessions", self.asked[-1]))
        if method in self.slow:
            await trio.sleep_forever()
        if method in self.refuse:
            raise self.refuse[method]
        if method == "SessionSv1.GetActiveSessions":
            found = [{"OriginID": origin} for origin in self.active if f"*string:~*req.OriginID:{origin}" in self.asked[-1][1]["Filters"]]
            if not found:
                raise NotFound
            return codec.convert(found, reply)
        if method == "SessionSv1.InitiateSession":
            self.active.add(self.asked[-1][1]["Event"]["OriginID"])
        if method == "SessionSv1.TerminateSession":
            self.active.discard(self.asked[-1][1]["Event"]["OriginID"])
        if method in ("SessionSv1.TerminateSession", "SessionSv1.ProcessCDR"):
            return "OK"
        waiting = self.grants.get(method, [])
        default = -1 if method == "SessionSv1.InitiateSession" else 3600_000_000_000
        granted = waiting.pop(0) if len(waiting) > 1 else waiting[0] if waiting else default
        return codec.convert({"MaxUsage": granted}, reply)

    def of(self, method: str) -> list[dict[str, Any]]:
        """What a method was asked."""
        return [args for name, args in self.asked if name == method]


class FakeStore:
    """Records in a map."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], bytes] = {}

    @contextmanager
    def transaction(self, *, why: str) -> Any:
        def put(kind: str, key: str, value: bytes) -> None:
            self.records[kind, key] = value

        yield SimpleNamespace(put=put, delete=lambda kind, key: self.records.pop((kind, key), None))

    def get(self, kind: str, key: str) -> bytes | None:
        return self.records.get((kind, key))

    def scan(self, kind: str) -> Any:
        return iter([(key, value) for (found, key), value in list(self.records.items()) if found == kind])


def defaults() -> dict[str, Any]:
    """The section as the schema gives it."""
    schema = json.loads((Path(__file__).parent.parent / "cgrd_agent_janus" / "config.schema.json").read_text())
    found = {name: node.get("default", []) for name, node in schema["properties"].items()}
    return {**found, "janus_conns": [{"address": "127.0.0.1:1", "admin_address": "127.0.0.1:1"}], "request_type": "*prepaid"}


class World:
    """The agent and everyone around it."""

    def __init__(self, **config: Any) -> None:
        self.clock = VirtualClock("2026-11-22T08:00:00Z")
        self.graph = FakeGraph()
        self.store = FakeStore()
        self.janus = FakeJanus()
        self.said = self.janus.said = self.graph.said
        self.config = {**defaults(), **config}
        self.agent = self._agent()
        self.nursery: trio.Nursery | None = None

    def _agent(self) -> JanusAgent:
        general = {"rsr_separator": ";", "default_timezone": "UTC", "default_tenant": "cgrates.org", "default_category": "call"}
        general |= {"default_request_type": "*rated", "rounding_decimals": "5"}
        tree: Any = SimpleNamespace(general=general, sections={"templates": {}, "http": {"json_rpc_url": "/jsonrpc"}})
        around: Any = {"graph": self.graph, "store": self.store, "caches": None, "plugins": None}
        services = Services(config=tree, clock=self.clock, filters=Filters(), node_id="test", **around)
        agent = JanusAgent(services=services, config=self.config)
        agent.backends[:] = [self.janus]  # type: ignore[list-item]
        self.janus.tell = lambda event: agent.listener.janus_event(self.janus, event)
        return agent

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[World]:
        """The agent at work."""
        async with trio.open_nursery() as nursery:
            self.nursery = nursery
            scope = await nursery.start(self._serve)
            yield self
            scope.cancel()
            await self.clock.advance(0)
            nursery.cancel_scope.cancel()

    async def _serve(self, *, task_status: trio.TaskStatus[trio.CancelScope]) -> None:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                await nursery.start(lambda *, task_status: self.agent.serve(task_status=task_status))
                task_status.started(scope)

    async def http(
        self, method: str, target: str, body: bytes = b"", *, client: str = "10.99.0.11", leave: trio.Event | None = None, face: int = 0, forwarded: str = ""
    ) -> Answer:
        """One HTTP request; `leave` lets the client go away before the answer."""
        path, _, query = target.partition("?")
        answer = Answer()
        scope = {
            "type": "http", "method": method, "path": path, "query_string": query.encode(), "client": (client, 40000), "server": ("10.99.0.1", 8088),
            "headers": [(b"origin", b"http://page"), (b"access-control-request-method", b"POST"),
                        *([(b"x-forwarded-for", forwarded.encode())] if forwarded else [])],
        }  # fmt: skip
        parts = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if parts:
                return parts.pop(0)
            await (trio.Event() if leave is None else leave).wait()
            return {"type": "http.disconnect"}

        await self.agent.faces()[face].app(scope, receive, answer.take)
        return answer

    async def post(self, path: str, client: str = "10.99.0.11", **message: Any) -> dict[str, Any]:
        """A Janus message over REST; the transaction is made up."""
        answer = await self.http("POST", path, json.dumps({"transaction": "tx", **message}).encode(), client=client)
        found: dict[str, Any] = answer.json()
        return found

    async def call(self, plugin: str = "janus.plugin.echotest", **message: Any) -> tuple[str, int]:
        """A call that is put through: the session's path and the handle."""
        session = (await self.post("/janus", janus="create"))["data"]["id"]
        path = f"/janus/{session}"
        handle = (await self.post(path, janus="attach", plugin=plugin))["data"]["id"]
        await self.post(f"{path}/{handle}", janus="message", **(message or {"body": {"audio": True}, "jsep": {"type": "offer", "sdp": "v=0"}}))
        self.janus.put_through(session, handle)
        await trio.testing.wait_all_tasks_blocked()
        return path, handle

    async def socket(self, client: str = "10.99.0.11", protocols: tuple[str, ...] = ("janus-protocol",)) -> Socket:
        """A WebSocket to the agent."""
        assert self.nursery is not None
        socket = Socket(self.agent.faces()[0].app, client, protocols)
        self.nursery.start_soon(socket.run)
        await trio.testing.wait_all_tasks_blocked()
        return socket


class Answer:
    """An HTTP response as it came."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""

    async def take(self, part: dict[str, Any]) -> None:
        if part["type"] == "http.response.start":
            self.status = part["status"]
            self.headers = {name.decode(): value.decode() for name, value in part["headers"]}
        else:
            self.body += part["body"]

    def json(self) -> Any:
        return json.loads(self.body)


class Socket:
    """A browser's WebSocket; what it was told is in `heard`."""

    def __init__(self, app: Any, client: str, protocols: tuple[str, ...]) -> None:
        self._app = app
        self._scope = {"type": "websocket", "path": "/janus", "client": (client, 40000), "server": ("10.99.0.1", 8088), "subprotocols": list(protocols)}
        self._send, self._receive = trio.open_memory_channel[dict[str, Any]](100)
        self.heard: list[dict[str, Any]] = []
        self.accepted = False
        self.closed = 0
        self.stalled = False

    async def run(self) -> None:
        self._send.send_nowait({"type": "websocket.connect"})
        await self._app(self._scope, self._receive.receive, self._take)

    async def _take(self, part: dict[str, Any]) -> None:
        if self.stalled:
            await trio.sleep_forever()
        if part["type"] == "websocket.accept":
            self.accepted = True
        elif part["type"] == "websocket.close":
            self.closed = part.get("code", 1000)
        else:
            self.heard.append(json.loads(part["text"]))

    def say(self, **message: Any) -> None:
        """Send a message and go on."""
        self._send.send_nowait({"type": "websocket.receive", "text": json.dumps({"transaction": "tx", **message})})

    async def send(self, **message: Any) -> None:
        """Send a message and let everything happen that it causes."""
        self.say(**message)
        await trio.testing.wait_all_tasks_blocked()

    async def ask(self, **message: Any) -> dict[str, Any]:
        """Send a message; the last thing that was heard then."""
        await self.send(**message)
        return self.heard[-1]

    async def leave(self) -> None:
        """The connection breaks."""
        self._send.send_nowait({"type": "websocket.disconnect", "code": 1006})
        await trio.testing.wait_all_tasks_blocked()


@pytest.fixture
def make_world(monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    """Makes worlds whose session ids count up from a known one."""
    ids = itertools.count(SESSION - 1)
    monkeypatch.setattr("cgrd_agent_janus.gateway.secrets.randbelow", lambda limit: next(ids))
    return World


@pytest.fixture
async def world(make_world: Callable[..., World]) -> AsyncIterator[World]:
    """An agent at work with the default configuration."""
    async with make_world().serving() as world:
        yield world
