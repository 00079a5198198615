"""What browsers see: REST and WebSocket answered as Janus answers, polls that lose nothing, sessions that belong to somebody."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import trio
import trio.testing
from cgrd_agent_janus.codec import JanusError, Transactions, for_browser, read_request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgrd.durations import SECOND
from cgrd.errors import CgrdError, ConfigurationError, Wrong

OWNER, STRANGER = "10.99.0.11", "10.99.0.66"


def code(answer: dict[str, Any]) -> int:
    return int(answer["error"]["code"])


def refused(word: str) -> CgrdError:
    return Wrong(word)


# What Debian's Janus 1.1.2 answers to the same bytes (tests/e2e asks it again).
@pytest.mark.parametrize(
    ("path", "body", "wanted"),
    [
        ("/janus", b"nojson", 454),
        ("/janus", b"[]", 455),
        ("/janus", b"{}", 456),
        ("/janus", b'{"janus":"create"}', 456),
        ("/janus", b'{"janus":"create","transaction":5}', 467),
        ("/janus/78", b'{"janus":"attach","transaction":"a","plugin":"x"}', 458),
        ("/janus/78/5", b'{"janus":"message","transaction":"a","body":{}}', 458),
    ],
)
async def test_broken_requests_get_janus_error_codes(world: Any, path: str, body: bytes, wanted: int) -> None:
    answer = await world.http("POST", path, body)
    assert (answer.status, code(answer.json())) == (200, wanted)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("target", ["/janus", "/janus/78", "/janus/abc", "/janus/1/2/3", "/janusx", "/janus/1/2"])
async def test_get_of_nothing_is_not_found(world: Any, target: str) -> None:
    assert (await world.http("GET", target)).status == 404


async def test_other_methods_are_refused_in_janus_words(world: Any) -> None:
    answer = await world.http("PUT", "/janus")
    assert answer.json() == {"janus": "error", "error": {"code": 450, "reason": "Unsupported method PUT"}}


async def test_preflight_allows_what_is_asked(world: Any) -> None:
    answer = await world.http("OPTIONS", "/janus/1/2")
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-max-age"] == "86400"


async def test_info_and_ping_are_janus_own(world: Any) -> None:
    assert (await world.http("GET", "/janus/info")).json()["janus"] == "server_info"
    assert world.janus.seen[0]["janus"] == "info"


async def test_unknown_verbs_reach_janus_and_its_answer_comes_back(world: Any) -> None:
    session = (await world.post("/janus", janus="create"))["data"]["id"]
    answer = await world.post(f"/janus/{session}", janus="juggle", balls=3)
    assert (code(answer), answer["transaction"], answer["session_id"]) == (453, "tx", session)
    assert world.janus.seen[-1]["balls"] == 3


async def test_body_beyond_the_limit_is_refused(make_world: Callable[..., Any]) -> None:
    async with make_world(max_body=100).serving() as world:
        assert (await world.http("POST", "/janus", b'{"a":"' + b"x" * 100 + b'"}')).status == 413


async def test_poll_gives_one_event_or_a_list_and_keeps_order(world: Any) -> None:
    path, handle = await world.call()
    session = int(path.rpartition("/")[2])
    for number in range(4):
        world.janus.tell({"janus": "event", "session_id": session, "sender": handle, "n": number})
    assert (await world.http("GET", path)).json()["janus"] == "webrtcup"
    assert [event["n"] for event in (await world.http("GET", f"{path}?maxev=2")).json()] == [0, 1]
    assert (await world.http("GET", f"{path}?maxev=0")).json()["n"] == 2
    assert [event["n"] for event in (await world.http("GET", f"{path}?maxev=10")).json()] == [3]


async def test_quiet_poll_ends_with_a_keepalive(world: Any) -> None:
    path, _ = await world.call()
    await world.http("GET", path)
    answers = []

    async def poll() -> None:
        answers.append(await world.http("GET", f"{path}?maxev=5"))

    world.nursery.start_soon(poll)
    await world.clock.advance(29 * SECOND)
    assert not answers
    await world.clock.advance(SECOND)
    assert answers[0].json() == {"janus": "keepalive"}


async def test_client_that_leaves_its_poll_loses_no_event(world: Any) -> None:
    path, handle = await world.call()
    await world.http("GET", path)
    leave = trio.Event()
    world.nursery.start_soon(lambda: world.http("GET", path, leave=leave))
    await world.clock.advance(SECOND)
    leave.set()
    await world.clock.advance(SECOND)
    world.janus.tell({"janus": "slowlink", "session_id": int(path.rpartition("/")[2]), "sender": handle})
    assert (await world.http("GET", path)).json()["janus"] == "slowlink"


async def test_browser_that_does_not_read_is_ended_and_charged(make_world: Callable[..., Any]) -> None:
    async with make_world(max_events=50).serving() as world:
        path, handle = await world.call()
        await world.clock.advance(2 * SECOND)
        for _ in range(60):
            world.janus.tell({"janus": "slowlink", "session_id": int(path.rpartition("/")[2]), "sender": handle})
        await trio.testing.wait_all_tasks_blocked()
        assert not world.janus.sessions
        assert [args["Event"]["Usage"] for args in world.graph.of("ProcessCDR")] == [2 * SECOND]


async def test_websocket_needs_the_subprotocol(world: Any) -> None:
    socket = await world.socket(protocols=())
    assert not socket.accepted
    assert socket.closed


async def test_call_over_websocket_many_sessions_on_one_connection(world: Any) -> None:
    socket = await world.socket()
    first = (await socket.ask(janus="create"))["data"]["id"]
    second = (await socket.ask(janus="create"))["data"]["id"]
    handle = (await socket.ask(janus="attach", session_id=first, plugin="janus.plugin.echotest"))["data"]["id"]
    assert (await socket.ask(janus="keepalive", session_id=second))["janus"] == "ack"
    world.janus.put_through(first, handle)
    await world.clock.advance(4 * SECOND)
    assert socket.heard[-1] == {"janus": "webrtcup", "session_id": first, "sender": handle}
    await socket.leave()
    await world.clock.advance(0)
    assert not world.janus.sessions
    assert [args["Event"]["Usage"] for args in world.graph.of("ProcessCDR")] == [4 * SECOND]


async def test_websocket_alone_keeps_its_sessions_alive(world: Any) -> None:
    socket = await world.socket()
    await socket.ask(janus="create")
    await world.clock.advance(300 * SECOND)
    assert world.janus.sessions


async def test_session_survives_its_websocket_where_janus_allows_and_is_claimed_by_its_owner(world: Any) -> None:
    world.janus.reclaim_timeout = 20.0
    socket = await world.socket()
    session = (await socket.ask(janus="create"))["data"]["id"]
    handle = (await socket.ask(janus="attach", session_id=session, plugin="janus.plugin.echotest"))["data"]["id"]
    await socket.leave()
    world.janus.put_through(session, handle)
    again = await world.socket()
    assert (await again.ask(janus="claim", session_id=session))["janus"] == "success"
    assert "webrtcup" in [message["janus"] for message in again.heard]
    await world.clock.advance(30 * SECOND)
    assert world.janus.sessions
    await again.leave()
    await world.clock.advance(22 * SECOND)
    assert not world.janus.sessions


async def test_slow_websocket_is_cut_off(make_world: Callable[..., Any]) -> None:
    async with make_world(max_events=20).serving() as world:
        socket = await world.socket()
        session = (await socket.ask(janus="create"))["data"]["id"]
        handle = (await socket.ask(janus="attach", session_id=session, plugin="janus.plugin.echotest"))["data"]["id"]
        socket.stalled = True
        for _ in range(30):
            world.janus.tell({"janus": "slowlink", "session_id": session, "sender": handle})
        await trio.sleep(1.2)
        await world.clock.advance(0)
        assert not world.janus.sessions


async def test_requests_of_one_session_keep_their_order_on_a_websocket(world: Any) -> None:
    socket = await world.socket()
    session = (await socket.ask(janus="create"))["data"]["id"]
    handle = (await socket.ask(janus="attach", session_id=session, plugin="janus.plugin.videoroom"))["data"]["id"]
    bodies = [{"request": "join", "room": 1}, {"request": "configure", "n": 1}, {"request": "configure", "n": 2}]
    for body in bodies:
        socket.say(janus="message", session_id=session, handle_id=handle, body=body)
    await trio.testing.wait_all_tasks_blocked()
    assert [seen["body"] for seen in world.janus.seen if seen["janus"] == "message"] == bodies


async def test_no_janus_is_told_at_once(world: Any) -> None:
    world.janus.up = False
    assert code(await world.post("/janus", janus="create")) == 490


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: json.dumps({"janus": text, "transaction": text}).encode()))
def test_any_bytes_are_a_request_or_a_janus_error(data: bytes) -> None:
    try:
        found = read_request(data)["janus"]
    except JanusError as error:
        found = str(error.code)
    assert isinstance(found, str)


@given(st.text(max_size=50))
def test_transaction_of_a_browser_survives_the_way_through_ours(inner: str) -> None:
    outer = Transactions().outer(inner)
    assert for_browser({"janus": "ack", "transaction": outer}).get("transaction", "") == inner


async def test_deep_json_is_an_error(world: Any) -> None:
    for octets in (b'{"janus":' + b"[" * 100_000, b"[" * 100_000, b'{"janus":"create","transaction":"1","body":' + b"[" * 64 + b"]" * 64 + b"}"):
        answer = (await world.http("POST", "/janus", octets)).json()
        assert code(answer) == 454
        assert "nested" in answer["error"]["reason"]
        assert "recursion" not in answer["error"]["reason"]


async def test_websocket_without_a_session_that_says_nothing_is_closed(autojump_clock: trio.testing.MockClock, world: Any) -> None:
    silent, busy = await world.socket(), await world.socket()
    await busy.ask(janus="create")
    await trio.sleep(61)
    assert silent.closed
    assert not busy.closed
    assert world.janus.sessions


async def test_demo_page_knows_where_the_call_goes_and_whose_money_it_is(make_world: Callable[..., Any]) -> None:
    async with make_world(demo_page=True, listen="127.0.0.1:8089").serving() as world:
        janus, demo = world.agent.faces()
        assert (janus.path, janus.listen, demo.path, demo.listen) == ("/janus", "127.0.0.1:8089", "/demo", "")
        page = await world.http("GET", "/demo", face=1)
        assert "text/html" in page.headers["content-type"]
        settings = (await world.http("GET", "/demo/settings", face=1)).json()
        assert settings == {"janus": "http://localhost:8089/janus", "jsonrpc": "/jsonrpc", "tenant": "cgrates.org", "account": OWNER}
        assert (await world.http("GET", "/demo/else", face=1)).status == 404


async def test_client_may_have_so_many_sessions_and_no_more(make_world: Callable[..., Any]) -> None:
    async with make_world(max_sessions=2).serving() as world:
        first = (await world.post("/janus", janus="create"))["data"]["id"]
        await world.post("/janus", janus="create")
        assert code(await world.post("/janus", janus="create")) == 403
        assert (await world.post("/janus", STRANGER, janus="create"))["janus"] == "success"
        await world.post(f"/janus/{first}", janus="destroy")
        assert (await world.post("/janus", janus="create"))["janus"] == "success"


async def test_reload_takes_processors_and_refuses_what_needs_a_restart(world: Any) -> None:
    field = {"tag": "Subject", "path": "*cgreq.Subject", "type": "*constant", "value": "new"}
    await world.agent.reload({**world.config, "request_processors": [{"id": "p", "request_fields": [field]}]})
    await world.post("/janus", janus="create")
    assert world.graph.of("AuthorizeEvent")[-1]["Event"]["Subject"] == "new"
    with pytest.raises(ConfigurationError, match="url"):
        await world.agent.reload({**world.config, "url": "/other"})
