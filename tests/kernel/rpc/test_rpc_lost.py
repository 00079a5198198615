"""A client that asks, reads nothing and goes away: its connection ends in good order."""

from __future__ import annotations

from typing import Any

from cgrd.rpc.answering import Answerer
from cgrd.rpc.connection import Connection
from cgrd.rpc.limits import Limits
from cgrd.rpc.links import LinkLost

LITTLE = Limits(unsent=10)


class Vanishing:
    """A link whose other end has asked once, takes nothing and is gone when something is sent."""

    remote = "198.51.100.7:4000"

    def __init__(self) -> None:
        self.closed = False
        self.asked = [b'{"method":"Desk.Ping","params":[{}],"id":1}\n']

    async def receive(self) -> bytes:
        assert not self.closed, "nobody reads a link that is closed"
        return self.asked.pop()

    def send_now(self, data: bytes) -> int:
        return 0

    async def send(self, data: bytes) -> None:
        raise LinkLost

    async def close(self) -> None:
        self.closed = True


async def test_a_link_that_was_lost_while_answers_waited_is_read_no_more(desk: Any) -> None:
    link = Vanishing()
    await Connection(link=link, answerer=Answerer(desk, LITTLE), limits=LITTLE).run()
    assert link.closed
