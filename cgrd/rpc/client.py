"""A connection to another daemon that is opened when it is needed and opened again when it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Protocol

import trio

from cgrd.clock import Clock
from cgrd.durations import MILLISECOND, SECOND
from cgrd.errors import Disconnected, ReplyTimeout
from cgrd.rpc.answering import Answerer
from cgrd.rpc.connection import Connection
from cgrd.rpc.dialling import Dial
from cgrd.rpc.limits import Limits
from cgrd.rpc.links import LinkLost
from cgrd.rpc.settings import ConnectionSettings

LEAST_PAUSE: Final = 100 * MILLISECOND


class Client(Protocol):
    """Something that can be asked."""

    async def call(self, method: str, args: object, reply: Any = Any) -> Any:
        """Ask; raises `Unreachable` when there was no answer, other errors are the answer."""


def pauses(longest: float) -> Iterator[float]:
    """Seconds between tries: 1, 1, 2, 3, 5 … (Fibonacci), none longer than `longest` where that is not 0."""
    this, following = 1.0, 1.0
    while True:
        yield min(this, longest) if longest else this
        this, following = following, this + following


class StreamClient:
    """A connection that carries many requests at a time.

    Args:
        settings: time limits and how often to try.
        dial: opens it.
        answerer: answers what the other end asks of us.
        limits: what it may ask.
        clock: pauses between tries.
        patient: whether calls wait, `reply_timeout` at most, while the connection is being made; else they fail after one
            try, so that another connection of the pool is asked.
    """

    def __init__(self, *, settings: ConnectionSettings, dial: Dial, answerer: Answerer, limits: Limits, clock: Clock, patient: bool) -> None:
        self._settings = settings
        self._dial = dial
        self._answerer = answerer
        self._limits = limits
        self._clock = clock
        self._patient = patient
        self._nursery: trio.Nursery | None = None
        self._connection: Connection | None = None
        self._changed = trio.Event()
        self._keeping = False
        self._pausing = False
        self._wanted = trio.Event()
        self._failure = "the connections are not open yet"

    def start(self, nursery: trio.Nursery) -> None:
        """From now on connections may be opened; they live in the nursery."""
        self._nursery = nursery

    async def call(self, method: str, args: object, reply: Any = Any) -> Any:
        """Ask the other daemon.

        Raises:
            Disconnected: there is no connection, or it was lost before the answer.
            ReplyTimeout: no answer in time.
            CgrdError: its answer.
        """
        try:
            with trio.fail_after(self._settings.reply_timeout):
                connection = self._connection or await self._connected()
                return await connection.call(method, args, reply)
        except trio.TooSlowError as error:
            if self._connection is None:
                raise Disconnected(explain=f"{self._settings.name}: {self._failure}") from error
            waited = f"{self._settings.address} did not answer {method} within {self._settings.reply_timeout} s (reply_timeout)"
            raise ReplyTimeout(explain=f"{self._settings.name}: {waited}") from error

    async def _connected(self) -> Connection:
        self._keep_connected()
        if self._patient:
            self._wanted.set()
        while self._connection is None:
            if not self._keeping or (self._pausing and not self._patient):
                raise Disconnected(explain=f"{self._settings.name}: {self._failure}")
            await self._changed.wait()
        return self._connection

    def _keep_connected(self) -> None:
        if self._nursery is not None and not self._keeping:
            self._keeping = True
            self._nursery.start_soon(self._keep)

    async def _keep(self) -> None:
        """Connect, and again whenever the connection is lost, until the tries are used up; the next call begins anew."""
        tries = self._settings.connect_attempts
        try:
            while (connection := await self._try(tries)) is not None:
                self._connection = connection
                self._tell()
                await connection.ended.wait()
                self._connection = None
                tries = self._settings.reconnects
        finally:
            self._keeping = False
            self._tell()

    async def _try(self, tries: int) -> Connection | None:
        for done, pause in enumerate(pauses(self._settings.max_reconnect_interval), 1):
            connection = await self._open()
            if connection is not None or 0 <= tries <= done:
                return connection
            self._pausing = True
            self._tell()
            await self._pause(int(pause * SECOND))
            self._pausing = False
        raise AssertionError("pauses never end")

    async def _pause(self, pause_ns: int) -> None:
        """Leave the other end alone for a while, shorter when somebody else wants to ask it meanwhile."""
        least = min(pause_ns, LEAST_PAUSE)
        await self._clock.sleep(least)
        self._wanted = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._nap, pause_ns - least, nursery.cancel_scope)
            await self._wanted.wait()
            nursery.cancel_scope.cancel()

    async def _nap(self, pause_ns: int, scope: trio.CancelScope) -> None:
        await self._clock.sleep(pause_ns)
        scope.cancel()

    async def _open(self) -> Connection | None:
        assert self._nursery is not None
        try:
            with trio.fail_after(self._settings.connect_timeout):
                return await self._nursery.start(self._live)  # type: ignore[no-any-return]
        except LinkLost as error:
            self._failure = str(error)
        except trio.TooSlowError:
            limit = f"{self._settings.connect_timeout} s (connect_timeout)"
            self._failure = f"cannot connect to {self._settings.address} within {limit}"
        return None

    async def _live(self, *, task_status: trio.TaskStatus[Connection]) -> None:
        async with self._dial() as link:
            connection = Connection(link=link, answerer=self._answerer, limits=self._limits, calls_back=True)
            task_status.started(connection)
            await connection.run()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


class ParallelClient:
    """As many connections as calls are under way, up to a limit; beyond it they share them.

    Args:
        make: makes one more connection.
        most: how many at most (`general.max_parallel_conns`).
    """

    def __init__(self, *, make: Any, most: int) -> None:
        self._make = make
        self._most = max(most, 1)
        self._clients: list[StreamClient] = []
        self._busy: dict[StreamClient, int] = {}
        self._nursery: trio.Nursery | None = None

    def start(self, nursery: trio.Nursery) -> None:
        """From now on connections may be opened; they live in the nursery."""
        self._nursery = nursery

    async def call(self, method: str, args: object, reply: Any = Any) -> Any:
        """Ask over the connection with the fewest calls under way."""
        client = self._least_busy()
        self._busy[client] += 1
        try:
            return await client.call(method, args, reply)
        finally:
            self._busy[client] -= 1

    def _least_busy(self) -> StreamClient:
        client = min(self._busy, key=self._busy.__getitem__, default=None)
        if client is None or (self._busy[client] and len(self._busy) < self._most):
            client = self._make()
            self._busy[client] = 0
            if self._nursery is not None:
                client.start(self._nursery)
        return client
