"""HTTP/1.1 as hypercorn speaks it, with WebSockets that cannot be sent as bombs."""

from __future__ import annotations

import h11
import trio
from hypercorn.protocol.events import Event, Response, StreamClosed
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import WSStream

_EXTENSIONS = b"sec-websocket-extensions"


class HttpOne(H11Protocol):
    """Agrees to no extension of a WebSocket, and reads no frame before the handshake is answered.

    hypercorn accepts `permessage-deflate` from all, without a setting for it, and inflates what was read before it asks how large
    the message is: two megabytes would become two gigabytes. So the offer is left out before hypercorn sees it.
    """

    _answered = trio.Event()

    @classmethod
    def instead_of(cls, made: H11Protocol) -> HttpOne:
        """The same connection, before it has read anything."""
        return cls(made.app, made.config, made.context, made.task_group, made.connection_state, made.ssl, made.client, made.server, made.send)

    @property
    def overfull(self) -> bool:
        """Whether a message was too large; what comes behind is not read, for hypercorn would go on keeping it."""
        return isinstance(self.stream, WSStream) and self.stream.buffer.length > self.stream.buffer.max_length

    async def stream_send(self, event: Event) -> None:
        """Send what a request's answer is made of."""
        await super().stream_send(event)
        if isinstance(event, Response | StreamClosed):
            self._answered.set()

    async def _create_stream(self, request: h11.Request) -> None:
        self._answered = trio.Event()
        headers = [(name, value) for name, value in request.headers if name.lower() != _EXTENSIONS]
        plain = h11.Request(method=request.method, headers=headers, target=request.target, http_version=request.http_version)
        await super()._create_stream(plain)
        if isinstance(self.stream, WSStream):
            await self._answered.wait()
