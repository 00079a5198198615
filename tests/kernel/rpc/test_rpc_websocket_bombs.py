"""What is sent over a WebSocket is as large as it is: nothing is inflated, and of what is too large nothing is kept."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from typing import Any

import pytest
import structlog.testing
import trio

from cgrd import HttpFace
from cgrd.rpc.http_faces import HttpFaces
from cgrd.rpc.http_server import HttpServer
from cgrd.rpc.limits import Limits

LIMITS = Limits(body=100_000)
UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
)


async def reader(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] == "websocket.receive":
        pass


@pytest.fixture
async def stream(nursery: trio.Nursery) -> Any:
    server = HttpServer(address="127.0.0.1:0", faces=[HttpFace("/ws", reader)], limits=LIMITS)
    (address,) = await nursery.start(server.serve)
    host, _, port = address.rpartition(":")
    async with await trio.open_tcp_stream(host, int(port)) as opened:
        yield opened


def frame(payload: bytes, *, first: int) -> bytes:
    return struct.pack(">BBQ4x", first, 0x80 | 127, len(payload)) + payload


def bomb(inflated: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(b"x" * inflated) + packer.flush(zlib.Z_SYNC_FLUSH)


async def rest(stream: trio.SocketStream) -> bytes:
    found = b""
    with trio.fail_after(5):
        try:
            while data := await stream.receive_some(10_000):
                found += data
        except trio.BrokenResourceError:
            pass
    return found


async def flood(stream: trio.SocketStream) -> None:
    for _ in range(100):
        await stream.send_all(frame(b"x" * 100_000, first=0x00))


async def test_no_websocket_is_compressed_and_a_bomb_is_refused(stream: trio.SocketStream) -> None:
    await stream.send_all(UPGRADE)
    head = await stream.receive_some(10_000)
    assert b" 101 " in head
    assert b"permessage-deflate" not in head
    packed = bomb(64 * 1024 * 1024)
    tracemalloc.start()
    try:
        await stream.send_all(frame(packed, first=0xC1))
        await rest(stream)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


async def test_of_a_message_that_is_too_large_nothing_is_kept(stream: trio.SocketStream) -> None:
    await stream.send_all(UPGRADE)
    await stream.receive_some(10_000)
    tracemalloc.start()
    try:
        await stream.send_all(frame(b"x" * 150_000, first=0x01))
        assert (await stream.receive_some(10_000))[2:4] == struct.pack(">H", 1009)
        with pytest.raises(trio.BrokenResourceError):
            await flood(stream)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


async def test_octets_before_the_answer_to_an_upgrade_wait_for_it(stream: trio.SocketStream) -> None:
    with structlog.testing.capture_logs() as told:
        await stream.send_all(UPGRADE + frame(b"{}", first=0x81) + frame(b"", first=0x88).replace(struct.pack(">BQ", 0xFF, 0), b"\x80"))
        assert b" 101 " in await rest(stream)
    assert [entry for entry in told if entry.get("exc_info")] == []


async def test_a_websocket_over_http_2_is_refused() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "http_version": "2", "path": "/ws", "headers": [], "extensions": {"websocket.http.response": {}}}
    await HttpFaces(faces=[HttpFace("/ws", reader)])(scope, trio.sleep_forever, send)
    assert sent[0]["status"] == 505
