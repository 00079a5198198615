"""Which application answers which path of an HTTP listener, and who may ask it. An ASGI application itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from cgrd.component import HttpFace
from cgrd.errors import ConfigurationError
from cgrd.rpc.basic_auth import CHALLENGE, BasicAuth


class HttpFaces:
    """Applications by path: that with the longest path that the request's begins with answers; it sees the whole path.

    Args:
        faces: path and ASGI application each; the path "/janus" stands for "/janus" and all below it.
        auth: who may ask; None lets everybody.

    Raises:
        ConfigurationError: two faces have one path.
    """

    def __init__(self, *, faces: Iterable[HttpFace], auth: BasicAuth | None = None) -> None:
        self._auth = auth
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
        else:
            await app(scope, receive, send)

    def _find(self, path: str) -> Any:
        path = path.rstrip("/")
        while path not in self._apps and path:
            path = path.rpartition("/")[0]
        return self._apps.get(path)


async def refuse(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a response also where a WebSocket was asked for, which is then not opened."""
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
    else:
        await response(scope, receive, send)


def is_foreign(headers: Headers) -> bool:
    """Whether a page of another site made its reader's browser send this.

    Browsers tell a page's origin with every POST and WebSocket; other clients send none. Without this check any page on the
    web could ask a daemon that listens on its reader's loopback to change balances.
    """
    origin = headers.get("origin", "")
    return bool(origin) and origin.rpartition("://")[2] != headers.get("host", "")
