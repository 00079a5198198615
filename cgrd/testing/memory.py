"""A whole daemon in memory: every installed plugin that the sections ask for, SQLite in memory, no sockets, a clock that tests turn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import trio

from cgrd.codec import convert
from cgrd.config import defaults
from cgrd.kernel import Kernel, load_plugins, schemas_of
from cgrd.plugins import Plugins
from cgrd.store import SqliteStore
from cgrd.testing.clock import VirtualClock

if TYPE_CHECKING:
    from cgrd.clock import Clock
    from cgrd.store import Store

SILENT = {"rpc_json": "", "rpc_gob": "", "http": "", "birpc_json": "", "rpc_json_tls": "", "rpc_gob_tls": "", "http_tls": ""}


@asynccontextmanager
async def kernel_in_memory(sections: Mapping[str, Any], *, clock: Clock | None = None, store: Store | None = None) -> AsyncIterator[Kernel]:
    """A running daemon of these sections; keys that are not given have their defaults.

    Args:
        sections: what the configuration file would say.
        clock: a virtual one by default.
        store: kept by the caller, to start a second daemon on it; one in memory by default.
    """
    clock = clock or VirtualClock()
    plugins = Plugins.installed()
    tree = defaults(schemas_of(plugins), "cgrates")
    for name, section in {"listen": SILENT, **sections}.items():
        tree.sections[name] = {**tree.sections.get(name, {}), **section}
    load_plugins(plugins, tree)
    kernel = Kernel(tree=tree, plugins=plugins, store=store or SqliteStore.in_memory(clock=clock), clock=clock)
    async with trio.open_nursery() as nursery:
        await nursery.start(kernel.run)
        yield kernel
        nursery.cancel_scope.cancel()


async def call(kernel: Kernel, method: str, **arguments: Any) -> Any:
    """Call a method as a client would: by name, with the arguments of its JSON object; raises what the client would be told."""
    served = kernel.house.graph.find(method)
    args = arguments if served.args is Any else convert(arguments, served.args)
    return await kernel.house.graph.request(served, args)
