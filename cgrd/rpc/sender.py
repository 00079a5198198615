"""The answers of one connection on their way out: sent at once while the reader keeps up, kept within bounds while it does not."""

from __future__ import annotations

import trio

from cgrd.rpc.limits import Limits
from cgrd.rpc.links import Link, LinkLost


class Sender:
    """Sends over one link.

    Args:
        link: where to.
        limits: `unsent` and `send_seconds`.
    """

    def __init__(self, link: Link, limits: Limits) -> None:
        self._link = link
        self._limits = limits
        self._waiting = bytearray()
        self._sending = 0
        self._more = trio.Event()
        self._progress = trio.Event()
        self.lost = False

    @property
    def full(self) -> bool:
        """Whether so much waits that nothing more should be read."""
        return len(self._waiting) > self._limits.unsent

    @property
    def waiting(self) -> bool:
        """Whether anything is not sent yet."""
        return bool(self._waiting or self._sending)

    def write(self, data: bytes) -> None:
        """Send now what the link takes now; the rest waits. After the link was lost nothing happens."""
        if self.lost:
            return
        if not self._waiting and not self._sending:
            try:
                taken = self._link.send_now(data)
            except LinkLost:
                self._lose()
                return
            if taken == len(data):
                return
            data = data[taken:]
        self._waiting += data
        self._more.set()

    async def run(self) -> None:
        """Send what waits, until the link is lost or this is cancelled."""
        while not self.lost:
            await self._more.wait()
            self._more = trio.Event()
            while self._waiting and not self.lost:
                await self._send()

    async def _send(self) -> None:
        data, self._waiting = bytes(self._waiting), bytearray()
        self._sending = len(data)
        try:
            with trio.fail_after(self._limits.send_seconds):
                await self._link.send(data)
        except (LinkLost, trio.TooSlowError):
            self._lose()
            await self._link.close()
        finally:
            self._sending = 0
            self._progressed()

    def _progressed(self) -> None:
        self._progress.set()
        self._progress = trio.Event()

    def _lose(self) -> None:
        self.lost = True
        self._waiting.clear()
        self._more.set()
        self._progressed()

    async def drained(self, *, below: int = 0) -> None:
        """Return when at most `below` octets wait, or the link is lost."""
        while not self.lost and len(self._waiting) + self._sending > below:
            await self._progress.wait()
