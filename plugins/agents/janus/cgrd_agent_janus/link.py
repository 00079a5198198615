"""One WebSocket to a Janus: requests matched to replies by transaction, events handed on, connected again for ever."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
import trio
from trio_websocket import ConnectionClosed, HandshakeError, WebSocketConnection, open_websocket_url

from cgrd import codec as json
from cgrd.clock import Clock
from cgrd.durations import SECOND
from cgrd_agent_janus.codec import REPLIES, UNKNOWN, JanusError, Message, Transactions, for_browser

# list_sessions of a big Janus is far beyond any library's default; the peer is our own Janus, the bound is against its madness only.
_LARGEST_MESSAGE = 256 * 1024 * 1024


class Watcher(Protocol):
    """Who is told what comes over a link; nothing of it may wait."""

    def link_up(self) -> None:
        """It is connected."""

    def link_down(self, *, heard_ns: int) -> None:
        """It is gone; the other end was certainly alive at the monotonic reading `heard_ns`."""

    def link_event(self, event: Message) -> None:
        """Janus said something nobody asked for; the transaction is the browser's own."""


class Link:
    """A connection that repairs itself.

    Args:
        url: `ws://host:port/path` or `wss://`.
        subprotocol: `janus-protocol` or `janus-admin-protocol`.
        secrets: what every request carries (`apisecret`, `token`, `admin_secret`).
        watcher: who is told.
        clock: where stamps come from.
        log: a structured logger.
        reply_timeout: how long a request may take, seconds.
        ping_every: how often the other end must prove that it lives, seconds.
        longest_wait: the longest pause between attempts, seconds.
    """

    def __init__(
        self,
        *,
        url: str,
        subprotocol: str,
        secrets: dict[str, str],
        watcher: Watcher,
        clock: Clock,
        log: Any,
        reply_timeout: float = 10,
        ping_every: float = 5,
        longest_wait: float = 5,
    ) -> None:
        self.url = url
        self._subprotocol = subprotocol
        self._secrets = secrets
        self._watcher = watcher
        self._clock = clock
        self._log = log
        self._reply_timeout = reply_timeout
        self._ping_every = ping_every
        self._longest_wait = longest_wait
        self._transactions = Transactions()
        self._waiting: dict[str, _Answer] = {}
        self._socket: WebSocketConnection | None = None
        self._heard_ns = 0
        self._absent = False

    @property
    def up(self) -> bool:
        """Whether requests can be sent now."""
        return self._socket is not None

    async def run(self) -> None:
        """Keep connected until cancelled. A Janus that is not there yet is no failure."""
        wait = 0.1
        while True:
            if await self._live():
                wait = 0.1
            self._give_up_waiting()
            await trio.sleep(wait)
            wait = min(wait * 2, self._longest_wait)

    async def request(self, message: Message) -> Message:
        """Janus' reply, with the transaction the message had.

        Raises:
            JanusError: 490 when Janus cannot be reached or does not answer.
        """
        if self._socket is None:
            raise JanusError(UNKNOWN, "Janus is not reachable; the agent goes on trying to connect")
        transaction = self._transactions.outer(message.get("transaction", ""))
        answer = self._waiting[transaction] = _Answer()
        try:
            with trio.fail_after(self._reply_timeout):
                await self._socket.send_message(json.encode({**message, **self._secrets, "transaction": transaction}).decode())
                return await answer.wait()
        except ConnectionClosed as error:
            raise JanusError(UNKNOWN, "the connection to Janus broke before it answered") from error
        except trio.TooSlowError as error:
            raise JanusError(UNKNOWN, f"Janus did not answer within {self._reply_timeout} s") from error
        finally:
            del self._waiting[transaction]
            answer.taken.set()

    async def _live(self) -> bool:
        """One connection from its opening to its end; whether it was opened."""
        opened = False
        try:
            async with open_websocket_url(
                self.url, subprotocols=[self._subprotocol], max_message_size=_LARGEST_MESSAGE, connect_timeout=5, disconnect_timeout=1
            ) as socket:
                opened, self._socket, self._absent = True, socket, False
                self._heard_ns = self._clock.monotonic_ns()
                self._log.info("connected to Janus", url=self.url)
                self._watcher.link_up()
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._prove_life, socket)
                    await self._read(socket)
        except* (ConnectionClosed, HandshakeError, OSError, trio.TooSlowError) as group:
            self._lost(_reason(group), was_up=opened)
        finally:
            self._socket = None
            if opened:
                self._watcher.link_down(heard_ns=self._heard_ns)
        return opened

    def _lost(self, why: str, *, was_up: bool) -> None:
        """Log the loss or absence of the other end, once until it is there again."""
        if was_up or not self._absent:
            self._log.warning("no connection to Janus", url=self.url, why=why, was_up=was_up)
        self._absent = not was_up

    async def _read(self, socket: WebSocketConnection) -> None:
        while True:
            try:
                text = await socket.get_message()
            except ConnectionClosed:
                # The end of a connection is itself a sign from the other side: its process was there until now.
                self._heard_ns = self._clock.monotonic_ns()
                raise
            self._heard_ns = self._clock.monotonic_ns()
            answer = self._take(text)
            if answer is not None:
                # Who waits for the reply goes on before the next message is read: an event must not overtake the reply before it.
                await answer.taken.wait()

    def _take(self, text: str | bytes) -> _Answer | None:
        """Hand a message on; whose answer it was."""
        try:
            message = json.decode(text)
        except msgspec.MsgspecError as error:
            self._log.error("Janus sent no JSON", url=self.url, why=str(error))
            return None
        if not isinstance(message, dict):
            return None
        answer = self._waiting.get(str(message.get("transaction", "")))
        if answer is not None and message.get("janus") in REPLIES:
            answer.give(for_browser(message))
            return answer
        self._watcher.link_event(for_browser(message))
        return None

    async def _prove_life(self, socket: WebSocketConnection) -> None:
        while True:
            await self._clock.sleep(int(self._ping_every * SECOND))
            asked_ns = self._clock.monotonic_ns()
            with trio.move_on_after(self._ping_every):
                await socket.ping()
                self._heard_ns = self._clock.monotonic_ns()
            # Whatever came meanwhile is a sign of life too: a busy Janus may talk and be late with its pong.
            if self._heard_ns < asked_ns:
                raise trio.TooSlowError

    def _give_up_waiting(self) -> None:
        for answer in self._waiting.values():
            answer.fail(JanusError(UNKNOWN, "the connection to Janus broke before it answered"))


class _Answer:
    """A reply that is waited for; `taken` is set when nobody waits any more."""

    def __init__(self) -> None:
        self.taken = trio.Event()
        self._there = trio.Event()
        self._message: Message | None = None
        self._failure: JanusError | None = None

    def give(self, message: Message) -> None:
        self._message = message
        self._there.set()

    def fail(self, failure: JanusError) -> None:
        self._failure = failure
        self._there.set()

    async def wait(self) -> Message:
        await self._there.wait()
        if self._message is None:
            assert self._failure is not None
            raise self._failure
        return self._message


def _reason(group: BaseExceptionGroup[BaseException]) -> str:
    """The first error of a group, with the operating system's words where it only wraps them."""
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    while not str(found) and found.__cause__ is not None:
        found = found.__cause__
    return f"{type(found).__name__}: {found}"
