"""Calls that set off one another: counted through requests, ended at the same depth wherever they go."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from cgrd.component import served_as
from cgrd.errors import Circular
from cgrd.graph import Graph
from cgrd.hops import MOST, deeper, going_on, hops
from cgrd.rpc.answering import Answerer
from cgrd.rpc.limits import Limits
from cgrd.rpc.messages import request
from cgrd.store import SqliteStore

PLAIN = b'{"method":"Desk.Depth","params":[{}],"id":1}\n'


class Desk:
    """Tells how deep it is asked."""

    def depth(self, args: dict[str, Any]) -> int:
        """At once."""
        return hops()

    async def depth_later(self, args: dict[str, Any]) -> int:
        """After others had their turn."""
        await trio.lowlevel.checkpoint()
        return hops()


def answerer() -> Answerer:
    desk = Desk()
    store = SqliteStore.in_memory()
    graph = Graph(store=store, methods=[served_as("Desk.Depth", desk.depth, owner="desk"), served_as("Desk.Later", desk.depth_later, owner="desk")])
    return Answerer(graph, Limits())


async def asked(request_: bytes) -> bytes:
    answer = answerer().answer(request_, None)
    return answer if isinstance(answer, bytes) else await answer()


def test_what_nothing_has_set_off_says_nothing_of_it() -> None:
    assert request(1, "Desk.Depth", {}) == PLAIN
    assert hops() == 0


@pytest.mark.parametrize("method", ["Desk.Depth", "Desk.Later"])
async def test_a_request_goes_on_from_where_it_was_set_off(method: str) -> None:
    with deeper("a"), deeper("b"):
        sent = request(1, method, {})
    assert b'"result":2,' in await asked(sent)
    assert hops() == 0


@pytest.mark.parametrize("told", ["0", "-1", "1.5", "null", '"3"', "[1]", "1e9", "999999999999999999999"])
async def test_what_is_no_depth_says_nothing(told: str) -> None:
    assert b'"result":0,' in await asked(PLAIN.replace(b'"id":1', b'"id":1,"hops":%b' % told.encode()))


def test_the_end_is_refused_and_says_what_came_to_it() -> None:
    with going_on(MOST - 1), deeper("threshold A"), pytest.raises(Circular, match="CIRCULAR_CALL") as refused, deeper("threshold B"):
        raise AssertionError("it went on")
    assert "threshold B" in refused.value.explain


async def test_a_task_goes_on_from_where_it_was_started() -> None:
    found: list[int] = []

    async def tell() -> None:
        found.append(hops())

    async with trio.open_nursery() as nursery:
        with deeper("a"):
            nursery.start_soon(tell)
    assert found == [1]
