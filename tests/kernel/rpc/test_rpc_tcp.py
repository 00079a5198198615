"""JSON-RPC over TCP: both dialects, many requests in flight, limits, and an end that loses nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgrd.rpc.answering import Answerer
from cgrd.rpc.limits import Limits
from cgrd.rpc.messages import NotJSON
from cgrd.rpc.server import TcpServer

PING = b'{"method":"Desk.Ping","params":[{}],"id":1}'


@pytest.fixture
async def port(listening: Callable[..., Any]) -> int:
    return int(await listening())


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (PING, {"id": 1, "result": "Pong", "error": None}),
        (b'{"method":"Desk.Ping","id":"a"}', {"id": "a", "result": "Pong", "error": None}),
        (b'{"method":"Desk.Ping","params":[{}]}', {"id": None, "result": "Pong", "error": None}),
        (b'{"method":"Desk.Ping","params":[{}],"id":1,"hops":2}', {"id": 1, "result": "Pong", "error": None}),
        (b'{"method":"Desk.Ping","params":[{}],"id":1,"hops":{"a":"\xff"}}', {"id": 1, "result": "Pong", "error": None}),
        (b'{"id":{"a":\n1},"method":"Desk.Ping"}', {"id": {"a": 1}, "result": "Pong", "error": None}),
        (b'{"id":"\xff","method":"Desk.Ping"}', {"id": None, "result": "Pong", "error": None}),
        (b'{"id":7,"method":"Desk.Missing","params":[{}]}', {"id": 7, "result": None, "error": "NOT_FOUND"}),
        (b'{"id":7,"method":"Desk.None"}', {"id": 7, "result": None, "error": "rpc: can't find method Desk.None"}),
        (b'{"id":7,"method":"Nope.Ping"}', {"id": 7, "result": None, "error": "rpc: can't find service Nope.Ping"}),
        (b'{"id":7,"method":""}', {"id": 7, "result": None, "error": "rpc: service/method request ill-formed: "}),
        (b'{"id":7,"method":5}', {"id": 7, "result": None, "error": "method is the name of a method, as Service.Method"}),
        (b'{"id":7}', {"id": 7, "result": None, "error": "a request names a method, as Service.Method"}),
    ],
)
async def test_the_reference_dialect(port: int, talk: Any, request_: bytes, answer: Any) -> None:
    async with talk(port) as client:
        assert await client.ask(request_ + b"\n") == answer
        assert (await client.ask(PING))["result"] == "Pong"


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (b'{"jsonrpc":"2.0","method":"Desk.Ping","params":{},"id":1}', {"jsonrpc": "2.0", "result": "Pong", "id": 1}),
        (b'{"jsonrpc":"2.0","method":"Desk.Text","params":["x"],"id":"q"}', {"jsonrpc": "2.0", "result": "x", "id": "q"}),
        (
            b'{"jsonrpc":"2.0","method":"Desk.Missing","id":1}',
            {
                "jsonrpc": "2.0",
                "error": {"code": -32004, "message": "NOT_FOUND", "data": {"explain": "no profile of that name; set one"}},
                "id": 1,
            },
        ),
        (b"[]", {"jsonrpc": "2.0", "error": {"code": -32600, "message": "a batch holds at least one request"}, "id": None}),
    ],
)
async def test_the_strict_dialect(port: int, talk: Any, request_: bytes, answer: Any) -> None:
    async with talk(port) as client:
        assert await client.ask(request_) == answer


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (rb"\ud800", "\ufffd"),
        (rb"\uDFFFx", "\ufffdx"),
        (rb"\ud800\ud83d\ude00", "\ufffd\U0001f600"),
        (rb"\ud83d\ude00\udc00", "\U0001f600\ufffd"),
        (rb"\ud800\n", "\ufffd\n"),
        (rb"\\ud800", "\\ud800"),
        (rb"\\\ud800", "\\\ufffd"),
    ],
)
async def test_half_a_character_is_read_as_unknown_and_the_connection_goes_on(port: int, talk: Any, sent: bytes, read: str) -> None:
    async with talk(port) as client:
        assert (await client.ask(b'{"id":1,"method":"Desk.Text","params":["%b"]}\n' % sent))["result"] == read
        assert (await client.ask(b'[{"jsonrpc":"2.0","id":1,"method":"Desk.Text","params":["%b"]}]\n' % sent))[0]["result"] == read
        assert (await client.ask(PING))["result"] == "Pong"


@pytest.mark.parametrize("method", [b"Desk." + b"x" * 90_000, b"Nope." + b"x" * 90_000])
@pytest.mark.parametrize("dialect", [b"", b'"jsonrpc":"2.0",'])
async def test_a_method_name_of_many_octets_is_not_echoed(port: int, talk: Any, method: bytes, dialect: bytes) -> None:
    async with talk(port) as client:
        answer = await client.ask(b'{%b"method":"%b","params":[{}],"id":7}' % (dialect, method))
        assert answer["id"] == 7
        assert len(str(answer["error"])) < 1000
        assert "90005 characters" in str(answer["error"])


async def test_an_error_text_of_many_octets_is_shortened(port: int, talk: Any) -> None:
    async with talk(port) as client:
        answer = await client.ask(b'{"method":"%b","id":1}' % (b"x" * 90_000))
        assert len(answer["error"]) < 20_000


@pytest.mark.parametrize("identity", [b'"' + b"x" * 1023 + b'"', b"[" + b"1," * 1000 + b"1]", b"7" * 1025])
async def test_an_absurd_id_is_refused_and_not_echoed(desk: Any, port: int, talk: Any, identity: bytes) -> None:
    async with talk(port) as client:
        answer = await client.ask(b'{"method":"Desk.Set","params":[{}],"id":%b}' % identity)
        assert answer == {"id": None, "result": None, "error": "an id of more than 1024 octets is not echoed; number your requests"}
        assert not desk.seen
        assert (await client.ask(b'{"method":"Desk.Ping","id":"%b"}' % (b"x" * 1022)))["id"] == "x" * 1022


async def test_a_batch_is_answered_as_one_and_its_notifications_are_not(port: int, talk: Any) -> None:
    batch = [
        {"jsonrpc": "2.0", "method": "Desk.Ping", "id": 1},
        {"jsonrpc": "2.0", "method": "Desk.Ping"},
        {"jsonrpc": "2.0", "method": "Desk.None", "id": 2},
        5,
    ]
    async with talk(port) as client:
        answers = await client.ask(msgspec.json.encode(batch))
        assert [(answer["id"], answer.get("result"), answer.get("error", {}).get("code")) for answer in answers] == [
            (1, "Pong", None),
            (2, None, -32601),
            (None, None, -32600),
        ]
        only_notifications = b'[{"jsonrpc":"2.0","method":"Desk.Ping"}]'
        assert (await client.ask(only_notifications + PING))["id"] == 1


async def test_requests_need_no_newline_and_may_hold_some(port: int, talk: Any) -> None:
    async with talk(port) as client:
        await client.say(PING + PING.replace(b"1", b"2") + b'\n\n{"method":\n"Desk.Ping",\n"id":3}  ' + PING[:20])
        assert [(await client.hear())["id"] for _ in range(3)] == [1, 2, 3]
        assert (await client.ask(PING[20:]))["id"] == 1


async def test_a_slow_request_holds_up_no_other(desk: Any, port: int, talk: Any) -> None:
    async with talk(port) as client:
        await client.say(b'{"method":"Desk.Wait","params":[{"ID":"X"}],"id":1}\n')
        assert (await client.ask(PING.replace(b"1", b"2")))["id"] == 2
        desk.go.set()
        assert await client.hear() == {"id": 1, "result": "waited for X", "error": None}


async def test_answers_come_after_the_client_has_said_its_last(desk: Any, port: int, talk: Any) -> None:
    async with talk(port) as client:
        await client.say(b'{"method":"Desk.Wait","id":1}')
        await client.stream.send_eof()
        desk.go.set()
        assert (await client.hear())["id"] == 1
        assert await client.hear() is None


async def test_more_requests_under_way_than_allowed_are_told_so(desk: Any, port: int, talk: Any) -> None:
    async with talk(port) as client:
        await client.say(b'{"method":"Desk.Wait","id":1}\n' * 6)
        assert (await client.hear())["error"] == "MAX_CONCURRENT_RPC_EXCEEDED"
        desk.go.set()
        assert [(await client.hear())["error"] for _ in range(5)] == [None] * 5
        assert desk.waiting == 5


async def test_more_connections_than_allowed_are_told_so(desk: Any, listening: Any, talk: Any) -> None:
    port = await listening(limits=Limits(connections=1))
    async with talk(port) as first:
        await first.say(b'{"method":"Desk.Wait","params":[{"ID":"1"}],"id":1}')
        await trio.testing.wait_all_tasks_blocked()
        async with talk(port) as second:
            assert (await second.hear())["error"] == "MAX_CONCURRENT_RPC_EXCEEDED"
            assert await second.hear() is None


async def test_half_a_request_gives_way_to_a_newcomer_and_work_does_not(desk: Any, listening: Any, talk: Any) -> None:
    port = await listening(limits=Limits(connections=4, connections_per_peer=3))
    async with talk(port) as worker, talk(port) as silent, talk(port) as half:
        await worker.say(b'{"method":"Desk.Wait","params":[{"ID":"1"}],"id":1}')
        await half.say(b'{"method":')
        await trio.testing.wait_all_tasks_blocked()
        async with talk(port) as newcomer, talk(port) as another:
            assert await silent.hear() is None
            assert await half.hear() is None
            assert [(await each.ask(PING))["result"] for each in (newcomer, another)] == ["Pong", "Pong"]
        desk.go.set()
        assert (await worker.hear())["result"] == "waited for 1"


async def test_one_that_is_idle_gives_way_where_nobody_has_begun(listening: Any, talk: Any) -> None:
    port = await listening(limits=Limits(connections=1))
    async with talk(port) as first:
        assert (await first.ask(PING))["result"] == "Pong"
        async with talk(port) as second:
            assert (await second.ask(PING))["result"] == "Pong"
            assert await first.hear() is None


async def test_a_client_that_is_called_back_keeps_its_place(listening: Any, talk: Any) -> None:
    port = await listening(limits=Limits(connections=1), both_ways=True)
    async with talk(port) as agent:
        assert (await agent.ask(PING))["result"] == "Pong"
        async with talk(port) as second:
            assert (await second.hear())["error"] == "MAX_CONCURRENT_RPC_EXCEEDED"
        assert (await agent.ask(PING))["result"] == "Pong"


async def test_a_fault_of_ours_is_told_by_reference_and_the_connection_lives(port: int, talk: Any) -> None:
    async with talk(port) as client:
        for method in (b"Desk.Faulty", b"Desk.Unspeakable"):
            answer = await client.ask(b'{"method":"%b","id":1}' % method)
            assert answer["error"].startswith("SERVER_ERROR: internal error, logged as ")
        assert (await client.ask(PING))["result"] == "Pong"


@pytest.mark.parametrize(
    "octets",
    [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00\xff\x16\x03", b'{"method":x}', b"[" * 50, b'"text"', b'{"a":"' + b"x" * 200_000, b"{]", b"[1 2]"],
    ids=["http", "binary", "no value", "deep", "text", "large", "brackets", "no comma"],
)
async def test_what_is_no_request_is_told_and_the_connection_closed(port: int, talk: Any, octets: bytes) -> None:
    async with talk(port) as client:
        answer = await client.ask(octets)
        if answer is not None:  # a reset may overtake it when the server had more to read
            assert answer["id"] is None
            assert answer["error"]
            assert await client.hear() is None
    async with talk(port) as client:
        assert (await client.ask(PING))["result"] == "Pong"


async def test_any_octets_leave_the_server_serving(port: int, talk: Any) -> None:
    dice = random.Random(2012)
    for length in range(1, 200, 5):
        begin = dice.choice([b"", b"{", b'{"method":"Desk.Ping","params":[', b"[[", b'{"id":1}'])
        async with talk(port) as client:
            await client.say(begin + dice.randbytes(length))
            await client.stream.send_eof()
            while (answer := await client.hear()) is not None:
                assert answer["error"]
    async with talk(port) as client:
        assert (await client.ask(PING))["result"] == "Pong"


async def test_a_strict_client_is_told_strictly_that_it_sent_no_json(port: int, talk: Any) -> None:
    async with talk(port) as client:
        assert (await client.ask(b'{"jsonrpc":"2.0","method"}'))["error"]["code"] == -32700


async def test_a_value_must_end_in_time(listening: Any, talk: Any) -> None:
    port = await listening(limits=Limits(value_seconds=0.05))
    async with talk(port) as client:
        assert "not whole" in (await client.ask(b'{"method":'))["error"]
        assert await client.hear() is None


async def test_a_reader_that_takes_nothing_is_let_go(desk: Any, listening: Any, talk: Any) -> None:
    port = await listening(limits=Limits(send_seconds=0.05, unsent=1000))
    async with talk(port) as client:
        request = b'{"method":"Desk.Text","params":["' + b"x" * 60_000 + b'"],"id":1}\n'
        with pytest.raises(trio.BrokenResourceError), trio.fail_after(5):
            await client.say(request * 1000)


async def test_a_request_under_way_is_finished_when_the_listener_stops(desk: Any, talk: Any) -> None:
    async with trio.open_nursery() as nursery:
        addresses = await nursery.start(TcpServer(address="127.0.0.1:0", directory=desk).serve)
        port = int(addresses[0].rpartition(":")[2])
        async with talk(port) as client:
            await client.say(b'{"method":"Desk.Wait","id":1}')
            while not desk.waiting:
                await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
            with trio.CancelScope(shield=True):
                desk.go.set()
                assert (await client.hear())["id"] == 1
                assert await client.hear() is None


async def test_the_client_is_called_back_on_its_own_connection(listening: Any, talk: Any) -> None:
    async with talk(await listening(both_ways=True)) as client:
        call = await client.ask(b'{"method":"Desk.CallMe","params":[{}],"id":9}')
        assert (call["method"], call["params"]) == ("Agent.Hello", [{"Name": "desk"}])
        answer = await client.ask(b'{"id":%d,"result":{"Hi":1},"error":null}' % call["id"])
        assert answer == {"id": 9, "result": {"Hi": 1}, "error": None}


async def test_a_call_back_to_a_client_that_has_gone_is_an_error(listening: Any, talk: Any) -> None:
    async with talk(await listening(both_ways=True)) as client:
        await client.ask(b'{"method":"Desk.CallMe","params":[{}],"id":9}')
        await client.stream.send_eof()
        assert await client.hear() == {"id": 9, "result": None, "error": "DISCONNECTED"}


@given(st.sampled_from(["Desk.Ping", "Desk.Text", "Desk.Event", "Desk.Set", "Desk.Echo", "Desk.Missing"]), st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_params_are_answered(desk: Any, method: str, data: st.DataObject) -> None:
    scalars = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False)
    params = data.draw(scalars | st.lists(scalars) | st.lists(st.dictionaries(st.sampled_from(["ID", "Event", "id"]), scalars)))
    answer = Answerer(desk, Limits()).answer(msgspec.json.encode({"method": method, "params": params, "id": 1}), None)
    assert isinstance(answer, bytes)
    told = msgspec.json.decode(answer)
    assert told["id"] == 1
    assert told["error"] is None or (told["error"] and not told["error"].startswith("SERVER_ERROR"))


@given(st.binary(max_size=200) | st.text('{}[]":,0e-ntrue \\u', max_size=100).map(str.encode))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_octets_are_answered(desk: Any, octets: bytes) -> None:
    answerer = Answerer(desk, Limits())
    for value in (octets, b'{"method":"Desk.Ping","id":' + octets + b"}", b'{"method":"Desk.Event","params":' + octets + b"}"):
        told = octets_of(answerer, value)
        assert not told or msgspec.json.decode(told)


def octets_of(answerer: Answerer, value: bytes) -> bytes:
    """The answer that the octets get; empty where it has to be waited for."""
    try:
        answer = answerer.answer(value, None)
    except NotJSON as error:
        return msgspec.json.encode(error.word)
    return answer if isinstance(answer, bytes) else b""
