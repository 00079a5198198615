"""JSON-RPC by HTTP POST and WebSocket, components' faces beside it, and who is let in."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse
from trio_websocket import HandshakeError, open_websocket_url

from cgrd import HttpFace
from cgrd.errors import ConfigurationError
from cgrd.rpc.basic_auth import BasicAuth
from cgrd.rpc.http_listeners import http_servers
from cgrd.rpc.limits import Limits

SECTION = {"json_rpc_url": "/jsonrpc", "ws_url": "/ws", "use_basic_auth": False, "auth_users": {}}
PING = {"method": "Desk.Ping", "params": [{}], "id": 1}
PONG = {"id": 1, "result": "Pong", "error": None}


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await PlainTextResponse(f"hello from {scope['path']}")(scope, receive, send)


@pytest.fixture
async def serve(desk: Any, nursery: trio.Nursery) -> Callable[..., Any]:
    async def start(*, limits: Limits | None = None, faces: Any = (), hosts: Any = (), **section: Any) -> list[str]:
        limits = limits or Limits(body=100_000, depth=20)
        servers = http_servers(listen="127.0.0.1:0", http={**SECTION, **section}, directory=desk, faces=faces, limits=limits, hosts=hosts)
        return [(await nursery.start(server.serve))[0] for server in servers]

    return start


@pytest.fixture
async def web(serve: Any) -> Any:
    (address,) = await serve()
    async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as client:
        yield client


async def test_a_request_by_post(web: httpx.AsyncClient) -> None:
    response = await web.post("/jsonrpc", json=PING)
    assert (response.status_code, response.json()) == (200, PONG)
    assert response.headers["content-type"] == "application/json"


async def test_a_batch_by_post_and_notifications_alone(web: httpx.AsyncClient) -> None:
    strict = {**PING, "jsonrpc": "2.0"}
    notification = {"jsonrpc": "2.0", "method": "Desk.Ping"}
    assert (await web.post("/jsonrpc", json=[strict, notification])).json() == [{"jsonrpc": "2.0", "result": "Pong", "id": 1}]
    assert (await web.post("/jsonrpc", json=notification)).status_code == 204


@pytest.mark.parametrize(("body", "status"), [(b"", 400), (b"nonsense", 400), (b'{"a":', 400), (b"5", 200), (b"[" * 60, 400), (b" " * 200_000, 413)])
async def test_what_is_no_request_gets_a_clear_error(web: httpx.AsyncClient, body: bytes, status: int) -> None:
    response = await web.post("/jsonrpc", content=body)
    assert response.status_code == status
    assert response.json()["error"]
    assert (await web.post("/jsonrpc", json=PING)).json() == PONG


async def test_other_methods_and_paths_are_refused(web: httpx.AsyncClient) -> None:
    assert (await web.get("/jsonrpc")).status_code == 405
    assert (await web.get("/nowhere")).status_code == 404
    assert (await web.get("/ws")).status_code == 426


async def test_a_page_of_another_origin_may_not_call(web: httpx.AsyncClient) -> None:
    assert (await web.post("/jsonrpc", json=PING, headers={"Origin": "http://evil.example"})).status_code == 403
    own = str(web.base_url).rstrip("/")
    assert (await web.post("/jsonrpc", json=PING, headers={"Origin": own})).json() == PONG


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *[(host, 200) for host in ("localhost:2080", "LOCALHOST", "10.0.0.1:80", "[::1]:2080", "charging.example", "Charging.Example:2080")],
        *[(host, 403) for host in ("evil.example:2080", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example:2080", "[evil]", "", "1")],
    ],
)
async def test_a_page_under_a_name_that_only_points_here_may_not_call(serve: Any, host: str, status: int) -> None:
    (address,) = await serve(hosts=["charging.example"])
    async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as web:
        answer = await web.post("/jsonrpc", json=PING, headers={"Host": host, "Origin": f"http://{host}"})
        assert answer.status_code == status
        assert (await web.post("/jsonrpc", json=PING, headers={"Host": "evil.example"})).json() == PONG


async def test_a_websocket_of_a_page_under_a_name_that_only_points_here_is_refused(serve: Any) -> None:
    (address,) = await serve()
    headers = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    host, _, port = address.rpartition(":")
    async with await trio.open_tcp_stream(host, int(port)) as stream:
        await stream.send_all(f"GET /ws HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\n{headers}\r\n".encode())
        assert b" 403 " in await stream.receive_some(1000)


async def test_a_body_must_arrive_in_time(serve: Any) -> None:
    (address,) = await serve(limits=Limits(value_seconds=0.05))

    async def slowly() -> Any:
        yield b"{"
        await trio.sleep_forever()

    host, _, port = address.rpartition(":")
    async with await trio.open_tcp_stream(host, int(port)) as stream:
        await stream.send_all(b"POST /jsonrpc HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{")
        with trio.fail_after(5):
            assert b" 408 " in await stream.receive_some(1000)


async def test_a_body_of_any_face_must_arrive_in_time(serve: Any) -> None:
    async def reader(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass

    (address,) = await serve(limits=Limits(value_seconds=0.05), faces=[HttpFace(path="/reader", app=reader)])
    host, _, port = address.rpartition(":")
    async with await trio.open_tcp_stream(host, int(port)) as stream:
        await stream.send_all(b"POST /reader HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{")
        with trio.fail_after(5):
            assert b" 408 " in await stream.receive_some(1000)


@pytest.mark.parametrize("half", [b"", b"POST /jsonrpc HT", b"POST /jsonrpc HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{"])
async def test_half_a_request_gives_way_to_a_newcomer(serve: Any, half: bytes) -> None:
    (address,) = await serve(limits=Limits(connections=1))
    host, _, port = address.rpartition(":")
    async with await trio.open_tcp_stream(host, int(port)) as stream:
        await stream.send_all(half)
        await trio.testing.wait_all_tasks_blocked()
        async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as client:
            assert (await client.post("/jsonrpc", json=PING)).json() == PONG
        with trio.fail_after(5):
            while await stream.receive_some(1000):
                pass


async def test_a_reader_by_http_that_takes_nothing_is_let_go(serve: Any) -> None:
    ended = trio.Event()

    async def large(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("x" * 50_000_000)(scope, receive, send)
        ended.set()

    (address,) = await serve(limits=Limits(send_seconds=0.05), faces=[HttpFace(path="/large", app=large)])
    host, _, port = address.rpartition(":")
    async with await trio.open_tcp_stream(host, int(port)) as stream:
        await stream.send_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        with trio.fail_after(5):
            await ended.wait()


async def test_users_are_asked_for_where_configured(serve: Any) -> None:
    users = {"alice": base64.b64encode(b"secret").decode()}
    (address,) = await serve(use_basic_auth=True, auth_users=users)
    async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as web:
        refused = await web.post("/jsonrpc", json=PING)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Basic realm="Restricted"')
        for user, password in [("alice", "wrong"), ("bob", ""), ("bob", "secret"), ("", "")]:
            assert (await web.post("/jsonrpc", json=PING, auth=(user, password))).status_code == 401
        assert (await web.post("/jsonrpc", json=PING, auth=("alice", "secret"))).json() == PONG
    with pytest.raises(HandshakeError):
        async with open_websocket_url(f"ws://{address}/ws"):
            pass


def test_a_password_that_is_not_base64_is_told() -> None:
    with pytest.raises(ConfigurationError, match=r"http\.auth_users\.bob"):
        BasicAuth({"bob": "no base64!"})


@given(st.text(max_size=30))
def test_any_authorization_is_refused(header: str) -> None:
    auth = BasicAuth({"alice": base64.b64encode(b"secret").decode()})
    assert not auth.allows(header)
    assert not auth.allows(f"Basic {header}")


async def test_faces_of_components_share_the_listener_or_have_their_own(serve: Any) -> None:
    faces = [HttpFace("/janus", hello), HttpFace("/", hello), HttpFace("/own", hello, listen="127.0.0.1:0")]
    own, shared = await serve(faces=faces)
    async with httpx.AsyncClient(trust_env=False) as web:
        assert (await web.get(f"http://{shared}/janus/1/2")).text == "hello from /janus/1/2"
        assert (await web.get(f"http://{shared}/januses")).text == "hello from /januses"
        assert (await web.get(f"http://{own}/own")).text == "hello from /own"
        assert (await web.post(f"http://{shared}/jsonrpc", json=PING)).json() == PONG
        assert (await web.post(f"http://{own}/jsonrpc", json=PING)).status_code == 404


async def test_two_faces_with_one_path_are_told(serve: Any) -> None:
    with pytest.raises(ConfigurationError, match="two HTTP faces have the path /jsonrpc"):
        await serve(faces=[HttpFace("/jsonrpc/", hello)])


async def test_requests_over_a_websocket_in_text_and_binary(desk: Any, serve: Any) -> None:
    (address,) = await serve()
    async with open_websocket_url(f"ws://{address}/ws") as socket:
        await socket.send_message('{"method":"Desk.Wait","params":[{}],"id":2}')
        await socket.send_message(msgspec.json.encode(PING).decode())
        assert msgspec.json.decode(await socket.get_message()) == PONG
        desk.go.set()
        assert msgspec.json.decode(await socket.get_message())["id"] == 2
        await socket.send_message(msgspec.json.encode(PING))
        answer = await socket.get_message()
        assert isinstance(answer, bytes)
        assert msgspec.json.decode(answer) == PONG


@pytest.mark.parametrize("frame", ["nonsense", b"\xff\x00", "5", '{"a":1]', "[" * 60])
async def test_a_frame_that_is_no_request_is_told(serve: Any, frame: str | bytes) -> None:
    (address,) = await serve()
    async with open_websocket_url(f"ws://{address}/ws") as socket:
        await socket.send_message(frame)
        assert msgspec.json.decode(await socket.get_message())["error"]
    async with open_websocket_url(f"ws://{address}/ws") as socket:
        await socket.send_message(msgspec.json.encode(PING))
        assert msgspec.json.decode(await socket.get_message()) == PONG


async def test_a_websocket_of_another_origin_is_refused(serve: Any) -> None:
    (address,) = await serve()
    with pytest.raises(HandshakeError):
        async with open_websocket_url(f"ws://{address}/ws", extra_headers=[(b"Origin", b"http://evil.example")]):
            pass


async def test_any_octets_leave_the_server_serving(serve: Any) -> None:
    (address,) = await serve()
    host, _, port = address.rpartition(":")
    dice = random.Random(2012)
    async with httpx.AsyncClient(trust_env=False) as web:
        for length in range(1, 60, 2):
            octets = dice.choice([b"", b"POST /jsonrpc HTTP/1.1\r\nHost: x\r\n"]) + dice.randbytes(length) + b"\r\n\r\n"
            async with await trio.open_tcp_stream(host, int(port)) as stream:
                await stream.send_all(octets)
                await stream.send_eof()
                with trio.move_on_after(2):
                    while await stream.receive_some(1000):
                        pass
            assert (await web.post(f"http://{address}/jsonrpc", json=PING)).json() == PONG
