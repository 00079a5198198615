"""A call that is begun without a wait goes where an awaited one does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from cgrd import Subsystem, method
from cgrd.errors import Unreachable
from cgrd.graph import Graph
from cgrd.services import Services
from cgrd.store import SqliteStore
from cgrd.testing import VirtualClock


class Watcher(Subsystem, section="watcher"):
    """Needs somebody whom it cannot reach."""

    @method("Watcher.Tell")
    def tell(self, args: str) -> str:
        raise Unreachable("DISCONNECTED", explain="nobody there")


class FarPool:
    """Leads to another daemon."""

    async def call(self, method: str, args: object, reply: Any = Any) -> Any:
        return f"{method} there"


@pytest.mark.parametrize("begins", [True, False])
async def test_the_next_connection_is_asked_where_the_first_is_here(virtual_clock: VirtualClock, begins: bool) -> None:
    graph = Graph(store=SqliteStore.in_memory(clock=virtual_clock), clock=virtual_clock, pools={"far": FarPool()})
    services = cast("Services", SimpleNamespace(graph=graph))
    for served in Watcher(services=services, config={}).served():
        graph.add(served)
    caller = Subsystem(services=services, config={"watchers_conns": ["*internal", "far"]})
    ask = caller.begin_call if begins else caller.call
    assert await ask("watchers", "Watcher.Tell", "") == "Watcher.Tell there"
