"""Pools of connections: transports, strategies, fail-over, and errors that mean the same from afar."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import msgspec
import pytest
import trio

from cgrd import CGREvent
from cgrd.clock import SystemClock
from cgrd.durations import SECOND
from cgrd.errors import (
    CgrdError,
    ConfigurationError,
    Disconnected,
    InsufficientCredit,
    NotFound,
    PartiallyExecuted,
    RemoteError,
    ReplyTimeout,
    UnknownMethod,
    UnknownService,
    Unreachable,
)
from cgrd.rpc.client import pauses
from cgrd.rpc.http_listeners import http_servers
from cgrd.rpc.pool import Pool, Pools
from cgrd.rpc.remote_errors import remote_error
from cgrd.rpc.server import TcpServer
from cgrd.rpc.settings import ConnectionSettings
from cgrd.rpc.strategies import STRATEGIES
from cgrd.testing.clock import VirtualClock

GENERAL = {"connect_attempts": 1, "reconnects": -1, "max_reconnect_interval": "", "connect_timeout": "1s", "reply_timeout": "5s"}
NOBODY = "127.0.0.1:1"


class Agent:
    """What an agent serves on its both-way connection."""

    def find(self, method: str) -> Any:
        from cgrd import Served

        return Served(name=method, args=dict[str, Any], handler=None, is_async=False, wants_peer=False, owner="agent")

    def request_nowait(self, served: Any, args: Any, peer: Any) -> Any:
        return {"Method": served.name, **args}


@pytest.fixture
async def pool(nursery: trio.Nursery) -> Callable[..., Any]:
    async def make(*conns: dict[str, Any], strategy: str = "*first", clock: Any = None, **general: Any) -> Pool:
        pools = Pools(
            rpc_conns={"remote": {"strategy": strategy, "conns": list(conns)}},
            general={**GENERAL, **general},
            tls={},
            clock=clock or SystemClock(),
            directory=Agent(),
        )
        await nursery.start(pools.serve)
        return pools["remote"]

    return make


@pytest.fixture
async def address(listening: Callable[..., Any]) -> str:
    return f"127.0.0.1:{await listening(both_ways=True)}"


async def test_many_calls_share_one_connection(desk: Any, address: str, pool: Any) -> None:
    remote = await pool({"address": address})
    answers: list[str] = []

    async def wait(place: int) -> None:
        answers.append(await remote.call("Desk.Wait", CGREvent(ID=str(place)), str))

    async with trio.open_nursery() as calls:
        for place in range(4):
            calls.start_soon(wait, place)
        while desk.waiting < 4:
            await trio.testing.wait_all_tasks_blocked()
        assert await remote.call("Desk.Ping", {}, str) == "Pong"
        desk.go.set()
    assert sorted(answers) == [f"waited for {place}" for place in range(4)]


@pytest.mark.parametrize("transport", ["*json", "*birpc_json", "*http_jsonrpc", "*ws_jsonrpc", "*parallel"])
async def test_every_transport_carries_calls_and_errors(desk: Any, address: str, nursery: trio.Nursery, pool: Any, transport: str) -> None:
    servers = http_servers(listen="127.0.0.1:0", http={"json_rpc_url": "/jsonrpc", "ws_url": "/ws"}, directory=desk)
    web = (await nursery.start(servers[0].serve))[0]
    where = {"*http_jsonrpc": f"{web}/jsonrpc", "*ws_jsonrpc": f"{web}/ws"}.get(transport, address)
    strategy = "*parallel" if transport == "*parallel" else "*first"
    remote = await pool({"address": where, "transport": "*json" if transport == "*parallel" else transport}, strategy=strategy)
    event = await remote.call("Desk.Event", CGREvent(ID="X", Event={"Usage": 5}), CGREvent)
    assert (event.ID, event.Event) == ("X", {"Usage": 5})
    with pytest.raises(NotFound):
        await remote.call("Desk.Missing", CGREvent())


async def test_the_other_end_calls_what_the_agent_serves(address: str, pool: Any) -> None:
    remote = await pool({"address": address, "transport": "*birpc_json"})
    assert await remote.call("Desk.CallMe", CGREvent()) == {"Method": "Agent.Hello", "Name": "desk"}


async def test_a_plain_connection_serves_nothing(address: str, pool: Any) -> None:
    remote = await pool({"address": address})
    with pytest.raises(UnknownService):
        await remote.call("Desk.CallMe", CGREvent())


async def test_the_next_connection_is_asked_when_one_cannot_be_reached(address: str, pool: Any) -> None:
    remote = await pool({"address": NOBODY}, {"address": NOBODY, "transport": "*http_jsonrpc"}, {"address": address, "transport": "*gob"}, {"address": address})
    assert await remote.call("Desk.Ping", {}) == "Pong"


async def test_an_answer_is_final_even_when_it_is_an_error(desk: Any, address: str, pool: Any) -> None:
    remote = await pool({"address": address}, {"address": NOBODY})
    with pytest.raises(NotFound):
        await remote.call("Desk.Missing", {})


async def test_nobody_to_reach_is_told_with_the_reason(pool: Any) -> None:
    with pytest.raises(Disconnected) as failure:
        await (await pool({"address": NOBODY})).call("Desk.Ping", {})
    assert failure.value.explain.startswith("rpc_conns.remote: cannot connect to 127.0.0.1:1: ")


async def test_a_transport_that_is_not_spoken_tells_what_to_set(pool: Any) -> None:
    with pytest.raises(Unreachable, match=r"transport \*gob is not spoken here; set \*json"):
        await (await pool({"address": NOBODY, "transport": "*gob"})).call("Desk.Ping", {})


def test_what_a_connection_leaves_open_comes_from_general() -> None:
    entry = {"address": "x:1", "transport": "", "connect_attempts": 0, "reply_timeout": "", "reconnects": 7}
    general = {**GENERAL, "connect_timeout": "0"}
    settings = ConnectionSettings.read("remote", entry, general=general, tls={"client_key": "k"})
    assert (settings.connect_attempts, settings.reply_timeout, settings.reconnects) == (1, 5, 7)
    assert (settings.connect_timeout, settings.client_key, settings.transport) == (float("inf"), "k", "*gob")


async def test_no_answer_in_time_is_a_reply_timeout(address: str, pool: Any) -> None:
    with pytest.raises(ReplyTimeout):
        await (await pool({"address": address, "reply_timeout": "20ms"})).call("Desk.Wait", {})


async def test_a_lost_connection_is_opened_again(desk: Any, pool: Any, listening: Any) -> None:
    async with trio.open_nursery() as first:
        address = (await first.start(TcpServer(address="127.0.0.1:0", directory=desk).serve))[0]
        remote = await pool({"address": address}, connect_attempts=-1)
        assert await remote.call("Desk.Ping", {}) == "Pong"
        first.cancel_scope.cancel()
    async with trio.open_nursery() as second:
        await second.start(TcpServer(address=address, directory=desk).serve)
        assert await remote.call("Desk.Ping", {}) == "Pong"
        second.cancel_scope.cancel()


async def test_tries_are_apart_and_end(pool: Any) -> None:
    clock = VirtualClock()
    remote = await pool({"address": NOBODY}, clock=clock, connect_attempts=3)
    outcome: list[CgrdError] = []

    async def ask() -> None:
        try:
            await remote.call("Desk.Ping", {})
        except CgrdError as error:
            outcome.append(error)

    async with trio.open_nursery() as calls:
        calls.start_soon(ask)
        for _ in range(2):
            await trio.testing.wait_all_tasks_blocked(0.05)
            assert not outcome
            await clock.advance(SECOND)
    assert isinstance(outcome[0], Disconnected)


def test_pauses_grow_as_fibonacci_up_to_the_bound() -> None:
    assert list(islice(pauses(0), 6)) == [1, 1, 2, 3, 5, 8]
    assert list(islice(pauses(4), 6)) == [1, 1, 2, 3, 4, 4]


class Fake:
    """A connection that answers, or fails, as told."""

    def __init__(self, outcome: object) -> None:
        self.outcome = outcome
        self.asked = 0

    async def ask(self) -> object:
        self.asked += 1
        await trio.lowlevel.checkpoint()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


GONE, MISSING = Disconnected(), NotFound()


@pytest.mark.parametrize(
    ("strategy", "outcomes", "answer"),
    [
        ("*first", ["a", "b"], "a"),
        ("*first", [GONE, "b"], "b"),
        ("*first", [MISSING, "b"], MISSING),
        ("*first", [GONE, GONE], GONE),
        ("*random", [GONE, "b", GONE], "b"),
        ("*first_positive", [MISSING, GONE, "c"], "c"),
        ("*first_positive", [GONE, MISSING], MISSING),
        ("*first_positive_async", [MISSING, GONE, "c"], "c"),
        ("*broadcast", [GONE, MISSING], MISSING),
        ("*broadcast", [GONE, "b"], "b"),
        ("*broadcast", [GONE, GONE], GONE),
        ("*broadcast_sync", ["a", "b"], "a"),
        ("*broadcast_sync", [MISSING, MISSING], MISSING),
        ("*broadcast_async", [GONE, "b"], None),
    ],
)
async def test_whose_answer_counts(strategy: str, outcomes: list[object], answer: object) -> None:
    clients: Any = [Fake(outcome) for outcome in outcomes]
    async with trio.open_nursery() as nursery:
        try:
            got: object = await STRATEGIES[strategy]()(clients, lambda client: client.ask(), nursery)  # type: ignore[attr-defined]
        except CgrdError as error:
            got = error
    assert got is answer
    if "broadcast" in strategy:
        assert [client.asked for client in clients] == [1] * len(clients)


async def test_a_broadcast_done_in_part_is_told() -> None:
    clients: Any = [Fake("a"), Fake(GONE)]
    async with trio.open_nursery() as nursery:
        with pytest.raises(PartiallyExecuted) as failure:
            await STRATEGIES["*broadcast_sync"]()(clients, lambda client: client.ask(), nursery)  # type: ignore[attr-defined]
    assert "done over 1 of 2 connections; connection 2: DISCONNECTED" in failure.value.explain


async def test_next_goes_round() -> None:
    clients: Any = [Fake("a"), Fake("b"), Fake(GONE)]
    strategy = STRATEGIES["*next"]()
    async with trio.open_nursery() as nursery:
        answers = [await strategy(clients, lambda client: client.ask(), nursery) for _ in range(4)]  # type: ignore[attr-defined]
    assert answers == ["a", "b", "a", "a"]


@pytest.mark.parametrize(
    ("pool_", "told"),
    [({"strategy": "*best"}, "no strategy \\*best"), ({"conns": [{"address": "x:1", "transport": "*pigeon"}]}, "no transport \\*pigeon")],
)
def test_what_does_not_exist_is_told(pool_: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        Pools(rpc_conns={"remote": pool_}, general=GENERAL, tls={}, clock=SystemClock())


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("NOT_FOUND", NotFound),
        ("NOT_FOUND:RP1", NotFound),
        ("INSUFFICIENT_CREDIT_BALANCE_BLOCKER", InsufficientCredit),
        ("rpc: can't find service X.Y", UnknownService),
        ("rpc: can't find method X.Y", UnknownMethod),
        ("REPLY_TIMEOUT", ReplyTimeout),
        ("RALS_ERROR:ACCOUNT_NOT_FOUND", RemoteError),
        ("MANDATORY_IE_MISSING: [ID Event]", CgrdError),
        ("SERVER_ERROR: NOT_FOUND", CgrdError),
    ],
)
def test_an_error_from_afar_has_the_type_and_the_word_that_it_has_here(word: str, kind: type[CgrdError]) -> None:
    error = remote_error(word, explain="why")
    assert type(error) is kind or kind is CgrdError
    assert (error.word, error.explain) == (word, "why")


async def test_a_strange_answer_is_told(pool: Any, nursery: trio.Nursery) -> None:
    async def strange(stream: trio.SocketStream) -> None:
        for answer in [{"id": 1, "error": 5}, {"id": 2, "result": "text"}]:
            await stream.receive_some(1000)
            await stream.send_all(msgspec.json.encode(answer) + b"\n")

    listeners = await nursery.start(trio.serve_tcp, strange, 0)
    remote = await pool({"address": f"127.0.0.1:{listeners[0].socket.getsockname()[1]}"})
    with pytest.raises(RemoteError, match="neither a text nor an error object"):
        await remote.call("X.Y", {})
    with pytest.raises(CgrdError, match="the answer does not fit"):
        await remote.call("X.Y", {}, CGREvent)
