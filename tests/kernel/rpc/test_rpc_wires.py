"""The wire of the test kit answers as a socket does: the same errors, of the same types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import trio

from cgrd import Subsystem, method
from cgrd.clock import SystemClock
from cgrd.errors import Busy, CgrdError, Exists, NotConnected, NotFound, RemoteError, UnknownMethod, UnknownService, Wrong
from cgrd.graph import Graph
from cgrd.rpc.pool import Pools
from cgrd.store import SqliteStore
from cgrd.testing import Wire


class Which(msgspec.Struct):
    Name: str


ERRORS = {
    "not found": NotFound(explain="set one"),
    "this one not found": NotFound.of("RP1", explain="set it"),
    "exists": Exists(explain="choose another"),
    "busy": Busy(explain="wait"),
    "not connected": NotConnected("StatS", explain="name a connection"),
    "a word without a type": CgrdError("RALS_ERROR:ACCOUNT_NOT_FOUND", explain="make it"),
}


class Faulty(Subsystem, section="faulty"):
    """Fails as it is told to."""

    @method("Faulty.Do")
    def do(self, args: Which) -> str:
        raise ERRORS[args.Name]


@pytest.fixture
def graph() -> Graph:
    made = Graph(store=SqliteStore.in_memory(), clock=SystemClock())
    for served in Faulty(services=None, config={}).served():  # type: ignore[arg-type]
        made.add(served)
    return made


@pytest.fixture(params=["wire", "socket"])
async def edge(request: pytest.FixtureRequest, graph: Graph, nursery: trio.Nursery, listening: Callable[..., Any]) -> Any:
    """A pool that leads to the graph."""
    if request.param == "wire":
        return Wire(graph, clock=SystemClock()).pool(nursery)
    port = await listening(directory=graph)
    general = {"connect_timeout": "1s", "reply_timeout": "1s", "connect_attempts": 1, "reconnects": 1, "max_reconnect_interval": "1s"}
    pools = Pools(rpc_conns={"it": {"strategy": "*first", "conns": [{"address": f"127.0.0.1:{port}"}]}}, general=general, tls={}, clock=SystemClock())
    await nursery.start(pools.serve)
    return pools["it"]


@pytest.mark.parametrize("name", ERRORS)
async def test_an_error_has_its_type_and_its_word(edge: Any, name: str) -> None:
    there = ERRORS[name]
    with pytest.raises(CgrdError) as caught:
        await edge.call("Faulty.Do", Which(Name=name))
    assert type(caught.value) is (RemoteError if type(there) is CgrdError else type(there))
    assert (caught.value.word, caught.value.explain) == (there.word, "")


@pytest.mark.parametrize(("name", "kind"), [("Faulty.Be", UnknownMethod), ("Fault.Do", UnknownService), ("Do", RemoteError)])
async def test_a_method_that_is_not_there(edge: Any, name: str, kind: type[CgrdError]) -> None:
    with pytest.raises(kind) as caught:
        await edge.call(name, Which(Name="exists"))
    assert name in caught.value.word
    assert not isinstance(caught.value, Wrong)


async def test_arguments_that_cannot_be_read(edge: Any) -> None:
    with pytest.raises(RemoteError, match="Name"):
        await edge.call("Faulty.Do", {"Name": 5})
