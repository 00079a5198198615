"""Accepting connections on one address: how many, how they are secured, and how they end when the listener stops."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from functools import partial

import structlog
import trio

from cgrd.errors import ConfigurationError
from cgrd.rpc.limits import Limits
from cgrd.rpc.links import LinkLost
from cgrd.rpc.seats import Seats, peer_of, present

log = structlog.get_logger("rpc")

Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]


async def _close(stream: trio.SocketStream) -> None:
    await trio.aclose_forcefully(stream)


async def _nothing() -> None:
    return


class Acceptor:
    """Listens on one address and hands each connection to a handler, in a task of its own.

    Args:
        address: "host:port"; an empty host means all interfaces, port 0 one that the system chooses.
        limits: `connections`, `connections_per_peer` and `stop_seconds`.
        handle: serves one connection, whose place is `seats.present`; returns when it ends, and is cancelled when it has to give way.
        turn_away: what is done with a connection beyond the limit, where none gives way.
        stopping: called when the listener stops; lets connections end by themselves.
        tls: certificates; None is plain TCP. The handler makes the handshake.
    """

    def __init__(
        self,
        *,
        address: str,
        limits: Limits,
        handle: Callable[[Stream], Awaitable[None]],
        turn_away: Callable[[trio.SocketStream], Awaitable[None]] = _close,
        stopping: Callable[[], Awaitable[None]] = _nothing,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._address = address
        self._limits = limits
        self._handle = handle
        self._turn_away = turn_away
        self._stopping = stopping
        self._tls = tls
        self._seats = Seats(limits)

    async def serve(self, *, task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED) -> None:
        """Listen until cancelled; then accept nothing more, and finish what is under way for at most `stop_seconds`.

        `started()` is given the addresses that it listens on.

        Raises:
            ConfigurationError: nothing can listen on the address.
        """
        listeners = await listen_on(self._address)
        stop = trio.Event()
        async with trio.open_nursery() as outside:
            outside.start_soon(self._work, listeners, stop)
            task_status.started([bound_address(listener) for listener in listeners])
            try:
                await trio.sleep_forever()
            finally:
                stop.set()

    async def _work(self, listeners: list[trio.SocketListener], stop: trio.Event) -> None:
        # Shielded: requests that have begun outlive the order to stop, for a while.
        with trio.CancelScope(shield=True) as work:
            async with trio.open_nursery() as handlers:
                async with trio.open_nursery() as accepting:
                    for listener in listeners:
                        accepting.start_soon(partial(trio.serve_listeners, self._accepted, [listener], handler_nursery=handlers))
                    await stop.wait()
                    accepting.cancel_scope.cancel()
                work.deadline = trio.current_time() + self._limits.stop_seconds
                await self._stopping()

    async def _accepted(self, stream: trio.SocketStream) -> None:
        seat = self._seats.take(_peer(stream))
        if seat is None:
            await self._turn_away(stream)
            return
        present.set(seat)
        try:
            with seat.scope:
                keep_alive(stream)
                await self._handle(stream if self._tls is None else trio.SSLStream(stream, self._tls, server_side=True, https_compatible=True))
        except (LinkLost, trio.BrokenResourceError, trio.TooSlowError, OSError) as error:
            log.debug("connection failed", address=self._address, error=str(error))
        except Exception as error:
            # A fault in one connection ends that one only.
            log.error("connection ended by a fault", address=self._address, exc_info=error)
        finally:
            self._seats.leave(seat)
            if seat.scope.cancelled_caught:
                log.debug("connection gave way to another", address=self._address, peer=seat.peer)


def _peer(stream: trio.SocketStream) -> str:
    try:
        return peer_of(str(stream.socket.getpeername()[0]))
    except (OSError, IndexError):
        return "gone"


def keep_alive(stream: trio.SocketStream) -> None:
    """Let the system find out, within about two minutes, that the other end is gone without a word."""
    stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_KEEPALIVE, 1)
    if hasattr(trio.socket, "TCP_KEEPIDLE"):
        for option, value in ((trio.socket.TCP_KEEPIDLE, 60), (trio.socket.TCP_KEEPINTVL, 15), (trio.socket.TCP_KEEPCNT, 4)):
            stream.setsockopt(trio.socket.IPPROTO_TCP, option, value)


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
