"""The octets of one connection, whatever carries them. The only file of the TCP path that touches sockets."""

from __future__ import annotations

import socket
from typing import Protocol

import trio

_CHUNK = 65536


class LinkLost(Exception):
    """The other end went away, or takes nothing."""


class Link(Protocol):
    """One connection. `receive` and `send` raise LinkLost; one task receives, one sends."""

    remote: str

    async def receive(self) -> bytes:
        """What has come, at least one octet; empty when the other end sends no more."""

    def send_now(self, data: bytes) -> int:
        """How many octets were taken without waiting, perhaps none."""

    async def send(self, data: bytes) -> None:
        """Send all of it: one or more answers, each with a newline after it."""

    async def close(self) -> None:
        """Close at once; may be called twice."""


class SocketLink:
    """A plain TCP or unix socket, read and written without a detour through trio's streams.

    Waiting for the socket to be readable is the one point where other tasks get their turn: it is reached once for each chunk.
    """

    def __init__(self, sock: socket.socket, remote: str) -> None:
        sock.setblocking(False)
        self.remote = remote
        self._socket = sock

    @classmethod
    def of(cls, stream: trio.SocketStream) -> SocketLink:
        """Take over the socket of a stream."""
        remote = address_of(stream)
        return cls(socket.socket(fileno=stream.socket.detach()), remote)

    async def receive(self) -> bytes:
        try:
            while True:
                await trio.lowlevel.wait_readable(self._socket)
                try:
                    return self._socket.recv(_CHUNK)
                except BlockingIOError:
                    continue
        except (OSError, trio.ClosedResourceError) as error:
            raise LinkLost(str(error)) from error

    def send_now(self, data: bytes) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise LinkLost(str(error)) from error

    async def send(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                await trio.lowlevel.wait_writable(self._socket)
                rest = rest[self.send_now(rest[:_CHUNK].tobytes()) :]
        except (OSError, trio.ClosedResourceError) as error:
            raise LinkLost(str(error)) from error

    async def close(self) -> None:
        if self._socket.fileno() >= 0:
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()


class StreamLink:
    """Any trio stream, as that of TLS."""

    def __init__(self, stream: trio.abc.Stream, remote: str) -> None:
        self.remote = remote
        self._stream = stream

    async def receive(self) -> bytes:
        try:
            return bytes(await self._stream.receive_some(_CHUNK))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise LinkLost(str(error)) from error

    def send_now(self, data: bytes) -> int:
        return 0

    async def send(self, data: bytes) -> None:
        try:
            await self._stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise LinkLost(str(error)) from error

    async def close(self) -> None:
        await trio.aclose_forcefully(self._stream)


def address_of(stream: trio.SocketStream) -> str:
    """The other end as text; a client that is gone already has none."""
    try:
        name = stream.socket.getpeername()
    except OSError:
        return "gone"
    return f"{name[0]}:{name[1]}" if isinstance(name, tuple) else "unix"
