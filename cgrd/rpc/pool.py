"""Pools of connections to other daemons: what the section `rpc_conns` describes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import trio

from cgrd.clock import Clock
from cgrd.errors import ConfigurationError, Disconnected, UnknownService, Unreachable
from cgrd.once import key_of
from cgrd.rpc.answering import Answerer
from cgrd.rpc.client import Client, ParallelClient, StreamClient
from cgrd.rpc.dialling import tcp_dial, websocket_dial
from cgrd.rpc.http_client import HttpClient
from cgrd.rpc.interface import Directory
from cgrd.rpc.limits import Limits
from cgrd.rpc.settings import ConnectionSettings
from cgrd.rpc.strategies import STRATEGIES, Strategy
from cgrd.rpc.surely import surely
from cgrd.rpc.tls import client_tls

BUILT_IN: dict[str, dict[str, Any]] = {
    "*localhost": {"conns": [{"address": "127.0.0.1:2012", "transport": "*json"}]},
    "*bijson_localhost": {"conns": [{"address": "127.0.0.1:2014", "transport": "*birpc_json"}]},
}
"""Pools that are there without being configured."""

UNSERVED = ("*gob", "*birpc_gob")


class NoMethods:
    """The directory of a connection on which nothing is served."""

    def find(self, method: str) -> Any:
        """There is nothing."""
        raise UnknownService(method, explain="nothing is served on this connection")

    def request_nowait(self, served: Any, args: Any, peer: Any) -> Any:
        """Never reached: nothing is found."""
        raise UnknownService("", explain="nothing is served on this connection")


class Unserved:
    """A connection that cannot be used as it is configured; whoever asks is told what to change."""

    def __init__(self, text: str) -> None:
        self._text = text

    def start(self, nursery: trio.Nursery) -> None:
        """There is nothing to open."""

    async def call(self, method: str, args: object, reply: Any = Any) -> Any:
        """Always an error, after which the next connection of the pool is asked."""
        raise Unreachable(self._text, explain="the other connections of the pool are asked instead, where there are any")


class Pool:
    """The connections of one id.

    Args:
        name: the id.
        clients: in the configured order.
        strategy: who of them is asked, and whose answer counts.
        clock: pauses between repetitions.
    """

    def __init__(self, *, name: str, clients: Sequence[Any], strategy: Strategy, clock: Clock) -> None:
        self.name = name
        self._clock = clock
        self._clients = clients
        self._strategy = strategy
        self._nursery: trio.Nursery | None = None

    def start(self, nursery: trio.Nursery) -> None:
        """From now on connections may be opened; they live in the nursery."""
        self._nursery = nursery
        for client in self._clients:
            client.start(nursery)

    async def call(self, method: str, args: object, reply: Any = Any) -> Any:
        """Ask the other daemon; with a request key, again until it is known what became of it.

        Args:
            method: "Service.Method".
            args: anything that has a JSON form.
            reply: the type of the answer; fields that it does not have are not looked at.

        Raises:
            Unreachable: nobody answered.
            Unanswered: what has a key may have been done or not.
            CgrdError: the answer, as the type that it would have here.
        """
        if self._nursery is None:
            raise Disconnected(explain=f"rpc_conns.{self.name} is not open: the daemon is starting or stopping")
        keyed = bool(key_of(args))
        if len(self._clients) == 1 and not keyed:
            return await self._clients[0].call(method, args, reply)

        async def ask(client: Any) -> Any:
            return await (surely(client, method, args, reply, clock=self._clock) if keyed else client.call(method, args, reply))

        return await self._strategy(self._clients, ask, self._nursery)


class Pools(Mapping[str, Pool]):
    """Every pool of a configuration, the built-in ones included; the graph's `pools`.

    Args:
        rpc_conns: the section of that name.
        general: gives what a connection leaves open, and `max_parallel_conns`.
        tls: the section of that name; client certificates.
        clock: pauses between tries.
        directory: what is served to the other end of a both-way connection (`AgentV1` methods).
        internal: who is asked where an address is `*internal`.
        limits: what the other ends may send.

    Raises:
        ConfigurationError: a strategy or transport that does not exist, a certificate that cannot be read.
    """

    def __init__(
        self,
        *,
        rpc_conns: Mapping[str, Any],
        general: Mapping[str, Any],
        tls: Mapping[str, Any],
        clock: Clock,
        directory: Directory | None = None,
        internal: Client | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._general = general
        self._tls = tls
        self._clock = clock
        self._internal = internal
        self._limits = limits or Limits()
        self._serving = Answerer(directory or NoMethods(), self._limits)
        self._silent = Answerer(NoMethods(), self._limits)
        self._pools = {name: self._pool(name, pool) for name, pool in {**BUILT_IN, **rpc_conns}.items()}

    def __getitem__(self, name: str) -> Pool:
        return self._pools[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._pools)

    def __len__(self) -> int:
        return len(self._pools)

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Let connections be opened until cancelled; then all are closed."""
        async with trio.open_nursery() as nursery:
            for pool in self._pools.values():
                pool.start(nursery)
            task_status.started()
            await trio.sleep_forever()

    def _pool(self, name: str, pool: Mapping[str, Any]) -> Pool:
        strategy = str(pool.get("strategy") or "*first")
        if strategy not in STRATEGIES:
            raise ConfigurationError(f"rpc_conns.{name}: no strategy {strategy}; there are {', '.join(STRATEGIES)}")
        settings = [ConnectionSettings.read(name, entry, general=self._general, tls=self._tls) for entry in pool.get("conns") or []]
        if strategy == "*parallel":
            settings = settings[:1]
        if not settings:
            return Pool(name=name, clients=[Unserved(f"rpc_conns.{name} has no conns; give it an address")], strategy=STRATEGIES[strategy](), clock=self._clock)
        clients = [self._client(each, patient=len(settings) == 1, parallel=strategy == "*parallel", most=int(pool.get("poolSize") or 0)) for each in settings]
        return Pool(name=name, clients=clients, strategy=STRATEGIES[strategy](), clock=self._clock)

    def _client(self, settings: ConnectionSettings, *, patient: bool, parallel: bool, most: int) -> Any:
        if settings.address in ("*internal", "*birpc_internal"):
            return Internal(self._internal) if self._internal else Unserved(f"{settings.name}: nothing is served internally")
        if settings.transport in UNSERVED:
            return Unserved(
                f"{settings.name}: transport {settings.transport} is not spoken here; set *json (or *birpc_json) and the "
                "address of the JSON listener, which by default has port 2012 (or 2014)"
            )
        if settings.transport == "*http_jsonrpc":
            return HttpClient(settings=settings, limits=self._limits)
        make = partial(self._stream_client, settings, patient)
        if parallel:
            return ParallelClient(make=make, most=most or int(self._general.get("max_parallel_conns") or 100))
        return make()

    def _stream_client(self, settings: ConnectionSettings, patient: bool) -> StreamClient:
        return StreamClient(
            settings=settings,
            dial=self._dial(settings),
            answerer=self._serving if settings.transport == "*birpc_json" else self._silent,
            limits=self._limits,
            clock=self._clock,
            patient=patient,
        )

    def _dial(self, settings: ConnectionSettings) -> Any:
        secured = settings.tls or settings.address.startswith("wss:")
        tls = client_tls(ca_certificate=settings.ca_certificate, certificate=settings.client_certificate, key=settings.client_key) if secured else None
        match settings.transport:
            case "*json" | "*birpc_json":
                return tcp_dial(settings.address, tls)
            case "*ws_jsonrpc":
                return websocket_dial(settings.address, self._limits, tls)
        known = "*json, *birpc_json, *http_jsonrpc, *ws_jsonrpc"
        raise ConfigurationError(f"{settings.name}: no transport {settings.transport}; there are {known}")


class Internal:
    """A connection of a pool that leads to this daemon itself."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def start(self, nursery: trio.Nursery) -> None:
        """There is nothing to open."""

    async def call(self, method: str, args: object, reply: Any = Any) -> Any:
        """Ask here."""
        return await self._client.call(method, args, reply)
