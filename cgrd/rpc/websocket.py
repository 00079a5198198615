"""JSON-RPC over WebSocket: the frames carry the same stream of JSON values as TCP does, one answer a frame."""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from cgrd.rpc.answering import Answerer, as_bytes
from cgrd.rpc.connection import Connection
from cgrd.rpc.http_faces import refuse
from cgrd.rpc.interface import Directory
from cgrd.rpc.limits import Limits
from cgrd.rpc.links import LinkLost
from cgrd.rpc.origins import REFUSAL, Origins
from cgrd.rpc.seats import present


class WebSocketLink:
    """A server's end of a WebSocket; it answers in the kind of frame, text or binary, that came last."""

    def __init__(self, socket: WebSocket) -> None:
        self.remote = f"{socket.client.host}:{socket.client.port}" if socket.client else "unknown"
        self._socket = socket
        self._text = True

    async def receive(self) -> bytes:
        """The next frame that is not empty; nothing when the other end has closed."""
        while True:
            try:
                message = await self._socket.receive()
            except (RuntimeError, WebSocketDisconnect) as error:
                raise LinkLost(str(error)) from error
            if message["type"] == "websocket.disconnect":
                return b""
            self._text = message.get("text") is not None
            if data := as_bytes(message["text"] if self._text else message.get("bytes") or b""):
                return data

    def send_now(self, data: bytes) -> int:
        """A frame is never sent without waiting."""
        return 0

    async def send(self, data: bytes) -> None:
        """Each line is a frame."""
        try:
            for answer in data.splitlines():
                if self._text:
                    await self._socket.send_text(answer.decode())
                else:
                    await self._socket.send_bytes(answer)
        except (RuntimeError, WebSocketDisconnect) as error:
            raise LinkLost(str(error)) from error

    async def close(self) -> None:
        """Close; nothing where the other end did it."""
        try:
            await self._socket.close()
        except (RuntimeError, WebSocketDisconnect):
            return


class WebSocketFace:
    """The ASGI application of `http.ws_url`.

    Args:
        directory: what is served.
        limits: what peers may ask.
        origins: which pages may call.
    """

    def __init__(self, *, directory: Directory, limits: Limits, origins: Origins) -> None:
        self._answerer = Answerer(directory, limits)
        self._limits = limits
        self._origins = origins
        self._connections: set[Connection] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket until it ends."""
        if scope["type"] != "websocket":
            await PlainTextResponse("a WebSocket is served here\n", 426, {"Upgrade": "websocket"})(scope, receive, send)
            return
        socket = WebSocket(scope, receive, send)
        if self._origins.is_foreign(socket.headers):
            await refuse(PlainTextResponse(REFUSAL, 403), scope, receive, send)
            return
        await socket.accept()
        connection = Connection(link=WebSocketLink(socket), answerer=self._answerer, limits=self._limits)
        self._connections.add(connection)
        if (seat := present.get()) is not None:
            seat.standing = connection.standing
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)

    def stop(self) -> None:
        """Read nothing more; what is under way is finished."""
        for connection in self._connections:
            connection.stop()
