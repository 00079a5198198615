"""HTTP listeners: hypercorn's protocols behind our own doors, so that connections are counted and ended as everywhere else."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import cast

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h11 import H11Protocol, H11WSConnection
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ASGIFramework, ConnectionState

from cgrd.component import HttpFace
from cgrd.rpc.acceptor import Acceptor, Stream
from cgrd.rpc.basic_auth import BasicAuth
from cgrd.rpc.http_faces import HttpFaces
from cgrd.rpc.http_one import HttpOne
from cgrd.rpc.limits import Limits
from cgrd.rpc.seats import Standing, present

_CHUNK = 65536
_FRAMED = 8192

KEEP_ALIVE_SECONDS = 30
"""How long a connection may be idle, and how long the head of a request may take to arrive."""


class HttpServer:
    """Serves faces on one address.

    Args:
        address: "host:port".
        faces: what is served there.
        limits: what peers may ask.
        auth: who may ask; None lets everybody.
        tls: certificates; None is plain HTTP.
        stopping: called when the listener stops, before connections are waited for.
    """

    def __init__(
        self,
        *,
        address: str,
        faces: Iterable[HttpFace],
        limits: Limits | None = None,
        auth: BasicAuth | None = None,
        tls: ssl.SSLContext | None = None,
        stopping: Sequence[Callable[[], None]] = (),
    ) -> None:
        limits = limits or Limits()
        self._app = ASGIWrapper(cast("ASGIFramework", HttpFaces(faces=faces, auth=auth, body_seconds=limits.value_seconds)))
        self._limits = limits
        self._config = _settings(limits)
        self._context = WorkerContext(None)
        self._callbacks = stopping
        self._acceptor = Acceptor(address=address, limits=limits, handle=self._serve, stopping=self._stop, tls=tls)

    async def serve(self, *, task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED) -> None:
        """Listen until cancelled, as `Acceptor.serve`; `started()` is given the addresses.

        Raises:
            ConfigurationError: nothing can listen on the address.
        """
        await self._acceptor.serve(task_status=task_status)

    async def _serve(self, stream: Stream) -> None:
        connection = _Connection(self._app, self._config, self._context, ConnectionState({}), stream)  # type: ignore[arg-type]
        connection.send_seconds = self._limits.send_seconds
        if (seat := present.get()) is not None:
            seat.standing = connection.standing
        await connection.run()

    async def _stop(self) -> None:
        for callback in self._callbacks:
            callback()
        await self._context.terminated.set()


class _Connection(TCPServer):
    """Knows whether a request is under way, and lets a reader go that takes nothing."""

    send_seconds: float
    _standing = Standing.BEGUN

    def standing(self) -> Standing:
        return self._standing

    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, Updated):
            self._standing = Standing.IDLE if event.idle else Standing.AT_WORK
        if isinstance(event, RawData):
            await self._send(event.data)
        else:
            await super().protocol_send(event)

    async def _read_data(self) -> None:
        # As hypercorn's, but a WebSocket in smaller pieces: one of its size may hold ten thousand frames, handled without a turn for others.
        if isinstance(self.protocol.protocol, H11Protocol):
            self.protocol.protocol = HttpOne.instead_of(self.protocol.protocol)
        while not getattr(self.protocol.protocol, "overfull", False):
            framed = isinstance(getattr(self.protocol.protocol, "connection", None), H11WSConnection)
            try:
                data = bytes(await self.stream.receive_some(_FRAMED if framed else _CHUNK))
            except (trio.ClosedResourceError, trio.BrokenResourceError):
                break
            await self.protocol.handle(RawData(data))
            if not data:
                break
        await self.protocol.handle(Closed())

    async def _send(self, data: bytes) -> None:
        # As hypercorn does it, an answer that has begun is finished also when the listener stops; but it waits for no reader for ever.
        # One that takes a piece now and then is slow, not gone.
        try:
            async with self.send_lock:
                for at in range(0, len(data), _CHUNK):
                    with trio.fail_after(self.send_seconds, shield=True):
                        await self.stream.send_all(data[at : at + _CHUNK])
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            await trio.aclose_forcefully(self.stream)
            await self.protocol.handle(Closed())


def _settings(limits: Limits) -> Config:
    config = Config()
    config.errorlog = logging.getLogger("cgrd.http")
    config.accesslog = None
    config.include_server_header = False
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.ssl_handshake_timeout = limits.value_seconds
    config.websocket_max_message_size = limits.body
    return config
