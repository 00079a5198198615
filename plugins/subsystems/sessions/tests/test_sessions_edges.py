"""SessionS with RALs in another daemon: what is lost on the way is asked for again, and nobody pays twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
import trio

from cgrd.durations import MINUTE, SECOND
from cgrd.errors import CgrdError
from cgrd.graph import Graph
from cgrd.store import SqliteStore
from cgrd.testing import VirtualClock, Wire

Wired = Callable[..., AbstractAsyncContextManager[tuple[Any, Wire]]]


@pytest.fixture
def wired(town_at: Any, virtual_clock: VirtualClock) -> Wired:
    """`async with wired() as (town, wire)`: the town's bank is in another daemon, at the end of the wire."""

    @asynccontextmanager
    async def made(store: Any = None, **config: Any) -> AsyncIterator[tuple[Any, Wire]]:
        async with town_at(store, rals_conns=["wire"], **config) as town, trio.open_nursery() as nursery:
            beyond = SqliteStore.in_memory(clock=virtual_clock)
            graph = Graph(store=beyond, clock=virtual_clock)
            services: Any = type("Few", (), {"graph": graph, "store": beyond})()
            town.bank.services = services
            for served in town.bank.served():
                graph.add(served)
            wire = Wire(graph, clock=virtual_clock)
            town.services.graph.pools = {"wire": wire.pool(nursery)}
            yield town, wire
            nursery.cancel_scope.cancel()

    return made


async def fails(clock: VirtualClock, request: Callable[[], Any], word: str) -> None:
    """The request ends with that word, however often it is repeated inside."""

    async def ask() -> None:
        with pytest.raises(CgrdError, match=word):
            await request()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await clock.advance(11 * SECOND)


async def test_answers_that_are_lost_cost_nothing(wired: Wired) -> None:
    async with wired() as (town, wire):
        for step in (lambda: town.initiate(Usage="10s"), lambda: town.update(Usage="10s"), lambda: town.terminate(Usage="15s")):
            wire.faults = ["answer"]
            await step()
        assert town.bank.money == Decimal(10) - Decimal("0.15")
        await town.record()
        assert town.cdr()["Cost"] == Decimal("0.15")


async def test_a_start_that_could_not_be_asked_for_may_come_again(wired: Wired, virtual_clock: VirtualClock) -> None:
    async with wired() as (town, wire):
        wire.down = True
        await fails(virtual_clock, lambda: town.initiate(Usage="10s"), "RALS_ERROR:DISCONNECTED")
        wire.down = False
        assert await town.initiate(Usage="10s") == 10 * SECOND
        with pytest.raises(CgrdError, match="EXISTS"):
            await town.initiate(Usage="10s")
        assert town.bank.money == Decimal("9.9")


async def test_a_debit_whose_outcome_is_not_known_is_learnt_before_the_next(wired: Wired, virtual_clock: VirtualClock) -> None:
    async with wired() as (town, wire):
        await town.initiate(Usage="10s")
        wire.faults = ["answer", *["request"] * 100]
        await fails(virtual_clock, lambda: town.update(Usage="10s"), "DISCONNECTED")
        assert town.bank.money == Decimal("9.8")
        wire.faults = []
        assert await town.update(Usage="10s") == 10 * SECOND
        assert town.bank.money == Decimal("9.8"), "what was paid already is what was granted"
        await town.terminate(Usage="12s")
        assert town.bank.money == Decimal(10) - Decimal("0.12")


async def test_it_is_learnt_after_a_restart_too(wired: Wired, virtual_clock: VirtualClock) -> None:
    store = SqliteStore.in_memory(clock=virtual_clock)
    async with wired(store) as (town, wire):
        wire.faults = ["answer", *["request"] * 100]
        await fails(virtual_clock, lambda: town.initiate(Usage="10s"), "DISCONNECTED")
        beyond, money = wire.graph, town.bank
    async with wired(store) as (town, wire):
        wire.graph = beyond
        assert await town.initiate(Usage="10s") == 10 * SECOND
        assert money.money == Decimal("9.9")
        await town.terminate(Usage="4s")
        assert money.money == Decimal(10) - Decimal("0.04")


async def test_a_session_whose_end_cannot_be_settled_stays_until_it_can(wired: Wired, virtual_clock: VirtualClock) -> None:
    async with wired() as (town, wire):
        await town.initiate(Usage="10s")
        wire.down = True
        await fails(virtual_clock, lambda: town.terminate(Usage="4s"), "RALS_ERROR:DISCONNECTED")
        assert len(town.sessions.registry.active) == 1
        wire.down = False
        await town.terminate(Usage="4s")
        assert town.bank.money == Decimal(10) - Decimal("0.04")
        assert not town.sessions.registry.active


async def test_a_lease_that_ends_while_rals_are_away_is_tried_again(wired: Wired, virtual_clock: VirtualClock) -> None:
    async with wired(session_lease="30s") as (town, wire):
        await town.initiate(Usage="10s")
        wire.down = True
        await virtual_clock.advance(MINUTE)
        assert len(town.sessions.registry.active) == 1
        wire.down = False
        await virtual_clock.advance(2 * MINUTE)
        assert not town.sessions.registry.active
        assert town.cdr()["Cost"] == Decimal(10) - town.bank.money
