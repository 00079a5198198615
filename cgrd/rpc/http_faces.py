"""Which application answers which path of an HTTP listener, and who may ask it. An ASGI application itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import trio
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from cgrd.component import HttpFace
from cgrd.errors import ConfigurationError
from cgrd.rpc.basic_auth import CHALLENGE, BasicAuth
from cgrd.rpc.seats import begun, present


class HttpFaces:
    """Applications by path: that with the longest path that the request's begins with answers; it sees the whole path.

    Args:
        faces: path and ASGI application each; the path "/janus" stands for "/janus" and all below it.
        auth: who may ask; None lets everybody.
        body_seconds: how long the body of a request may take to arrive.

    Raises:
        ConfigurationError: two faces have one path.
    """

    def __init__(self, *, faces: Iterable[HttpFace], auth: BasicAuth | None = None, body_seconds: float = float("inf")) -> None:
        self._auth = auth
        self._body_seconds = body_seconds
        self._apps: dict[str, Any] = {}
        for face in faces:
            path = face.path.rstrip("/")
            if path in self._apps:
                raise ConfigurationError(f"two HTTP faces have the path {face.path}; give one of them another path or listener")
            self._apps[path] = face.app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        app = self._find(scope["path"])
        if app is None:
            await refuse(PlainTextResponse(f"nothing is served at {scope['path']}\n", 404), scope, receive, send)
        elif self._auth is not None and not self._auth.allows(Headers(scope=scope).get("authorization", "")):
            await refuse(PlainTextResponse("wrong or missing user and password\n", 401, CHALLENGE), scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(app, scope, receive, send)
        elif scope["http_version"] not in ("1.0", "1.1"):
            # Over HTTP/2 nothing bounds what its frames inflate to.
            await refuse(PlainTextResponse("a WebSocket is opened by HTTP/1.1 here\n", 505), scope, receive, send)
        else:
            await app(scope, _Frames(receive).receive, send)

    async def _serve(self, app: Any, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, _Body(receive, seconds=self._body_seconds).receive, send)
        except trio.TooSlowError:
            text = f"the body of the request took more than {self._body_seconds} seconds to arrive\n"
            await PlainTextResponse(text, 408, {"Connection": "close"})(scope, receive, send)

    def _find(self, path: str) -> Any:
        path = path.rstrip("/")
        while path not in self._apps and path:
            path = path.rpartition("/")[0]
        return self._apps.get(path)


class _Frames:
    """What a face receives over one WebSocket: until the first frame has come the connection gives way to others."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._begun = False

    async def receive(self) -> Message:
        """The next event."""
        if self._begun:
            return await self._receive()
        with _giving_way():
            message = await self._receive()
        self._begun = message["type"] == "websocket.receive"
        return message


class _Body:
    """What a face receives of one request: its body must end in time, and while it has not the connection gives way to others.

    What comes behind the body (that the client has gone) may take as long as the answer does.
    """

    def __init__(self, receive: Receive, *, seconds: float) -> None:
        self._receive = receive
        self._until = trio.current_time() + seconds
        self._whole = False

    async def receive(self) -> Message:
        """The next part. Raises `trio.TooSlowError`."""
        if self._whole:
            return await self._receive()
        with _giving_way(), trio.fail_at(self._until):
            message = await self._receive()
        self._whole = not message.get("more_body")
        return message


@contextmanager
def _giving_way() -> Iterator[None]:
    """Within the block the present connection has asked nothing whole yet."""
    seat = present.get()
    if seat is None:
        yield
        return
    before, seat.standing = seat.standing, begun
    try:
        yield
    finally:
        if seat.standing is begun:
            seat.standing = before


async def refuse(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a response also where a WebSocket was asked for, which is then not opened."""
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
    else:
        await response(scope, receive, send)
