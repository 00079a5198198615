"""What a transaction asks of another daemon: once there, whatever is lost on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import trio

from cgrd import Component, Subsystem, method
from cgrd.clock import Clock
from cgrd.durations import SECOND
from cgrd.errors import Disconnected, Exists, NotFound, Unanswered
from cgrd.graph import Graph
from cgrd.once import key_of, keyed, unkeyed
from cgrd.store import SqliteStore
from cgrd.testing import VirtualClock, Wire


class Purse(msgspec.Struct):
    Tenant: str = "cgrates.org"
    Amount: int = 1
    APIOpts: dict[str, Any] | None = None


class Bank(Subsystem, section="bank"):
    """Counts what is taken."""

    taken = 0

    @method("Bank.Take")
    def take(self, args: Purse) -> int:
        if args.Amount < 0:
            raise NotFound
        assert "*idempotencyKey" not in (args.APIOpts or {})
        self.taken += args.Amount
        with self.services.store.transaction(why="Bank.Take") as tx:
            tx.put("bank", "taken", str(self.taken).encode())
        return self.taken


class Shop(Subsystem, section="shop"):
    """Sells over a wire: one transaction, `key` names it."""

    @method("Shop.Sell")
    async def sell(self, args: Purse) -> int:
        return await self.in_transaction("", args)

    async def in_transaction(self, key: str, args: Any) -> int:
        with self.services.store.transaction(why="Shop.Sell", key=key) as tx:
            taken: int = await self.call("bank", "Bank.Take", args, int)
            tx.put("sale", str(taken), b"x")
        return taken


class Street:
    """A shop in one daemon, its bank in another."""

    def __init__(self, clock: Clock, nursery: trio.Nursery) -> None:
        self.clock = clock
        self.stores = SqliteStore.in_memory(clock=clock), SqliteStore.in_memory(clock=clock)
        self.bank = self._build(Bank, Graph(store=self.stores[1], clock=clock), self.stores[1], {})
        self.wire = Wire(self.bank.services.graph, clock=clock)
        graph = Graph(store=self.stores[0], clock=clock, pools={"wire": self.wire.pool(nursery)})
        self.shop = self._build(Shop, graph, self.stores[0], {"bank_conns": ["wire"]})

    @staticmethod
    def _build(kind: Any, graph: Graph, store: SqliteStore, config: dict[str, Any]) -> Any:
        services: Any = type("Few", (), {"graph": graph, "store": store})()
        made: Component = kind(services=services, config=config)
        for served in made.served():
            graph.add(served)
        return made

    async def sell(self, **args: Any) -> Any:
        graph = self.shop.services.graph
        return await graph.request(graph.find("Shop.Sell"), Purse(**args))


@asynccontextmanager
async def street(clock: Clock) -> AsyncIterator[Street]:
    async with trio.open_nursery() as nursery:
        yield Street(clock, nursery)
        nursery.cancel_scope.cancel()


async def test_an_answer_that_is_lost_is_asked_for_again_and_nothing_is_taken_twice(virtual_clock: VirtualClock) -> None:
    async with street(virtual_clock) as made:
        made.wire.faults = ["answer"]
        assert await made.sell() == 1
        assert made.bank.taken == 1
        assert len(made.wire.sent) == 2
        assert len(set(made.wire.sent)) == 1


async def test_what_was_not_sent_is_not_repeated_here(virtual_clock: VirtualClock) -> None:
    async with street(virtual_clock) as made:
        made.wire.faults = ["request"]
        with pytest.raises(Disconnected):
            await made.sell()
        assert made.bank.taken == 0
        assert made.stores[0].get("sale", "1") is None


async def test_a_wire_that_stays_down_leaves_the_outcome_unknown_and_the_same_transaction_learns_it(virtual_clock: VirtualClock) -> None:
    async with street(virtual_clock) as made:
        made.wire.faults = ["answer", *["request"] * 100]

        async def fail() -> None:
            with pytest.raises(Unanswered, match="DISCONNECTED"):
                await made.shop.in_transaction("sale 7", Purse())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail)
            await virtual_clock.advance(11 * SECOND)
        made.wire.faults = []
        assert made.bank.taken == 1
        assert await made.shop.in_transaction("sale 7", Purse()) == 1
        assert await made.shop.in_transaction("sale 8", Purse()) == 2


async def test_the_key_of_a_request_is_that_of_what_it_asks_for(virtual_clock: VirtualClock) -> None:
    async with street(virtual_clock) as made:
        args = {"APIOpts": {"*idempotencyKey": "k1"}}
        assert [await made.sell(**args), await made.sell(**args)] == [1, 1]
        assert [key for _, key in made.wire.sent] == ["cgrates.org:Bank.Take:cgrates.org:k1:1"]


async def test_an_error_is_an_answer_and_is_not_kept(virtual_clock: VirtualClock) -> None:
    async with street(virtual_clock) as made:
        with pytest.raises(Exception, match="NOT_FOUND"):
            await made.shop.in_transaction("sale", Purse(Amount=-1))
        assert await made.shop.in_transaction("sale", Purse(Amount=1)) == 1


async def test_another_request_under_the_same_key_is_refused(virtual_clock: VirtualClock) -> None:
    async with street(virtual_clock) as made:
        await made.shop.in_transaction("sale", Purse(Amount=1))
        with pytest.raises(Exception, match="was used for another request"):
            await made.shop.in_transaction("sale", Purse(Amount=2))


async def test_outside_a_transaction_nothing_is_keyed(virtual_clock: VirtualClock) -> None:
    async with street(virtual_clock) as made:
        assert await made.shop.call("bank", "Bank.Take", Purse(), int) == 1
        assert made.wire.sent == [("Bank.Take", "")]


def test_keys_are_put_into_any_request_and_taken_out_again() -> None:
    struct = keyed(Purse(APIOpts={"a": 1}), "k")
    assert (key_of(struct), struct.APIOpts) == ("cgrates.org:k", {"a": 1, "*idempotencyKey": "k"})
    assert unkeyed(struct) == Purse(APIOpts={"a": 1})
    assert key_of(keyed({"Tenant": "t"}, "k")) == "t:k"
    assert unkeyed({"x": 1}) == {"x": 1}


async def test_an_error_that_tells_of_a_change_waits_for_its_commit(virtual_clock: VirtualClock) -> None:
    store = SqliteStore.in_memory(clock=virtual_clock)

    class Desk(Subsystem, section="desk"):
        @method("Desk.Double")
        def double(self, args: dict[str, Any]) -> str:
            with self.services.store.transaction(why="Desk.Double") as tx:
                tx.put("x", "y", b"z")
            raise Exists

    graph = Graph(store=store, clock=virtual_clock)
    Street._build(Desk, graph, store, {})
    served = graph.find("Desk.Double")
    later: Any = graph.request_nowait(served, {})
    assert store.groups.queued is not None
    with pytest.raises(Exists):
        await later.finish()
    assert store.groups.queued is None
    with pytest.raises(Exists):
        await graph.request(served, {})
