"""Listeners for JSON-RPC over TCP, plain or TLS, one way or both ways."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from functools import partial

import structlog
import trio

from cgrd.errors import Busy, ConfigurationError
from cgrd.rpc.answering import UNKNOWN, Answerer
from cgrd.rpc.connection import Connection
from cgrd.rpc.interface import Directory
from cgrd.rpc.limits import Limits
from cgrd.rpc.links import Link, LinkLost, SocketLink, StreamLink, address_of
from cgrd.rpc.messages import failed

log = structlog.get_logger("rpc")


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
        self.addresses: list[str] = []
        self.connections: set[Connection] = set()
        self._address = address
        self._limits = limits or Limits()
        self._answerer = Answerer(directory, self._limits)
        self._both_ways = both_ways
        self._tls = tls

    async def serve(self, *, task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED) -> None:
        """Listen until cancelled; then accept nothing more, and finish what is under way for at most `stop_seconds`.

        Raises:
            ConfigurationError: nothing can listen on the address.
        """
        listeners = await listen_on(self._address)
        self.addresses = [bound_address(listener) for listener in listeners]
        stopping = trio.Event()
        async with trio.open_nursery() as outside:
            outside.start_soon(self._work, listeners, stopping)
            task_status.started(self.addresses)
            try:
                await trio.sleep_forever()
            finally:
                stopping.set()

    async def _work(self, listeners: Sequence[trio.SocketListener], stopping: trio.Event) -> None:
        # Shielded: requests that have begun outlive the order to stop, for a while.
        with trio.CancelScope(shield=True) as work:
            async with trio.open_nursery() as handlers:
                async with trio.open_nursery() as accepting:
                    accepting.start_soon(partial(trio.serve_listeners, self._accepted, listeners, handler_nursery=handlers))
                    await stopping.wait()
                    accepting.cancel_scope.cancel()
                work.deadline = trio.current_time() + self._limits.stop_seconds
                for connection in self.connections:
                    connection.stop()

    async def _accepted(self, stream: trio.SocketStream) -> None:
        try:
            link = await self._link(stream)
            if len(self.connections) >= self._limits.connections:
                await _turn_away(link)
            else:
                await self._serve(link)
        except (LinkLost, trio.BrokenResourceError, trio.TooSlowError, OSError) as error:
            log.debug("connection failed", address=self._address, error=str(error))
        except Exception as error:
            # A fault in one connection ends that one only.
            log.error("connection ended by a fault", address=self._address, exc_info=error)

    async def _link(self, stream: trio.SocketStream) -> Link:
        if self._tls is None:
            return SocketLink.of(stream)
        remote = address_of(stream)
        secured = trio.SSLStream(stream, self._tls, server_side=True, https_compatible=True)
        try:
            with trio.fail_after(self._limits.value_seconds):
                await secured.do_handshake()
        except (trio.BrokenResourceError, trio.TooSlowError):
            await trio.aclose_forcefully(secured)
            raise
        return StreamLink(secured, remote)

    async def _serve(self, link: Link) -> None:
        connection = Connection(link=link, answerer=self._answerer, limits=self._limits, calls_back=self._both_ways)
        self.connections.add(connection)
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)


async def _turn_away(link: Link) -> None:
    """Say that the listener is busy, quickly, and close."""
    link.send_now(failed(UNKNOWN, Busy(explain="too many connections to this listener")))
    await link.close()


async def listen_on(address: str) -> list[trio.SocketListener]:
    """Listeners of "host:port"; an empty host means every interface.

    Raises:
        ConfigurationError: the address is none, or is taken.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit():
        raise ConfigurationError(f'cannot listen on {address!r}: an address is "host:port"')
    try:
        return await trio.open_tcp_listeners(int(port), host=host.strip("[]") or None)
    except (OSError, OverflowError) as error:
        raise ConfigurationError(f"cannot listen on {address}: {error}; choose another address in the section listen") from error


def bound_address(listener: trio.SocketListener) -> str:
    """Where a listener listens, as "host:port"."""
    name = listener.socket.getsockname()
    return f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"
