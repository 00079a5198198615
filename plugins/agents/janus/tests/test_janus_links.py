"""Links to Janus: replies find their requests, big messages pass, broken connections come back, stuck calls are stopped for certain."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
import trio
import trio.testing
from cgrd_agent_janus.backend import Backend
from cgrd_agent_janus.codec import JanusError
from cgrd_agent_janus.link import Link
from trio_websocket import ConnectionClosed, WebSocketRequest, serve_websocket

from cgrd import CGREvent
from cgrd.clock import SystemClock
from cgrd.durations import SECOND


class Watcher:
    """Remembers what a link tells."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.up = trio.Event()
        self.down = trio.Event()

    def link_up(self) -> None:
        self.up.set()

    def link_down(self, *, heard_ns: int) -> None:
        self.down.set()

    def link_event(self, event: dict[str, Any]) -> None:
        self.events.append(event)


class Server:
    """A WebSocket server that answers as it is told."""

    def __init__(self, answer: Callable[[dict[str, Any]], list[dict[str, Any]]]) -> None:
        self.answer = answer
        self.seen: list[dict[str, Any]] = []
        self.sockets: list[Any] = []
        self.port = 0

    async def _talk(self, request: WebSocketRequest) -> None:
        socket = await request.accept(subprotocol=request.proposed_subprotocols[0])
        self.sockets.append(socket)
        try:
            while True:
                message = json.loads(await socket.get_message())
                self.seen.append(message)
                for reply in self.answer(message):
                    await socket.send_message(json.dumps(reply))
        except ConnectionClosed:
            return

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[Server]:
        async with trio.open_nursery() as nursery:
            server = await nursery.start(serve_websocket, self._talk, "127.0.0.1", port, None)
            self.port = server.port
            yield self
            nursery.cancel_scope.cancel()


def link_to(port: int, watcher: Watcher, **more: Any) -> Link:
    log = structlog.get_logger("test")
    settings: dict[str, Any] = {"url": f"ws://127.0.0.1:{port}", "subprotocol": "janus-protocol", "secrets": {}, "clock": SystemClock(), "log": log, **more}
    return Link(watcher=watcher, **settings)


async def test_twenty_browsers_with_one_transaction_each_get_their_own_answer() -> None:
    waiting: list[dict[str, Any]] = []

    def backwards(message: dict[str, Any]) -> list[dict[str, Any]]:
        waiting.append(message)
        if len(waiting) < 20:
            return []
        return [{"janus": "success", "transaction": each["transaction"], "data": {"id": each["n"]}} for each in reversed(waiting)]

    answers: dict[int, dict[str, Any]] = {}
    async with Server(backwards).serving() as server, trio.open_nursery() as nursery:
        watcher = Watcher()
        link = link_to(server.port, watcher)
        nursery.start_soon(link.run)
        await watcher.up.wait()

        async def ask(number: int) -> None:
            answers[number] = await link.request({"janus": "create", "transaction": "same", "n": number})

        async with trio.open_nursery() as asking:
            for number in range(20):
                asking.start_soon(ask, number)
        nursery.cancel_scope.cancel()
    assert all(answers[number] == {"janus": "success", "transaction": "same", "data": {"id": number}} for number in range(20))


async def test_list_of_many_sessions_passes() -> None:
    sessions = list(range(4_000_000_000_000_000, 4_000_000_000_000_000 + 300_000))
    many = Server(lambda message: [{"janus": "success", "transaction": message["transaction"], "sessions": sessions}])
    async with many.serving() as server, trio.open_nursery() as nursery:
        watcher = Watcher()
        link = link_to(server.port, watcher, subprotocol="janus-admin-protocol", secrets={"admin_secret": "s"})
        nursery.start_soon(link.run)
        await watcher.up.wait()
        assert len((await link.request({"janus": "list_sessions"}))["sessions"]) == 300_000
        assert server.seen[0]["admin_secret"] == "s"
        nursery.cancel_scope.cancel()


async def test_event_with_a_transaction_is_no_reply_and_carries_the_browsers_own() -> None:
    def answer(message: dict[str, Any]) -> list[dict[str, Any]]:
        same = {"transaction": message["transaction"]}
        return [{"janus": "event", **same, "session_id": 1}, {"janus": "ack", **same}, {"janus": "event", **same, "session_id": 1}]

    async with Server(answer).serving() as server, trio.open_nursery() as nursery:
        watcher = Watcher()
        link = link_to(server.port, watcher)
        nursery.start_soon(link.run)
        await watcher.up.wait()
        assert (await link.request({"janus": "message", "transaction": "t"}))["janus"] == "ack"
        while len(watcher.events) < 2:  # noqa: ASYNC110
            await trio.sleep(0.01)
        assert {event["transaction"] for event in watcher.events} == {"t"}
        nursery.cancel_scope.cancel()


async def test_janus_that_is_not_there_yet_is_waited_for_and_comes_back_after_a_break() -> None:
    server = Server(lambda message: [{"janus": "pong", "transaction": message["transaction"]}])
    async with server.serving():
        port = server.port
    watcher = Watcher()
    link = link_to(port, watcher)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(link.run)
        await trio.sleep(0.2)
        with pytest.raises(JanusError):
            await link.request({"janus": "ping"})
        async with server.serving(port):
            await watcher.up.wait()
            assert (await link.request({"janus": "ping"}))["janus"] == "pong"
        await watcher.down.wait()
        watcher.up = trio.Event()
        async with server.serving(port):
            await watcher.up.wait()
            assert (await link.request({"janus": "ping"}))["janus"] == "pong"
        nursery.cancel_scope.cancel()


async def test_request_without_an_answer_fails_in_time() -> None:
    async with Server(lambda message: []).serving() as server, trio.open_nursery() as nursery:
        watcher = Watcher()
        link = link_to(server.port, watcher, reply_timeout=0.1)
        nursery.start_soon(link.run)
        await watcher.up.wait()
        with pytest.raises(JanusError, match="did not answer"):
            await link.request({"janus": "create"})
        nursery.cancel_scope.cancel()


async def test_janus_that_hangs_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Server(lambda message: []).serving() as server, trio.open_nursery() as nursery:
        watcher = Watcher()
        link = link_to(server.port, watcher, ping_every=0.1)
        nursery.start_soon(link.run)
        await watcher.up.wait()
        assert link._socket is not None
        monkeypatch.setattr(link._socket, "ping", trio.sleep_forever)
        with trio.fail_after(2):
            await watcher.down.wait()
        nursery.cancel_scope.cancel()


async def test_janus_that_talks_lives_although_its_pong_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Server(lambda message: [{"janus": "success", "transaction": message["transaction"]}]).serving() as server, trio.open_nursery() as nursery:
        watcher = Watcher()
        link = link_to(server.port, watcher, ping_every=0.1)
        nursery.start_soon(link.run)
        await watcher.up.wait()
        assert link._socket is not None
        monkeypatch.setattr(link._socket, "ping", trio.sleep_forever)
        with trio.move_on_after(0.5):
            while True:
                await link.request({"janus": "keepalive"})
        assert not watcher.down.is_set()
        with trio.fail_after(2):
            await watcher.down.wait()
        nursery.cancel_scope.cancel()


async def test_backend_learns_the_timeouts_and_ends_what_outlived_a_break() -> None:
    def answer(message: dict[str, Any]) -> list[dict[str, Any]]:
        info = {"janus": "server_info", "session-timeout": 20, "reclaim-session-timeout": 5}
        return [{**(info if message["janus"] == "info" else {"janus": "success"}), "transaction": message["transaction"]}]

    class Listener:
        def janus_event(self, backend: Any, event: dict[str, Any]) -> None: ...
        def janus_lost(self, backend: Any, *, heard_ns: int) -> None: ...

    async with Server(answer).serving() as server, trio.open_nursery() as nursery:
        address = f"127.0.0.1:{server.port}"
        settings = {"address": address, "admin_address": address, "admin_password": "s", "api_secret": "a"}
        backend = Backend(settings=settings, watcher=Listener(), clock=SystemClock(), log=structlog.get_logger("test"), reply_timeout=1)
        backend.orphans.add(42)
        nursery.start_soon(backend.run)
        with trio.fail_after(5):
            while backend.orphans:  # noqa: ASYNC110
                await trio.sleep(0.01)
        assert (backend.session_timeout, backend.reclaim_timeout) == (20, 5)
        assert server.seen[0]["apisecret"] == "a"
        assert {"janus": "destroy_session", "session_id": 42, "admin_secret": "s"}.items() <= server.seen[-1].items()
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("silent", "step"),
    [
        ((), "hangup"),
        (("hangup",), "hangup_webrtc"),
        (("hangup", "hangup_webrtc"), "detach"),
        (("hangup", "hangup_webrtc", "detach"), "destroy"),
        (("hangup", "hangup_webrtc", "detach", "destroy"), "destroy_session"),
    ],
)
async def test_each_step_that_has_no_effect_is_followed_by_a_harder_one(world: Any, silent: tuple[str, ...], step: str) -> None:
    await world.call()
    world.janus.silent = set(silent)
    start = world.graph.of("InitiateSession")[0]["Event"]
    world.agent.disconnect_session(CGREvent(Event={**start, "DisconnectCause": "INSUFFICIENT_CREDIT"}))
    await world.clock.advance(2 * SECOND)
    tried = [seen["janus"] for seen in world.janus.seen if seen["janus"] not in ("create", "attach", "message")]
    assert tried[len(silent)] == step
    usage = world.graph.of("ProcessCDR")[0]["Event"]["Usage"]
    assert usage == len(silent) * 300_000_000


async def test_sip_call_is_said_goodbye_first(world: Any) -> None:
    await world.call("janus.plugin.sip", body={"request": "call", "uri": "sip:+4930123@example.org"})
    start = world.graph.of("InitiateSession")[0]["Event"]
    world.agent.disconnect_session(CGREvent(Event={**start, "DisconnectCause": "INSUFFICIENT_CREDIT"}))
    await world.clock.advance(SECOND)
    said = [seen for seen in world.janus.seen if seen["janus"] in ("message", "hangup")][1:]
    assert (said[0]["body"], said[1]["janus"]) == ({"request": "hangup"}, "hangup")


async def test_janus_that_ends_nothing_is_an_alarm(world: Any, capsys: pytest.CaptureFixture[str]) -> None:
    await world.call()
    world.janus.silent = {"hangup", "hangup_webrtc", "detach", "destroy", "destroy_session"}
    start = world.graph.of("InitiateSession")[0]["Event"]
    world.agent.disconnect_session(CGREvent(Event={**start, "DisconnectCause": "INSUFFICIENT_CREDIT"}))
    await world.clock.advance(20 * SECOND)
    assert "Janus does not end a call" in capsys.readouterr().out
    world.janus.silent = set()
    await world.clock.advance(60 * SECOND)
    assert not world.janus.sessions


async def test_absence_is_logged_once_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(link_to(1, Watcher()).run)
        await trio.sleep(0.5)
        nursery.cancel_scope.cancel()
    said = capsys.readouterr().out
    assert said.count("no connection to Janus") == 1
    assert "connect" in said.partition("why=")[2]
