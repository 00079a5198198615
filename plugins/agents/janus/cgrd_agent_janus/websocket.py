"""The Janus WebSocket API: many requests and sessions on one connection, subprotocol `janus-protocol`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import trio

from cgrd_agent_janus.addresses import server_of
from cgrd_agent_janus.codec import JanusError, Message, read_request, write
from cgrd_agent_janus.gateway import Caller, Gateway
from cgrd_agent_janus.mailbox import Mailbox
from cgrd_agent_janus.rest import ClientOf, Receive, Scope, Send
from cgrd_agent_janus.table import Overflow

SUBPROTOCOL = "janus-protocol"
_TOO_BIG = 1009
_TRY_AGAIN = 1013
_SILENCE = {"type": "cgrd.silence"}
_SILENT_SECONDS = 60
"""How long a connection may hold no session and ask nothing."""


class Pipe:
    """What goes out on one connection, replies and events in their order; a reader that is too slow is cut off.

    Args:
        limit: how many messages may wait.
    """

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._send, self.messages = trio.open_memory_channel[Message](math.inf)
        self.overflown = trio.Event()

    def put(self, event: Message) -> None:
        """Queue a message; raises `Overflow`."""
        if self.messages.statistics().current_buffer_used >= self._limit:
            self.overflown.set()
            raise Overflow(f"{self._limit} messages wait for a WebSocket")
        self._send.send_nowait(event)

    def close(self) -> None:
        """One session of several is over; the connection goes on."""


class _Turn:
    """A request's place in the line of its session."""

    def __init__(self, before: trio.Event | None) -> None:
        self._before = before
        self.over = trio.Event()

    async def __aenter__(self) -> None:
        if self._before is not None:
            await self._before.wait()

    async def __aexit__(self, *_: object) -> None:
        self.over.set()


class _Order:
    """Requests of one session reach Janus in the order they came, those of different sessions do not wait for one another."""

    def __init__(self) -> None:
        self._last: dict[int, trio.Event] = {}

    def turn(self, session_id: int) -> _Turn:
        """The next place in the line of a session; requests without one need no order."""
        self._last = {key: event for key, event in self._last.items() if not event.is_set()}
        turn = _Turn(self._last.get(session_id))
        if session_id:
            self._last[session_id] = turn.over
        return turn


class WebSocket:
    """The WebSocket face.

    Args:
        gateway: handles requests.
        limit: how many messages may wait for a slow reader.
        most_requests: how many requests of one connection may be under way.
        largest_body: characters a request may have.
        mailbox: makes the outlet of a session whose connection broke.
        client: the address of the browser that a connection comes from.
        spawn: starts a task that outlives the connection.
    """

    def __init__(
        self,
        *,
        gateway: Gateway,
        limit: int,
        most_requests: int,
        largest_body: int,
        mailbox: Callable[[], Mailbox],
        client: ClientOf,
        spawn: Callable[..., None],
    ) -> None:
        self._gateway = gateway
        self._limit = limit
        self._most_requests = most_requests
        self._largest_body = largest_body
        self._mailbox = mailbox
        self._client = client
        self._spawn = spawn

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        await receive()
        if SUBPROTOCOL not in scope.get("subprotocols", ()):
            await send({"type": "websocket.close", "code": 1002})
            return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        pipe = Pipe(limit=self._limit)
        caller = Caller(address=self._client(scope), server=server_of(scope), outlet=lambda: pipe, holds=True)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write, pipe, send)
                nursery.start_soon(self._cut_off, pipe, send, nursery.cancel_scope)
                await self._read(receive, send, pipe, caller, nursery)
                nursery.cancel_scope.cancel()
        finally:
            self._gateway.hung_up(caller, outlet=self._mailbox, spawn=self._spawn)

    async def _read(self, receive: Receive, send: Send, pipe: Pipe, caller: Caller, nursery: trio.Nursery) -> None:
        room, order = trio.Semaphore(self._most_requests), _Order()
        while (part := await _next(receive, caller))["type"] == "websocket.receive":
            data: str | bytes = part.get("text") or part.get("bytes") or ""
            if len(data) > self._largest_body:
                await send({"type": "websocket.close", "code": _TOO_BIG})
                return
            try:
                message = read_request(data)
            except JanusError as error:
                pipe.put(error.told({}))
                continue
            await room.acquire()
            nursery.start_soon(self._answer, message, pipe, caller, room, order.turn(message.get("session_id", 0)))
        if part is _SILENCE:
            await send({"type": "websocket.close", "code": 1000})

    async def _answer(self, message: Message, pipe: Pipe, caller: Caller, room: trio.Semaphore, turn: _Turn) -> None:
        try:
            async with turn:
                pipe.put(await self._gateway.handle(message, caller))
        except Overflow:
            pipe.overflown.set()
        finally:
            room.release()

    async def _write(self, pipe: Pipe, send: Send) -> None:
        async for message in pipe.messages:
            await send({"type": "websocket.send", "text": write(message).decode()})

    async def _cut_off(self, pipe: Pipe, send: Send, scope: trio.CancelScope) -> None:
        await pipe.overflown.wait()
        with trio.move_on_after(1):
            await send({"type": "websocket.close", "code": _TRY_AGAIN})
        scope.cancel()


async def _next(receive: Receive, caller: Caller) -> dict[str, Any]:
    """What comes next; a connection that holds no session and has been silent for a while is over."""
    while True:
        with trio.move_on_after(_SILENT_SECONDS):
            return await receive()
        if not caller.sessions:
            return _SILENCE
