"""The demo page: an echo-test call, the balance as it falls, the event's way, the cut-off with its reason."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from cgrd_agent_janus.codec import write
from cgrd_agent_janus.rest import ClientOf, Receive, Scope, Send

PATH = "/demo"


class Demo:
    """Serves the page, and what it must know of this daemon.

    Args:
        janus_url: the path of the Janus API.
        janus_port: its port where it listens on its own, 0 where it shares the page's listener.
        tenant: whose account is shown.
        jsonrpc: the path of JSON-RPC on the page's listener.
        client: the address of the browser that a request comes from.
    """

    def __init__(self, *, janus_url: str, janus_port: int, tenant: str, jsonrpc: str, client: ClientOf) -> None:
        self._janus_url = janus_url
        self._janus_port = janus_port
        self._tenant = tenant
        self._jsonrpc = jsonrpc
        self._client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        path = scope["path"].rstrip("/").removeprefix(PATH)
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif path == "/settings":
            await _send(send, 200, "application/json", write(self._settings(scope)))
        elif not path:
            await _send(send, 200, "text/html; charset=utf-8", files(__package__).joinpath("pages/demo.html").read_bytes())
        else:
            await _send(send, 404, "text/plain", b"")

    def _settings(self, scope: Scope) -> dict[str, Any]:
        host = dict(scope["headers"]).get(b"host", b"localhost").decode("latin-1")
        if self._janus_port:
            host = f"{_without_port(host)}:{self._janus_port}"
        janus = f"{scope.get('scheme', 'http')}://{host}{self._janus_url}"
        return {"janus": janus, "jsonrpc": self._jsonrpc, "tenant": self._tenant, "account": self._client(scope)}


def _without_port(host: str) -> str:
    """`localhost` of `localhost:2080`; a bracketed IPv6 address keeps its brackets."""
    head, colon, tail = host.rpartition(":")
    return head if colon and tail.isdecimal() else host


async def _send(send: Send, status: int, kind: str, body: bytes) -> None:
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
