"""A connection to another daemon in the same process, which loses what a test tells it to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import trio

from cgrd.codec import decode, encode
from cgrd.errors import CgrdError, Disconnected
from cgrd.once import key_of
from cgrd.rpc.arguments import read_arguments
from cgrd.rpc.pool import Pool
from cgrd.rpc.remote_errors import remote_error
from cgrd.rpc.strategies import STRATEGIES

if TYPE_CHECKING:
    from cgrd.clock import Clock
    from cgrd.graph import Graph


class Wire:
    """Leads to another graph; requests and answers go through JSON, as over a socket.

    Args:
        graph: the other daemon's.
        clock: pauses between repetitions.

    Attributes:
        faults: what happens to the next calls, in their order: "request" = it is not sent, "answer" = it is done and nobody hears of it, "" = nothing.
        down: every request is lost.
        sent: method and request key of what was done.
    """

    def __init__(self, graph: Graph, *, clock: Clock) -> None:
        self.graph = graph
        self.faults: list[str] = []
        self.down = False
        self.sent: list[tuple[str, str]] = []
        self._clock = clock

    def start(self, nursery: trio.Nursery) -> None:
        """There is nothing to open."""

    def pool(self, nursery: trio.Nursery) -> Pool:
        """It as a pool that a graph can use."""
        made = Pool(name="wire", clients=[self], strategy=STRATEGIES["*first"](), clock=self._clock)
        made.start(nursery)
        return made

    async def call(self, method: str, args: object, reply: Any = Any) -> Any:
        """Ask the other daemon.

        Raises:
            Disconnected: as the test wanted.
            CgrdError: the other daemon's error, of the type that its word has over a socket, without its explanation.
        """
        fault = "request" if self.down else self.faults.pop(0) if self.faults else ""
        if fault == "request":
            raise Disconnected(explain="the wire is down")
        try:
            served = self.graph.find(method)
            given = read_arguments(served.args, msgspec.Raw(encode([args])))
            self.sent.append((method, key_of(given)))
            answer = await self.graph.request(served, given)
        except CgrdError as error:
            raise remote_error(error.word) from error
        if fault == "answer":
            raise Disconnected(explain="the answer is lost", asked=True)
        return decode(encode(answer), reply)
