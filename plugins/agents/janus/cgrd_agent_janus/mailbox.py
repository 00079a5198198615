"""Events that wait for a browser's long poll: bounded, in order, each given to exactly one poll."""

from __future__ import annotations

from collections import deque

import trio

from cgrd_agent_janus.codec import Message
from cgrd_agent_janus.table import Overflow


class Mailbox:
    """A session's events until a poll takes them.

    Args:
        limit: how many may wait.
    """

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._events: deque[Message] = deque()
        self._news = trio.Event()
        self.closed = False

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: Message) -> None:
        """Add an event and wake the polls; raises `Overflow`."""
        if len(self._events) >= self._limit:
            raise Overflow(f"{self._limit} events wait for a poll")
        self._events.append(event)
        self._ring()

    def close(self) -> None:
        """No more will come; polls that wait return with nothing."""
        self.closed = True
        self._ring()

    def take(self, most: int) -> list[Message]:
        """Up to `most` waiting events, oldest first."""
        return [self._events.popleft() for _ in range(min(most, len(self._events)))]

    def put_back(self, events: list[Message]) -> None:
        """Return what could not be delivered, for the next poll."""
        self._events.extendleft(reversed(events))
        self._ring()

    async def news(self) -> None:
        """Return when something waits or nothing more will come."""
        while not self._events and not self.closed:
            await self._news.wait()

    def _ring(self) -> None:
        self._news.set()
        self._news = trio.Event()
