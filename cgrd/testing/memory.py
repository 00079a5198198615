"""A whole daemon in memory: every installed plugin that the sections ask for, SQLite in memory, no sockets, a clock that tests turn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from cgrd.codec import decode, encode
from cgrd.config import Tree, defaults, overlaid
from cgrd.config.sources import Source
from cgrd.graph import fitted
from cgrd.kernel import Kernel, load_plugins, schemas_of
from cgrd.plugins import Plugins
from cgrd.rpc.arguments import read_arguments
from cgrd.store import SqliteStore
from cgrd.testing.clock import VirtualClock

if TYPE_CHECKING:
    from cgrd.clock import Clock
    from cgrd.component import Peer
    from cgrd.store import Store

SILENT = {"rpc_json": "", "rpc_gob": "", "http": "", "birpc_json": "", "rpc_json_tls": "", "rpc_gob_tls": "", "http_tls": ""}


def tree_of(sections: Mapping[str, Any], plugins: Plugins) -> Tree:
    """The checked configuration that a cgrd.toml with these sections would be; it listens nowhere unless they say so.

    Raises:
        ConfigurationError: as for a file: unknown keys, wrong values, edges to what is not enabled.
    """
    given = {**sections, "listen": {**SILENT, **sections.get("listen", {})}}
    return overlaid(defaults(schemas_of(plugins), "toml"), [Source("kernel_in_memory", given)])


@asynccontextmanager
async def kernel_in_memory(sections: Mapping[str, Any], *, clock: Clock | None = None, store: Store | None = None) -> AsyncIterator[Kernel]:
    """A running daemon of these sections; keys that are not given have their defaults of a TOML configuration.

    Args:
        sections: what the configuration file would say.
        clock: a virtual one by default.
        store: on which the daemon runs, and which it closes; one in memory by default. A second daemon on the same money wants a file:
            `SqliteStore.open(tmp_path / "cgrd.sqlite", clock=clock)` each time.

    Raises:
        ConfigurationError, PluginError: the daemon cannot be put together.
    """
    clock = clock or VirtualClock()
    plugins = Plugins.installed()
    tree = tree_of(sections, plugins)
    load_plugins(plugins, tree)
    kernel = Kernel(tree=tree, plugins=plugins, store=store or SqliteStore.in_memory(clock=clock), clock=clock)
    failure: BaseException | None = None
    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(kernel.run)
            try:
                yield kernel
            except trio.Cancelled:
                raise
            except BaseException as error:  # raised again outside of the nursery, which would wrap it in a group
                failure = error
            nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        failure = _alone(group)
    if failure is not None:
        raise failure


def _alone(error: BaseException) -> BaseException:
    """The one error in a group of groups; the group where there are several."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


async def call(kernel: Kernel, method: str, *, peer: Peer | None = None, **arguments: Any) -> Any:
    """Call a method as a client would: its arguments and its answer go through JSON; raises what the client would be told.

    Args:
        kernel: the daemon.
        method: `Service.Method`.
        peer: who calls, where the daemon is to call back (`RecordedPeer`).
        arguments: the fields of the method's argument.
    """
    served = kernel.house.graph.find(method)
    answer = await kernel.house.graph.request(served, read_arguments(served.args, msgspec.Raw(encode([arguments]))), peer)
    return decode(encode(answer))


_agents = count(1)


class RecordedPeer:
    """An agent as SessionS sees it: it keeps what it is told, and answers OK.

    Attributes:
        told: method and arguments of each call.
        answers: what it answers instead, by method; an exception is raised.
    """

    def __init__(self, name: str = "") -> None:
        self.id = name or f"agent{next(_agents)}"
        self.told: list[tuple[str, Any]] = []
        self.answers: dict[str, Any] = {}

    async def call(self, method: str, args: object, reply: Any = Any) -> Any:
        self.told.append((method, decode(encode(args))))
        answer = self.answers.get(method, "OK")
        if isinstance(answer, Exception):
            raise answer
        return fitted(answer, reply)
