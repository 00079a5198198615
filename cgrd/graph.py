"""Who may call whom, and how: methods by name, edges from `*_conns`, local callers and remote ones behind one `call`.

The graph is frozen at start and swapped whole at reload. A local call is a direct call of Python objects; a remote one goes
through a connection pool. A callee never changes what it was given, so both give the same result.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextvars import ContextVar
from functools import partial
from types import CoroutineType, GenericAlias
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from cgrd.codec import convert
from cgrd.component import INTERNAL, Agent, Component, Peer, Served
from cgrd.errors import Busy, CgrdError, MandatoryMissing, UnknownMethod, UnknownService, Unreachable, Wrong
from cgrd.once import key_of, once, outgoing
from cgrd.rpc.interface import Later

if TYPE_CHECKING:
    from cgrd.clock import Clock
    from cgrd.store import Store, Ticket

__all__ = [
    "Graph",
    "Hop",
    "LocalPeer",
    "Watcher",
]

CALLED_BACK = "*callback"
"""Who asks in a hop to an agent that is called back; the call above it says which component it was."""


class Pool(Protocol):
    """Connections to another daemon: what `rpc_conns.<id>` describes."""

    async def call(self, method: str, args: object, reply: Any = Any) -> Any:
        """Ask the other daemon; raises `Unreachable` when it did not answer, other errors are its answer."""


class Hop(NamedTuple):
    """One call as watchers see it, told when it has ended. Times are monotonic nanoseconds.

    `number` tells calls apart, `parent` is the number of the call that made this one, 0 = it came from outside.
    """

    number: int
    parent: int
    source: str
    target: str
    method: str
    args: Any
    reply: Any
    error: CgrdError | None
    started_ns: int
    took_ns: int


Watcher = Callable[[Hop], None]

_numbers = itertools.count(1)
_current: ContextVar[int] = ContextVar("current_hop", default=0)


class LocalPeer:
    """An agent of this process, as SessionS sees it: it is called back by direct calls, which watchers see like any other."""

    def __init__(self, *, component: Component, graph: Graph) -> None:
        self.id = f"*internal:{component.section}"
        self._graph = graph
        self._methods = {served.name: served for served in component.served()}

    async def call(self, method: str, args: object, reply: Any = Any) -> Any:
        served = self._methods.get(method)
        if served is None:
            raise UnknownMethod(method, explain=f"{self.id} does not offer it")
        return fitted(await self._graph.call_back(served, taken(args, served.args)), reply)


def fitted(value: Any, wanted: Any) -> Any:
    """The answer in the shape that the caller asked for; as it is when it already has it."""
    if wanted is Any or value is None or type(value) is wanted or _has_shape(value, wanted):
        return value
    try:
        return convert(value, wanted)
    except msgspec.ValidationError as error:
        raise Wrong(f"the answer does not fit {wanted}: {error}") from error


def taken(args: Any, wanted: Any) -> Any:
    """The arguments as the callee declared them; as they are when they fit already. A caller need not know the callee's own type."""
    if wanted is Any or type(args) is wanted or _has_shape(args, wanted):
        return args
    try:
        return convert(args, wanted)
    except msgspec.ValidationError as error:
        raise Wrong(f"the arguments do not fit {wanted}: {error}") from error


def _has_shape(value: Any, wanted: Any) -> bool:
    """Whether a value is what was asked for already, and need not be read field by field; what cannot be told is not."""
    if type(value) is list and type(wanted) is GenericAlias and wanted.__origin__ is list:
        return {wanted.__args__[0]}.issuperset(map(type, value))
    return isinstance(wanted, type) and isinstance(value, wanted)


class Graph:
    """Methods and edges of one configuration.

    Args:
        methods: every method served here.
        store: whose commit an answer waits for.
        pools: remote connections by id.
        clock: times of hops.
        caps: how many requests may be under way, 0 = any number.
        watchers: who sees every hop; none costs nothing.
    """

    def __init__(
        self,
        *,
        store: Store,
        methods: Iterable[Served] = (),
        pools: Mapping[str, Pool] | None = None,
        clock: Clock | None = None,
        caps: int = 0,
        watchers: Sequence[Watcher] = (),
    ) -> None:
        self.methods: dict[str, Served] = {}
        self.services: set[str] = set()
        self.pools: Mapping[str, Pool] = pools or {}
        self.caps = caps
        self.under_way = 0
        self.peak = 0
        self.watchers: tuple[Watcher, ...] = tuple(watchers)
        self._store = store
        self._clock = clock
        self._peers: dict[int, LocalPeer] = {}
        self.serve(methods)

    def serve(self, methods: Iterable[Served]) -> None:
        """Serve these methods, and no others.

        Raises:
            Wrong: two components serve the same name; what was served before is served on.
        """
        before = self.methods, self.services
        self.methods, self.services = {}, set()
        try:
            for served in methods:
                self.add(served)
        except Exception:
            self.methods, self.services = before
            raise

    def add(self, served: Served) -> None:
        """Serve one more method.

        Raises:
            Wrong: two components serve the same name.
        """
        if served.name in self.methods:
            raise Wrong(f"{served.name} is served by {self.methods[served.name].owner} and by {served.owner}")
        self.methods[served.name] = served
        self.services.add(served.service)

    def find(self, method: str) -> Served:
        """The method of that name.

        Raises:
            UnknownService, UnknownMethod: nothing here serves it.
            Wrong: the name has no dot.
        """
        served = self.methods.get(method)
        if served is not None:
            return served
        service, dot, name = method.rpartition(".")
        if not dot:
            raise Wrong(f"rpc: service/method request ill-formed: {method[:200]}")
        if service in self.services:
            raise UnknownMethod(method, explain=f"{service} is served here but has no {name}; `cgrd methods` lists what there is")
        raise UnknownService(method, explain=f"no enabled component serves {service}; `cgrd plugins` shows what is enabled")

    async def request(self, served: Served, args: Any, peer: Peer | None = None, *, source: str = "*rpc") -> Any:
        """A request from outside: counted against `caps`, answered when what it changed is committed."""
        return await self._request(self._store.scope(), served, args, peer, source)

    async def _request(self, ticket: Ticket, served: Served, args: Any, peer: Peer | None, source: str) -> Any:
        ticket.begun()
        self._refuse_when_busy()
        if key := key_of(args):
            return await self._answered(ticket, once, self._store, key, served, args, lambda given: self._invoke(served, given, peer, source))
        return await self._answered(ticket, self._begin, served, args, peer, source)

    async def _answered(self, ticket: Ticket, begin: Callable[..., Any], *given: Any) -> Any:
        """The answer or the error of a request when what either tells of is committed."""
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        try:
            with ticket:
                answer = begin(*given)
                return await answer if type(answer) is CoroutineType else answer
        finally:
            try:
                await ticket.durable()
            finally:
                self.under_way -= 1

    def request_nowait(self, served: Served, args: Any, peer: Peer | None = None) -> Any:
        """Begin a request from outside without a task switch: its answer, or a `Later` to be awaited.

        A plain function has run when this returns; a `Later` then stands for its commit, or for the coroutine that it returned
        because it has to wait. An async one has not begun.
        """
        if served.is_async or self.watchers or key_of(args):
            return Later(partial(self._request, self._store.scope(to_come=True), served, args, peer, "*rpc"))
        self._refuse_when_busy()
        with self._store.scope() as ticket:
            try:
                answer = served.handler(args, peer) if served.wants_peer else served.handler(args)
            except CgrdError as error:
                if not ticket.waiting:
                    raise
                return Later(partial(self._refused, ticket, error))
        if type(answer) is CoroutineType:
            return Later(partial(self._answered, ticket, lambda: answer))
        return Later(partial(self._committed, ticket, answer)) if ticket.waiting else answer

    async def _committed(self, ticket: Ticket, answer: Any) -> Any:
        await ticket.durable()
        return answer

    async def _refused(self, ticket: Ticket, error: CgrdError) -> Any:
        await ticket.durable()
        raise error

    def _refuse_when_busy(self) -> None:
        if self.caps and self.under_way >= self.caps:
            raise Busy(explain=f"cores.caps allows {self.caps} requests at a time")

    def _begin(self, served: Served, args: Any, peer: Peer | None, source: str) -> Any:
        """What a method answers, or the coroutine that gives it."""
        if self.watchers:
            return self._watched(served, args, peer, source=source)
        return served.handler(args, peer) if served.wants_peer else served.handler(args)

    async def _invoke(self, served: Served, args: Any, peer: Peer | None, source: str) -> Any:
        answer = self._begin(served, args, peer, source)
        return await answer if type(answer) is CoroutineType else answer

    async def _watched(self, served: Served, args: Any, peer: Peer | None, *, source: str) -> Any:
        assert self._clock is not None
        started = self._clock.monotonic_ns()
        number, parent = next(_numbers), _current.get()
        inside = _current.set(number)
        reply, failure = None, None
        try:
            answer = served.handler(args, peer) if served.wants_peer else served.handler(args)
            reply = await answer if type(answer) is CoroutineType else answer
            return reply
        except CgrdError as error:
            failure = error
            raise
        finally:
            _current.reset(inside)
            took = self._clock.monotonic_ns() - started
            self._tell(Hop(number, parent, source, served.owner, served.name, args, reply, failure, started, took))

    def _tell(self, hop: Hop) -> None:
        for watcher in self.watchers:
            watcher(hop)

    def watch(self, watcher: Watcher) -> None:
        """Tell this one of every hop, too."""
        if watcher not in self.watchers:
            self.watchers = (*self.watchers, watcher)

    def unwatch(self, watcher: Watcher) -> None:
        """Tell it no more."""
        self.watchers = tuple(each for each in self.watchers if each != watcher)

    async def call(self, caller: Component, edge: str, method: str, args: object, reply: Any = Any) -> Any:
        """Ask over the caller's `<edge>_conns`, in their order; the next one is tried when one cannot be reached.

        Raises:
            MandatoryMissing: the edge has no connections.
            CgrdError: the callee's answer, or why none of them answered.
        """
        connections = caller.config.get(f"{edge}_conns")
        if not connections:
            raise MandatoryMissing("connIDs", explain=f"{caller.section}.{edge}_conns is empty; name a connection there, as *internal")
        failure: CgrdError | None = None
        for connection in connections:
            try:
                if connection not in INTERNAL:
                    return await self._there(connection, caller, method, args, reply)
                answer = self._here(caller, method, args)
                if type(answer) is CoroutineType:
                    answer = await answer
                return fitted(answer, reply)
            except Unreachable as error:
                failure = error
        assert failure is not None
        raise failure

    def begin_call(self, caller: Component, edge: str, method: str, args: object) -> Any:
        """`call` without a wait where none is needed: the answer of a callee in this process, or a coroutine that gives it."""
        connections = caller.config.get(f"{edge}_conns")
        # Where there are several, the next one may have to be asked.
        if not connections or len(connections) > 1 or connections[0] not in INTERNAL:
            return self.call(caller, edge, method, args)
        return self._here(caller, method, args)

    def heeded(self, caller: Component, edge: str, method: str, tenant: str, fields: Set[str], options: Mapping[str, Any]) -> bool:
        """Whether such an event need be sent over an edge. Watchers shall see it, so where there are any it is."""
        connections = caller.config.get(f"{edge}_conns")
        if not connections or connections[0] not in INTERNAL or self.watchers:
            return bool(connections)
        served = self.methods.get(method)
        return served is None or served.heeds is None or served.heeds(tenant, fields, options)

    def _here(self, caller: Component, method: str, args: Any) -> Any:
        """What a method of this process answers, or the coroutine that gives it."""
        served = self.methods.get(method) or self.find(method)
        peer = self.peer_of(caller) if served.wants_peer else None
        args = taken(args, served.args)
        # What an agent asks comes from outside: it is acted on when it is answered, so the answer waits for the commit.
        if isinstance(caller, Agent):
            return self.request(served, args, peer, source=caller.section)
        return self._begin(served, args, peer, caller.section)

    async def _there(self, connection: str, caller: Component, method: str, args: Any, reply: Any) -> Any:
        """What a method of another daemon answers."""
        pool = self.pools.get(connection)
        if pool is None:
            raise Wrong(f"connection {connection} is not defined", explain=f"{caller.section} names it; define it under rpc_conns")
        args = outgoing(self._store, method, args)
        if not self.watchers:
            return await pool.call(method, args, reply)
        remote = Served(name=method, args=Any, handler=lambda a: pool.call(method, a, reply), is_async=True, wants_peer=False, owner=connection)
        return await self._watched(remote, args, None, source=caller.section)

    def peer_of(self, component: Component) -> LocalPeer:
        """The component as others call it back; one peer each, so that it can be kept and compared."""
        peer = self._peers.get(id(component))
        if peer is None:
            peer = self._peers[id(component)] = LocalPeer(component=component, graph=self)
        return peer

    async def call_back(self, served: Served, args: Any) -> Any:
        """Ask an agent of this process, which is no request from outside."""
        return await self._invoke(served, args, None, CALLED_BACK)
