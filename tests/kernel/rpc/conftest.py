"""A desk that serves a few methods, and ways to talk to it over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec
import pytest
import trio

from cgrd import CGREvent, Peer, Served
from cgrd.errors import NotFound, UnknownMethod, UnknownService, Wrong
from cgrd.rpc.interface import Later
from cgrd.rpc.limits import Limits
from cgrd.rpc.server import TcpServer

SMALL = Limits(body=100_000, depth=20, connections=20, under_way=5, value_seconds=5, stop_seconds=1)


class Profile(msgspec.Struct):
    ID: str = ""
    UsageTTL: int = 0
    Blocker: bool = False
    AttributeIDs: list[str] = []


class Desk:
    """A directory for tests: `Desk.Wait` waits until `go`, everything else answers at once."""

    def __init__(self) -> None:
        self.go = trio.Event()
        self.waiting = 0
        self.seen: list[Any] = []
        self.methods = {
            served.name: served
            for served in [
                self._served("Desk.Ping", CGREvent, lambda args: "Pong"),
                self._served("Desk.Echo", Any, lambda args: args),
                self._served("Desk.Text", str, lambda args: args),
                self._served("Desk.Event", CGREvent, lambda args: args),
                self._served("Desk.Set", Profile, self.set),
                self._served("Desk.Missing", CGREvent, self.missing),
                self._served("Desk.Faulty", CGREvent, lambda args: 1 / 0),
                self._served("Desk.Unspeakable", CGREvent, lambda args: object()),
                self._served("Desk.Wait", CGREvent, self.wait, is_async=True),
                self._served("Desk.CallMe", CGREvent, self.call_me, is_async=True, wants_peer=True),
            ]
        }

    @staticmethod
    def _served(name: str, args: Any, handler: Any, *, is_async: bool = False, wants_peer: bool = False) -> Served:
        return Served(name=name, args=args, handler=handler, is_async=is_async, wants_peer=wants_peer, owner="desk")

    def set(self, args: Profile) -> str:
        self.seen.append(args)
        return "OK"

    def missing(self, args: CGREvent) -> None:
        raise NotFound(explain="no profile of that name; set one")

    async def wait(self, args: CGREvent) -> str:
        self.waiting += 1
        await self.go.wait()
        return f"waited for {args.ID}"

    async def call_me(self, args: CGREvent, peer: Peer) -> Any:
        return await peer.call("Agent.Hello", {"Name": "desk"}, dict[str, Any])

    def find(self, method: str) -> Served:
        if "." not in method:
            raise Wrong(f"rpc: service/method request ill-formed: {method}")
        if not method.startswith("Desk."):
            raise UnknownService(method)
        if method not in self.methods:
            raise UnknownMethod(method)
        return self.methods[method]

    def request_nowait(self, served: Served, args: Any, peer: Peer | None) -> Any:
        call = partial(served.handler, args, peer) if served.wants_peer else partial(served.handler, args)
        return Later(call) if served.is_async else call()


class Talk:
    """A client that speaks octets."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.kept = b""

    async def say(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def hear(self) -> Any:
        """The next answer; None when the server has closed."""
        with trio.fail_after(5):
            while b"\n" not in self.kept:
                try:
                    data = await self.stream.receive_some(65536)
                except trio.BrokenResourceError:
                    return None
                if not data:
                    return None
                self.kept += data
        line, _, self.kept = self.kept.partition(b"\n")
        return msgspec.json.decode(line)

    async def ask(self, data: bytes) -> Any:
        await self.say(data)
        return await self.hear()


@pytest.fixture
async def desk() -> Desk:
    return Desk()


@pytest.fixture
async def listening(desk: Desk, nursery: trio.Nursery) -> Callable[..., Any]:
    """Starts a TCP server for the desk; gives its port."""

    async def listen(**options: Any) -> int:
        options = {"limits": SMALL, "directory": desk, **options}
        addresses = await nursery.start(TcpServer(address="127.0.0.1:0", **options).serve)
        return int(addresses[0].rpartition(":")[2])

    return listen


@pytest.fixture
async def talk() -> Callable[[int], Any]:
    """Opens a connection to a port of this machine."""

    @asynccontextmanager
    async def open_talk(port: int) -> AsyncIterator[Talk]:
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            yield Talk(stream)

    return open_talk
