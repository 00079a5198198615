"""JSON-RPC by HTTP POST: one request, or a 2.0 batch, in a body."""

from __future__ import annotations

import trio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from cgrd.errors import CgrdError
from cgrd.rpc.answering import UNKNOWN, Answerer, unreadable
from cgrd.rpc.http_faces import refuse
from cgrd.rpc.interface import Directory
from cgrd.rpc.limits import Limits
from cgrd.rpc.messages import NotJSON, failed
from cgrd.rpc.origins import REFUSAL, Origins


class JsonRpcFace:
    """The ASGI application of `http.json_rpc_url`.

    Args:
        directory: what is served.
        limits: `body`, `depth`, size of a batch; `HttpFaces` sees to the time that a body takes.
        origins: which pages may call.
    """

    def __init__(self, *, directory: Directory, limits: Limits, origins: Origins) -> None:
        self._answerer = Answerer(directory, limits)
        self._limits = limits
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            await refuse(PlainTextResponse("JSON-RPC by POST is served here; the WebSocket has a path of its own\n", 404), scope, receive, send)
            return
        try:
            response = await self._respond(Request(scope, receive))
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method != "POST":
            return PlainTextResponse("JSON-RPC is sent by POST\n", 405, {"Allow": "POST"})
        if self._origins.is_foreign(request.headers):
            return PlainTextResponse(REFUSAL, 403)
        try:
            body = await self._body(request)
        except trio.TooSlowError:
            return _json(failed(UNKNOWN, CgrdError(f"the request took more than {self._limits.value_seconds} seconds to arrive")), 408)
        if body is None:
            return _json(failed(UNKNOWN, CgrdError(f"a request of more than {self._limits.body} octets is not read")), 413)
        return await self._answer(body)

    async def _body(self, request: Request) -> bytes | None:
        """The whole body; None when it is too large."""
        parts, length = [], 0
        async for part in request.stream():
            length += len(part)
            if length > self._limits.body:
                return None
            parts.append(part)
        return b"".join(parts)

    async def _answer(self, body: bytes) -> Response:
        try:
            answer = self._answerer.answer(body, None)
        except NotJSON as error:
            return _json(unreadable(body, error), 400)
        told = answer if isinstance(answer, bytes) else await answer()
        return _json(told) if told else Response(status_code=204)


def _json(data: bytes, status: int = 200) -> Response:
    return Response(data, status, media_type="application/json")
