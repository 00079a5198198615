"""Opening the connections of a pool: TCP, TLS and WebSocket."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import trio

from cgrd.rpc.acceptor import keep_alive
from cgrd.rpc.answering import as_bytes
from cgrd.rpc.limits import Limits
from cgrd.rpc.links import Link, LinkLost, SocketLink, StreamLink

Dial = Callable[[], AbstractAsyncContextManager[Link]]
"""Opens a connection; raises LinkLost where that fails. Leaving the context closes it."""


def tcp_dial(address: str, tls: ssl.SSLContext | None = None) -> Dial:
    """Dial "host:port"."""

    @asynccontextmanager
    async def dial() -> AsyncIterator[Link]:
        host, _, port = address.rpartition(":")
        try:
            stream = await trio.open_tcp_stream(host.strip("[]") or "127.0.0.1", int(port))
            keep_alive(stream)
            link = SocketLink.of(stream) if tls is None else await _secured(stream, tls, host, address)
        except (OSError, ValueError, trio.BrokenResourceError) as error:
            raise LinkLost(f"cannot connect to {address}: {error}") from error
        try:
            yield link
        finally:
            await link.close()

    return dial


async def _secured(stream: trio.SocketStream, tls: ssl.SSLContext, host: str, address: str) -> Link:
    secured = trio.SSLStream(stream, tls, server_hostname=host.strip("[]"), https_compatible=True)
    await secured.do_handshake()
    return StreamLink(secured, address)


def websocket_dial(url: str, limits: Limits, tls: ssl.SSLContext | None = None) -> Dial:
    """Dial "ws://host:port/path"."""
    if "://" not in url:
        url = f"{'ws' if tls is None else 'wss'}://{url}"

    @asynccontextmanager
    async def dial() -> AsyncIterator[Link]:
        import trio_websocket

        async with AsyncExitStack() as stack:
            try:
                context = tls if urlsplit(url).scheme == "wss" else None
                opened = trio_websocket.open_websocket_url(url, context, max_message_size=limits.body)
                socket = await stack.enter_async_context(opened)
            except (OSError, ValueError, trio_websocket.HandshakeError) as error:
                raise LinkLost(f"cannot connect to {url}: {type(error).__name__} {error}") from error
            yield WebSocketClientLink(socket, url)

    return dial


class WebSocketClientLink:
    """A client's end of a WebSocket; `socket` is trio-websocket's connection."""

    def __init__(self, socket: Any, remote: str) -> None:
        self.remote = remote
        self._socket = socket

    async def receive(self) -> bytes:
        """The next frame that is not empty; nothing when the other end has closed."""
        from trio_websocket import ConnectionClosed

        try:
            while not (data := as_bytes(await self._socket.get_message())):
                pass
        except ConnectionClosed as error:
            raise LinkLost(str(error)) from error
        return data

    def send_now(self, data: bytes) -> int:
        """A frame is never sent without waiting."""
        return 0

    async def send(self, data: bytes) -> None:
        """Each line is a text frame."""
        from trio_websocket import ConnectionClosed

        try:
            for line in data.splitlines():
                await self._socket.send_message(line.decode())
        except ConnectionClosed as error:
            raise LinkLost(str(error)) from error

    async def close(self) -> None:
        """Say goodbye."""
        await self._socket.aclose()
