"""The Janus REST API: paths, long polls and CORS, answered as Janus answers.

Source: the REST page of Janus 1.x; status codes and headers as Debian's 1.1.2 sends them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from cgrd.clock import Clock
from cgrd_agent_janus.addresses import server_of
from cgrd_agent_janus.codec import TRANSPORT_SPECIFIC, JanusError, Message, read_request, write
from cgrd_agent_janus.gateway import Caller, Gateway
from cgrd_agent_janus.mailbox import Mailbox
from cgrd_agent_janus.table import Session
from cgrd_agent_janus.waiting import first_of

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
ClientOf = Callable[[Scope], str]

_MOST_EVENTS = 1000


class _Path(NamedTuple):
    """`<base>/<session>/<handle>`; `info` for `<base>/info`."""

    session_id: int = 0
    handle_id: int = 0
    info: bool = False


class _Answer(NamedTuple):
    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]]


class Rest:
    """The REST face.

    Args:
        gateway: handles requests.
        base: the path of the API.
        poll_ns: how long a poll is held when nothing happens.
        largest_body: bytes a request may have.
        mailbox: makes the outlet of a session.
        client: the address of the browser that a request comes from.
        clock: measures polls.
    """

    def __init__(
        self,
        *,
        gateway: Gateway,
        base: str,
        poll_ns: int,
        largest_body: int,
        mailbox: Callable[[], Mailbox],
        client: ClientOf,
        clock: Clock,
    ) -> None:
        self._gateway = gateway
        self._base = base.rstrip("/")
        self._poll_ns = poll_ns
        self._largest_body = largest_body
        self._mailbox = mailbox
        self._client = client
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        caller = Caller(address=self._client(scope), server=server_of(scope), outlet=self._mailbox)
        path = self._path(scope["path"])
        if path is None:
            await _send(send, scope, _Answer(404, b"", []))
        elif scope["method"] == "OPTIONS":
            await _send(send, scope, _Answer(200, b"", []))
        elif scope["method"] == "POST":
            await _send(send, scope, await self._post(path, caller, receive))
        elif scope["method"] == "GET":
            await self._get(path, caller, scope, receive, send)
        else:
            await _send(send, scope, _said(JanusError(TRANSPORT_SPECIFIC, f"Unsupported method {scope['method']}").told({})))

    def _path(self, path: str) -> _Path | None:
        if path != self._base and not path.startswith(self._base + "/"):
            return None
        parts = [part for part in path[len(self._base) :].split("/") if part]
        if parts == ["info"]:
            return _Path(info=True)
        if len(parts) > 2 or not all(part.isascii() and part.isdecimal() and len(part) < 21 for part in parts):
            return None
        ids = [*map(int, parts), 0, 0]
        return _Path(session_id=ids[0], handle_id=ids[1])

    async def _post(self, path: _Path, caller: Caller, receive: Receive) -> _Answer:
        body = await _body(receive, self._largest_body)
        if body is None:
            return _Answer(413, b"", [])
        try:
            message = read_request(body, session_id=path.session_id, handle_id=path.handle_id)
        except JanusError as error:
            return _said(error.told({}))
        return _said(await self._gateway.handle(message, caller))

    async def _get(self, path: _Path, caller: Caller, scope: Scope, receive: Receive, send: Send) -> None:
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        secrets = {name: query[name][0] for name in ("token", "apisecret") if name in query}
        if path.info:
            await _send(send, scope, _said(await self._gateway.handle({"janus": "info", "transaction": "", **secrets}, caller)))
            return
        mailbox, session = self._box(path, caller, secrets)
        if mailbox is None or path.handle_id:
            await _send(send, scope, _Answer(404, b"", []))
            return
        most = _number(query.get("maxev", ["1"])[0])
        events = await self._poll(mailbox, session, most, receive)
        if events is not None:
            await _send(send, scope, _said(events if most > 1 and events else events[0] if events else {"janus": "keepalive"}))

    def _box(self, path: _Path, caller: Caller, secrets: dict[str, str]) -> tuple[Mailbox | None, Session | None]:
        """Where a poll finds its events: a session of the caller that is served over REST, or what an ended one left."""
        principal = caller.principal(secrets)
        try:
            session = self._gateway.registry.owned(path.session_id, principal)
        except JanusError:
            return self._gateway.registry.last_words(path.session_id, principal), None
        return (session.outlet, session) if isinstance(session.outlet, Mailbox) else (None, None)

    async def _poll(self, mailbox: Mailbox, session: Session | None, most: int, receive: Receive) -> list[Message] | None:
        """The events for one poll, none after a quiet time; None when the browser went away, which loses no event."""
        if session is not None:
            session.polls += 1
        try:
            came_first = await first_of(mailbox.news, partial(self._clock.sleep, self._poll_ns), partial(_gone, receive))
        finally:
            if session is not None:
                session.polls -= 1
                session.seen_ns = self._clock.monotonic_ns()
        return None if came_first == 2 else mailbox.take(most)


async def _gone(receive: Receive) -> None:
    """Return when the client has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(receive: Receive, largest: int) -> bytes | None:
    """The body of a request; None when it is larger than allowed."""
    body = b""
    while True:
        part = await receive()
        if part["type"] == "http.disconnect":
            return None
        body += bytes(part.get("body", b""))
        if len(body) > largest:
            return None
        if not part.get("more_body"):
            return body


def _number(text: str) -> int:
    """`maxev` as a number of events, at least one."""
    return max(1, min(int(text), _MOST_EVENTS)) if text.isascii() and text.isdecimal() and len(text) < 9 else 1


def _said(message: Message | list[Message]) -> _Answer:
    return _Answer(200, write(message), [(b"content-type", b"application/json")])


def _allowed(scope: Scope) -> list[tuple[bytes, bytes]]:
    """What a preflight asks for, allowed."""
    asked = dict(scope["headers"])
    pairs = ((b"access-control-request-method", b"access-control-allow-methods"), (b"access-control-request-headers", b"access-control-allow-headers"))
    return [(answer, asked[question]) for question, answer in pairs if question in asked]


async def _send(send: Send, scope: Scope, answer: _Answer) -> None:
    cors = [(b"access-control-allow-origin", b"*"), (b"access-control-max-age", b"86400")]
    headers = [*answer.headers, *cors, *_allowed(scope), (b"content-length", str(len(answer.body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
