"""CDRs among fakes: a bank that charges by the second, chargers, exporters; a store in memory and a clock that tests turn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
import trio
from cgrd_subsystem_cdrs import stages as cdr_stages
from cgrd_subsystem_cdrs.service import CDRServer

from cgrd import CGREvent, Flow, Run, Subsystem, method, stage, stages_of
from cgrd.assembly import flows_of
from cgrd.codec import convert, plain_tree
from cgrd.costs import CallCost, CallDescriptor, DebitInfo, Increment, MonetaryInfo, RateInterval, RGRate, RIRate, RITiming, TimeSpan
from cgrd.durations import SECOND
from cgrd.errors import NotFound, Wrong
from cgrd.filters import Filters
from cgrd.graph import Graph
from cgrd.services import Services
from cgrd.store import OutboxRecord, SqliteStore
from cgrd.testing import VirtualClock, Wire

RATES = [RGRate(RateIncrement=SECOND, RateUnit=SECOND)]
RATE = RateInterval(Timing=RITiming(StartTime="00:00:00"), Rating=RIRate(RoundingMethod="*up", RoundingDecimals=4, Rates=RATES))
PRICE = Decimal("0.01")


class Bank(Subsystem, section="rals"):
    """One account; each second costs `PRICE`. `asked` tells what was wanted of it; `refusal` is its answer where it is set."""

    money = Decimal(10)
    refusal = ""

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        super().__init__(services=services, config=config)
        self.asked: list[str] = []

    def _move(self, amount: Decimal) -> None:
        before = self.money

        def undo() -> None:
            self.money = before

        self.money += amount
        with self.services.store.transaction(why="bank") as tx:
            tx.put("bank", "money", str(self.money).encode())
            tx.on_rollback(undo)

    def _cost(self, call: CallDescriptor) -> CallCost:
        seconds = call.duration // SECOND
        payer = DebitInfo(Monetary=MonetaryInfo(UUID="m1", ID="m1", Value=self.money), AccountID="cgrates.org:1001")
        run = Increment(Duration=SECOND, Cost=PRICE, BalanceInfo=payer, CompressFactor=seconds)
        spans = [TimeSpan(TimeStart=call.TimeStart, TimeEnd=call.TimeEnd, Cost=run.total, RateInterval=RATE, Increments=[run])] if seconds else []
        return CallCost(Cost=PRICE * seconds, Timespans=spans, ToR=call.ToR)

    @method("Responder.Debit")
    def debit(self, args: CallDescriptor) -> CallCost:
        self.asked.append("Debit")
        if self.refusal:
            raise Wrong(self.refusal)
        if not args.DryRun:
            self._move(-PRICE * (args.duration // SECOND))
        return self._cost(args)

    @method("Responder.GetCost")
    def get_cost(self, args: CallDescriptor) -> CallCost:
        self.asked.append("GetCost")
        return self._cost(args)

    @method("Responder.RefundIncrements")
    def refund(self, args: CallDescriptor) -> str:
        self.asked.append("Refund")
        self._move(sum((each.total for each in args.Increments or ()), Decimal(0)))
        return "OK"


class Forks(Subsystem, section="chargers"):
    """A run per entry, with its request type; none matches where it is empty."""

    runs: dict[str, str] = {"*default": "*postpaid"}

    @method("ChargerSv1.ProcessEvent")
    def process(self, args: CGREvent) -> list[CGREvent]:
        if not self.runs:
            raise NotFound(explain="no charger matched")
        return [
            CGREvent(Tenant=args.Tenant, ID=args.ID, Event={**args.Event, "RunID": run, "RequestType": kind}, APIOpts=args.APIOpts)
            for run, kind in self.runs.items()
        ]


class Exports(Subsystem, section="ees"):
    """Puts what it is given into the outbox, after a wait where `slow` is set; refuses where `refusal` is."""

    refusal = ""
    slow: trio.Event | None = None

    @method("EeSv1.ProcessEvent")
    async def process(self, args: dict[str, Any]) -> dict[str, Any]:
        if self.slow is not None:
            await self.slow.wait()
        if self.refusal:
            raise Wrong(self.refusal)
        with self.services.store.transaction(why="export") as tx:
            tx.export(OutboxRecord(exporter="e1", payload=str(args["Event"]["OriginID"]).encode()))
        return {}


@stage("*chargers", of="cdr", before="*records", edge="chargers", errors="CHARGERS_ERROR")
async def fork(flow: Flow) -> None:
    answers = await flow.call("ChargerSv1.ProcessEvent", flow.event, list[CGREvent])
    flow.runs = [Run(id=each.Event["RunID"], event=each) for each in answers]


class Office:
    """CDRs and everyone around them."""

    def __init__(self, *, store: Any, clock: VirtualClock, edges: str = "rals chargers ees", **config: Any) -> None:
        self.store = store
        self.clock = clock
        settings = {**DEFAULTS, **{f"{edge}_conns": ["*internal"] for edge in edges.split()}, **config}
        tree = SimpleNamespace(general=GENERAL, sections={"cdrs": settings})
        self.services = Services(
            config=cast("Any", tree), clock=clock, store=store, graph=Graph(store=store, clock=clock), caches=cast("Any", None),
            filters=Filters(), plugins=cast("Any", None), flows=flows_of([*stages_of(globals()), *stages_of(vars(cdr_stages))]), node_id="test",
        )  # fmt: skip
        self.bank, self.forks, self.exports = (kind(services=self.services, config={}) for kind in (Bank, Forks, Exports))
        self.cdrs = CDRServer(services=self.services, config=settings)
        for component in (self.bank, self.forks, self.exports, self.cdrs):
            for served in component.served():
                self.services.graph.add(served)

    async def ask(self, method: str, **arguments: Any) -> Any:
        """A request as a client makes it; its answer as it goes on the wire."""
        served = self.services.graph.find(method)
        return plain_tree(await self.services.graph.request(served, convert(arguments, served.args)))

    async def process(self, origin: str = "call1", *flags: str, opts: dict[str, Any] | None = None, **fields: Any) -> Any:
        """Have a call of ten seconds recorded."""
        return await self.ask("CDRsV1.ProcessEvent", ID=origin, Flags=list(flags), Event={**EVENT, "OriginID": origin, **fields}, APIOpts=opts)

    async def kept(self, **query: Any) -> list[dict[str, Any]]:
        """Kept records."""
        found: list[dict[str, Any]] = await self.ask("CDRsV1.GetCDRs", **query)
        return found

    def bank_beyond(self, nursery: trio.Nursery) -> Wire:
        """Put the bank into another daemon, at the end of the wire; `rals_conns` must lead to "wire"."""
        store = SqliteStore.in_memory(clock=self.clock)
        graph = Graph(store=store, clock=self.clock)
        self.bank.services = cast("Any", SimpleNamespace(graph=graph, store=store))
        for served in self.bank.served():
            graph.add(served)
        wire = Wire(graph, clock=self.clock)
        self.services.graph.pools = {"wire": wire.pool(nursery)}
        return wire


EVENT = {
    "OriginHost": "10.0.0.1", "ToR": "*voice", "Category": "call", "Account": "1001", "Destination": "1002", "Usage": "10s",
    "SetupTime": "2026-01-31T07:59:50Z", "AnswerTime": "2026-01-31T08:00:00Z",
}  # fmt: skip

GENERAL = {"default_tenant": "cgrates.org", "default_category": "call", "default_request_type": "*rated", "rounding_decimals": 5, "default_timezone": "UTC"}

DEFAULTS: dict[str, Any] = {"store_cdrs": True, "online_cdr_exports": [], "session_cost_retries": 0}

OfficeAt = Callable[..., AbstractAsyncContextManager[Office]]


@pytest.fixture
def office_at(virtual_clock: VirtualClock) -> OfficeAt:
    """`async with office_at() as office:` CDRs with a store that commits; keys of the section may be given."""

    @asynccontextmanager
    async def made(store: Any = None, **config: Any) -> AsyncIterator[Office]:
        store = store or SqliteStore.in_memory(clock=virtual_clock)
        async with trio.open_nursery() as nursery:
            await nursery.start(store.run)
            yield Office(store=store, clock=virtual_clock, **config)
            nursery.cancel_scope.cancel()

    return made


@pytest.fixture
def store(virtual_clock: VirtualClock) -> SqliteStore:
    """A store in memory."""
    return SqliteStore.in_memory(clock=virtual_clock)
