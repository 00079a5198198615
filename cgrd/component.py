"""What a plugin's class is to the kernel: its section, its methods, its life, and how it asks others.

A subsystem, an agent and an exporter are components. The kernel builds them from the checked configuration, serves the methods
they declare, and resolves the edges over which they call one another.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import trio

from cgrd.errors import CgrdError, is_nothing

if TYPE_CHECKING:
    from cgrd.profiles.watching import Watches
    from cgrd.services import Services

__all__ = [
    "INTERNAL",
    "Agent",
    "Component",
    "HttpFace",
    "Peer",
    "Served",
    "Subsystem",
    "method",
    "methods_of",
    "served_as",
]

INTERNAL = ("*internal", "*birpc_internal")
"""Connections that lead to this daemon itself."""

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Peer(Protocol):
    """The other end of a both-way connection, or an agent in this process: who can be called back."""

    id: str

    async def call(self, method: str, args: object, reply: Any = Any) -> Any:
        """Call a method of the other end (`AgentV1.DisconnectSession`); raises `CgrdError`."""


class HttpFace(NamedTuple):
    """An ASGI application of a component: at `path` of the shared HTTP listener, or on `listen` ("host:port") of its own."""

    path: str
    app: Callable[..., Awaitable[None]]
    listen: str = ""


Heeds = Callable[[str, Set[str], Mapping[str, Any]], bool]
"""Whether an event of this tenant may mean anything that has these fields, whatever they hold, and these options."""


class Served(msgspec.Struct, frozen=True):
    """One method as the graph serves it. `handler` takes the decoded arguments, and the peer where `wants_peer`."""

    name: str
    args: Any
    handler: Callable[..., Any]
    is_async: bool
    wants_peer: bool
    owner: str
    may_wait: bool = False
    """Whether a plain one answers a coroutine where it has to wait."""
    heeds: Heeds | None = None
    """Of events: whether such ones may mean anything to it; None where it does not say."""

    @property
    def service(self) -> str:
        return self.name.partition(".")[0]


def method(*names: str, heeds: str = "") -> Callable[[F], F]:
    """Serve a component's function under these RPC names; the annotation of its first parameter is the arguments' type.

    One that takes events may name a function beside it that tells which it would find nothing for (`Heeds`): those need not be sent.

    A plain function that seldom has to wait may return its answer, or a coroutine that gives it: most requests then need no task.
    """

    def mark(function: F) -> F:
        function.__cgrd_methods__ = names  # type: ignore[attr-defined]
        function.__cgrd_heeds__ = heeds  # type: ignore[attr-defined]
        return function

    return mark


class Component:
    """Anything with a configuration section that the kernel builds.

    Args:
        services: what the kernel offers.
        config: the checked section, defaults filled in.
    """

    section: ClassVar[str] = ""
    watches: Watches | None = None
    """What it watches in the profiles' tables; the kernel sets it, and ends it with the component."""

    def __init_subclass__(cls, *, section: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if section:
            cls.section = section

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        self.services = services
        self.config = config

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Work until cancelled; `started()` only when it really listens."""
        task_status.started()
        await trio.sleep_forever()

    async def reload(self, config: dict[str, Any]) -> None:
        """Go on with another configuration of the section; raise, with nothing changed, when it cannot."""
        self.config = config

    def served(self) -> Iterator[Served]:
        """The methods this component serves; by default those marked with `@method`."""
        yield from methods_of(self, owner=self.section)

    def administration(self) -> Sequence[object]:
        """Parts whose methods stand beside those of ApierS (`APIerSv1.GetAccount`): they are served where `apiers.enabled`."""
        return ()

    def faces(self) -> Sequence[HttpFace]:
        """What it serves over HTTP besides RPC."""
        return ()

    def linked(self, edge: str) -> bool:
        """Whether `<edge>_conns` of the section leads anywhere."""
        return bool(self.config.get(f"{edge}_conns"))

    def heeded(self, edge: str, method: str, tenant: str, fields: Set[str], options: Mapping[str, Any]) -> bool:
        """Whether an event with these fields, whatever they hold, and these options need be sent over `<edge>_conns`.

        It need not where they lead nowhere, nor to a callee in this process that would find nothing for it.
        """
        return self.services.graph.heeded(self, edge, method, tenant, fields, options)

    def is_remote(self, edge: str) -> bool:
        """Whether `<edge>_conns` may lead to another daemon."""
        return any(connection not in INTERNAL for connection in self.config.get(f"{edge}_conns") or ())

    def call(self, edge: str, method: str, args: object, reply: type[T] | Any = Any) -> Coroutine[Any, Any, Any]:
        """Ask over `<edge>_conns`: a direct call, or another daemon; the configuration decides. To be awaited.

        Raises:
            MandatoryMissing: the edge leads nowhere.
            CgrdError: what the callee answered, or that it cannot be reached.
        """
        return self.services.graph.call(self, edge, method, args, reply)

    def begin_call(self, edge: str, method: str, args: object) -> Any:
        """`call` without a wait where none is needed: the answer of a callee in this process, or a coroutine that gives it."""
        return self.services.graph.begin_call(self, edge, method, args)

    async def call_or_none(self, edge: str, method: str, args: object, reply: type[T] | Any = Any) -> Any:
        """`call`, where it is no failure that nothing is found there: None then."""
        try:
            return await self.call(edge, method, args, reply)
        except CgrdError as error:
            if is_nothing(error):
                return None
            raise


class Subsystem(Component):
    """A charging concern: decides, prices, counts or records events."""


class Agent(Component):
    """Speaks a protocol; turns what happens there into events and acts on what is answered."""


def methods_of(part: object, *, owner: str) -> Iterator[Served]:
    """The methods marked with `@method` on any object: a component, or a part that it is made of."""
    for name, attribute in declared_methods(type(part)):
        handler = getattr(part, attribute)
        heeds = handler.__cgrd_heeds__
        yield served_as(name, handler, owner=owner, heeds=getattr(part, heeds) if heeds else None)


def declared_methods(kind: type) -> Iterator[tuple[str, str]]:
    """RPC name and attribute of each function of a class that is marked with `@method`."""
    for attribute in dir(kind):
        for name in getattr(getattr(kind, attribute, None), "__cgrd_methods__", ()):
            yield name, attribute


def served_as(name: str, handler: Callable[..., Any], *, owner: str, args: Any = None, heeds: Heeds | None = None) -> Served:
    """Describe a bound function as a served method; `args` overrides its annotation."""
    parameters = list(inspect.signature(handler).parameters.values())
    may_wait = False
    if args is None:
        hints = get_type_hints(handler)
        args = hints.get(parameters[0].name, Any) if parameters else Any
        answer = hints.get("return")
        may_wait = any(get_origin(each) is Coroutine for each in (answer, *get_args(answer)))
    is_async = inspect.iscoroutinefunction(handler)
    wants_peer = len(parameters) > 1
    return Served(name=name, args=args, handler=handler, is_async=is_async, wants_peer=wants_peer, owner=owner, may_wait=may_wait, heeds=heeds)
