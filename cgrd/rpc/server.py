"""Listeners for JSON-RPC over TCP, plain or TLS, one way or both ways."""

from __future__ import annotations

import ssl

import trio

from cgrd.errors import Busy
from cgrd.rpc.acceptor import Acceptor, Stream
from cgrd.rpc.answering import UNKNOWN, Answerer
from cgrd.rpc.connection import Connection
from cgrd.rpc.interface import Directory
from cgrd.rpc.limits import Limits
from cgrd.rpc.links import Link, SocketLink, StreamLink, address_of
from cgrd.rpc.messages import failed
from cgrd.rpc.seats import present


class TcpServer:
    """Serves a directory of methods on one address.

    Args:
        address: "host:port"; an empty host means all interfaces, port 0 one that the system chooses.
        directory: what is served.
        limits: what peers may ask.
        both_ways: whether handlers may call the client back (`birpc_json`).
        tls: certificates; None is plain TCP.
    """

    def __init__(
        self,
        *,
        address: str,
        directory: Directory,
        limits: Limits | None = None,
        both_ways: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.connections: set[Connection] = set()
        self._limits = limits or Limits()
        self._answerer = Answerer(directory, self._limits)
        self._both_ways = both_ways
        self._acceptor = Acceptor(address=address, limits=self._limits, handle=self._serve, turn_away=_turn_away, stopping=self._stop, tls=tls)

    async def serve(self, *, task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED) -> None:
        """Listen until cancelled, as `Acceptor.serve`; `started()` is given the addresses.

        Raises:
            ConfigurationError: nothing can listen on the address.
        """
        await self._acceptor.serve(task_status=task_status)

    async def _serve(self, stream: Stream) -> None:
        connection = Connection(link=await self._link(stream), answerer=self._answerer, limits=self._limits, calls_back=self._both_ways)
        self.connections.add(connection)
        if (seat := present.get()) is not None:
            seat.standing = connection.standing
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)

    async def _link(self, stream: Stream) -> Link:
        if isinstance(stream, trio.SocketStream):
            return SocketLink.of(stream)
        try:
            with trio.fail_after(self._limits.value_seconds):
                await stream.do_handshake()
        except (trio.BrokenResourceError, trio.TooSlowError):
            await trio.aclose_forcefully(stream)
            raise
        return StreamLink(stream, address_of(stream.transport_stream))

    async def _stop(self) -> None:
        for connection in self.connections:
            connection.stop()


async def _turn_away(stream: trio.SocketStream) -> None:
    """Say that the listener is busy, quickly, and close."""
    link = SocketLink.of(stream)
    try:
        explain = "too many connections to this listener or from this address, all at work (rpc.max_connections, rpc.max_connections_per_peer)"
        link.send_now(failed(UNKNOWN, Busy(explain=explain)))
    finally:
        await link.close()
