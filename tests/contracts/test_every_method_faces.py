"""Any octets to the TCP, HTTP and WebSocket faces of a real daemon: it answers or hangs up, and goes on serving everybody else."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import struct
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

GOOD = b'{"method":"CoreSv1.Ping","params":[{}],"id":1}'
SNIPPETS = [
    GOOD, b"{", b"[", b"]}", b'"', b"\\", b"\x00", b"\xff\xfe", b'{"method":', b"1e9999", b"[[[[[[", b"\r\n\r\n", b'{"id":1}', b"null", b'"\\ud800"',
    b"GET / HTTP/1.1\r\n",
]  # fmt: skip
PATHS = st.sampled_from(["/jsonrpc", "/ws", "/", "/nowhere", "/%ff", "/jsonrpc?x=%00"])
VERBS = st.sampled_from(["POST", "GET", "PUT", "DELETE", "HEAD"])
OCTETS = st.lists(st.one_of(st.binary(max_size=64), st.sampled_from(SNIPPETS)), max_size=8).map(b"".join)
CALM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def exchanged(full: Any, listener: str, *octets: bytes) -> bytes:
    """What the face answers to the octets, when nothing more comes from us; what it waits with for more than a blink is not waited for.

    Of several pieces each is sent when something was answered to the one before.
    """
    with full.connect(listener) as connection:
        connection.settimeout(0.3)
        told = b""
        try:
            for piece in octets[:-1]:
                connection.sendall(piece)
                told += connection.recv(65536)
            connection.sendall(octets[-1])
            with contextlib.suppress(OSError):  # the daemon may have closed already
                connection.shutdown(socket.SHUT_WR)
            while answer := connection.recv(65536):
                told += answer
        except (TimeoutError, BrokenPipeError, ConnectionResetError):
            pass
    return told


@CALM
@given(octets=OCTETS)
def test_any_octets_to_tcp(full: Any, octets: bytes) -> None:
    for listener in ("rpc_json", "birpc_json"):
        assert b"Traceback" not in exchanged(full, listener, octets)
    assert full.serves()


@CALM
@given(octets=OCTETS)
def test_any_octets_to_http(full: Any, octets: bytes) -> None:
    assert b"Traceback" not in exchanged(full, "http", octets)
    assert full.serves()


@CALM
@given(body=OCTETS, path=PATHS, verb=VERBS)
def test_any_body_to_any_path(full: Any, body: bytes, path: str, verb: str) -> None:
    head = f"{verb} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    told = exchanged(full, "http", head + body)
    assert b"Traceback" not in told
    assert not told.startswith(b"HTTP/1.1 500")
    assert full.serves()


def frame(opcode: int, octets: bytes, *, length: int | None = None) -> bytes:
    """One masked frame, RFC 6455 §5.2; `length` lies about its size."""
    mask, size = os.urandom(4), len(octets) if length is None else length
    sized = struct.pack("!B", 0x80 | size) if size < 126 else struct.pack("!BH", 0x80 | 126, size) if size < 65536 else struct.pack("!BQ", 0x80 | 127, size)
    return bytes([opcode]) + sized + mask + bytes(octet ^ mask[at % 4] for at, octet in enumerate(octets))


@CALM
@given(octets=OCTETS, opcode=st.integers(0, 255), lie=st.one_of(st.none(), st.integers(0, 2**40)), raw=OCTETS)
def test_any_frames_to_the_websocket(full: Any, octets: bytes, opcode: int, lie: int | None, raw: bytes) -> None:
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = f"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    told = exchanged(full, "http", upgrade.encode(), frame(0x81, GOOD), frame(0x81, octets) + frame(opcode, octets, length=lie) + raw)
    assert told.startswith(b"HTTP/1.1 101")
    assert b"Traceback" not in told
    assert full.serves()


def test_a_deep_value_is_refused(full: Any) -> None:
    told = exchanged(full, "rpc_json", b'{"method":"CoreSv1.Ping","id":1,"params":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}\n")
    assert b"deep" in told
    assert full.serves()


def test_a_request_that_never_ends_holds_up_nobody(full: Any) -> None:
    with full.connect() as slow:
        slow.sendall(b'{"method":"CoreSv1.Ping","params":[{"x":"')
        for _ in range(20):
            slow.sendall(b"x" * 1000)
            assert full.serves()


def test_many_requests_of_which_no_answer_is_read_hold_up_nobody(full: Any) -> None:
    with full.connect() as deaf:
        deaf.settimeout(1)
        try:
            for _ in range(200):
                deaf.sendall(json.dumps({"method": "ConfigSv1.GetConfig", "params": [{}], "id": 1}).encode() * 20)
        except TimeoutError:
            pass  # it does not read on while its answers are not taken
        assert full.serves()
