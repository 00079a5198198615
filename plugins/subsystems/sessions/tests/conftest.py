"""SessionS among fakes: a bank that charges by the second, chargers, CDRs, an agent; a store in memory and a clock that tests turn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
import trio
from cgrd_subsystem_sessions import stages as session_stages
from cgrd_subsystem_sessions.service import SessionS

from cgrd import CGREvent, Component, FlaggedEvent, Flow, Run, Subsystem, method, stage, stages_of
from cgrd.assembly import flows_of
from cgrd.cache import Cache
from cgrd.codec import convert
from cgrd.costs import (
    CallCost,
    CallDescriptor,
    DebitInfo,
    Increment,
    MonetaryInfo,
    RateInterval,
    RGRate,
    RIRate,
    RITiming,
    TimeSpan,
)
from cgrd.durations import SECOND
from cgrd.errors import Exists, Wrong
from cgrd.filters import Filters
from cgrd.graph import Graph
from cgrd.services import Services
from cgrd.store import SqliteStore
from cgrd.testing import VirtualClock

RATES = [RGRate(RateIncrement=SECOND, RateUnit=SECOND)]
RATE = RateInterval(Timing=RITiming(StartTime="00:00:00"), Rating=RIRate(RoundingMethod="*up", RoundingDecimals=4, Rates=RATES))


class Bank(Subsystem, section="rals"):
    """One account; each second (or unit) costs `price`. `asked` tells what was wanted of it."""

    money = Decimal(10)
    price = Decimal("0.01")
    step = SECOND
    refusal: str = ""

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        super().__init__(services=services, config=config)
        self.asked: list[tuple[str, int]] = []
        self.rounding = Decimal(0)

    def _take(self, call: CallDescriptor, steps: int) -> CallCost:
        if not steps:
            return CallCost(Timespans=[])
        self._hold(self.money - steps * self.price)
        payer = DebitInfo(Monetary=MonetaryInfo(UUID="m1", ID="m1", Value=self.money), AccountID="cgrates.org:1001")
        run = Increment(Duration=self.step, Cost=self.price, BalanceInfo=payer, CompressFactor=steps)
        span = TimeSpan(TimeStart=call.TimeStart, TimeEnd=call.TimeStart.plus(steps * self.step), Cost=run.total, RateInterval=RATE, Increments=[run])
        return CallCost(Cost=run.total, Timespans=[span], ToR=call.ToR)

    def _hold(self, money: Decimal) -> None:
        before, self.money = self.money, money

        def undo() -> None:
            self.money = before

        with self.services.store.transaction(why="bank") as tx:
            tx.put("bank", "money", str(money).encode())
            tx.on_rollback(undo)

    def _steps(self, call: CallDescriptor) -> int:
        return -(-call.duration // self.step)

    @method("Responder.MaxDebit")
    def max_debit(self, args: CallDescriptor) -> CallCost:
        self.asked.append(("MaxDebit", args.duration))
        if self.refusal:
            raise Wrong(self.refusal)
        return self._take(args, min(self._steps(args), int(self.money // self.price) if self.price else 10**9))

    @method("Responder.Debit")
    def debit(self, args: CallDescriptor) -> CallCost:
        self.asked.append(("Debit", args.duration))
        if self.refusal:
            raise Wrong(self.refusal)
        return self._take(args, self._steps(args))

    @method("Responder.GetMaxSessionTime")
    def max_session_time(self, args: CallDescriptor) -> int:
        return min(args.duration, int(self.money // self.price) * self.step)

    @method("Responder.GetCost")
    def get_cost(self, args: CallDescriptor) -> CallCost:
        run = Increment(Duration=self.step, Cost=self.price, CompressFactor=self._steps(args))
        return CallCost(Timespans=[TimeSpan(TimeStart=args.TimeStart, TimeEnd=args.TimeEnd, RateInterval=RATE, Increments=[run])])

    @method("Responder.RefundIncrements")
    def refund(self, args: CallDescriptor) -> dict[str, Any]:
        back = sum((each.total for each in args.Increments or ()), Decimal(0))
        self.refunded = (args.duration, sum(each.usage for each in args.Increments or ()))
        self.asked.append(("Refund", sum(each.usage for each in args.Increments or ())))
        self._hold(self.money + back)
        return {"ID": "cgrates.org:1001", "BalanceMap": {"*monetary": [{"Uuid": "m1", "ID": "m1", "Value": self.money}]}}

    @method("Responder.RefundRounding")
    def refund_rounding(self, args: CallDescriptor) -> dict[str, Any]:
        self.rounding += sum((each.Cost for each in args.Increments or ()), Decimal(0))
        return {}


class Forks(Subsystem, section="chargers"):
    """A run per request type that `runs` names; None is the event's own."""

    runs: dict[str, str | None] = {"*default": None}

    @method("ChargerSv1.ProcessEvent")
    def process(self, args: CGREvent) -> list[dict[str, Any]]:
        made = []
        for run, kind in self.runs.items():
            fields = {**args.Event, "RunID": run} | ({"RequestType": kind} if kind else {})
            made.append({"CGREvent": CGREvent(Tenant=args.Tenant, ID=args.ID, Event=fields, APIOpts=args.APIOpts)})
        return made


class Ledger(Subsystem, section="cdrs"):
    """Keeps what it is given; the same CGRID and RunID twice is an error."""

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        super().__init__(services=services, config=config)
        self.records: dict[tuple[str, str], dict[str, Any]] = {}
        self.flags: list[list[str]] = []
        self.costs: list[dict[str, Any]] = []

    @method("CDRsV1.ProcessEvent")
    def process(self, args: FlaggedEvent) -> str:
        fields = args.Event or {}
        key = (fields.get("CGRID", ""), fields.get("RunID", "*default"))
        if key in self.records:
            raise Exists
        self.flags.append(args.Flags or [])
        self.records[key] = fields
        return "OK"

    @method("CDRsV1.StoreSessionCost")
    def store_cost(self, args: dict[str, Any]) -> str:
        self.costs.append(args["Cost"])
        return "OK"


class Room(Subsystem, section="resources"):
    """Counts what is taken."""

    taken = 0

    @method("ResourceSv1.AllocateResources")
    def allocate(self, args: CGREvent) -> str:
        self.taken += 1
        return "ROOM"

    @method("ResourceSv1.ReleaseResources")
    def release(self, args: CGREvent) -> str:
        self.taken -= 1
        return "OK"


class Phone:
    """An agent that can be called back; `live` are the sessions that it knows."""

    def __init__(self, name: str = "phone") -> None:
        self.id = name
        self.closed = False
        self.calls: list[tuple[str, Any]] = []
        self.live: list[dict[str, str]] = []
        self.on_disconnect: Callable[[CGREvent], Any] | None = None

    async def call(self, method: str, args: object, reply: Any = Any) -> Any:
        self.calls.append((method, args))
        if method == "AgentV1.GetActiveSessionIDs":
            return convert(self.live, reply)
        if method == "AgentV1.DisconnectSession" and self.on_disconnect is not None:
            await self.on_disconnect(cast("CGREvent", args))
        return "OK"

    def causes(self) -> list[str]:
        """Why it was told to end sessions."""
        return [args.Event["DisconnectCause"] for name, args in self.calls if name == "AgentV1.DisconnectSession"]


class ChargerRun(msgspec.Struct):
    CGREvent: CGREvent


@stage("*chargers", of="runs", edge="chargers", unlinked="ChargerS is disabled", errors="CHARGERS_ERROR")
@stage("*chargers", of="authorize", args="GetMaxUsage", edge="chargers", errors="CHARGERS_ERROR")
async def fork(flow: Flow) -> None:
    answers = await flow.call("ChargerSv1.ProcessEvent", flow.event, list[ChargerRun])
    flow.runs = [Run(id=each.CGREvent.Event["RunID"], event=each.CGREvent) for each in answers]


@stage("*resources", of="initiate", args="AllocateResources", before="*rals", holds=True, edge="resources", service="ResourceS", reply="ResourceAllocation")
async def allocate(flow: Flow) -> Any:
    return await flow.call("ResourceSv1.AllocateResources", flow.event)


@stage("*resources", of="terminate", args="ReleaseResources", after="*rals", releases=True, edge="resources", service="ResourceS")
async def release(flow: Flow) -> None:
    await flow.call("ResourceSv1.ReleaseResources", flow.event)


@stage("*stranger", of="authorize initiate", args="AskStranger", inputs={"StrangerIDs": list[str] | None}, reply="Stranger")
async def stranger(flow: Flow) -> str:
    return f"asked about {flow.options()['StrangerIDs']}"


PARTITIONS: dict[str, Any] = {"*rpc_responses": {"limit": 0}}


class Town:
    """SessionS and everyone around it."""

    def __init__(self, store: Any, clock: VirtualClock, **config: Any) -> None:
        self.clock = clock
        self.store = store
        edges = {f"{edge}_conns": ["*internal"] for edge in ("rals", "chargers", "cdrs", "resources")}
        settings: dict[str, Any] = {**DEFAULTS, **edges, **config}
        sections: dict[str, Any] = {"sessions": settings}
        tree = SimpleNamespace(general=GENERAL, sections=sections)
        everything = [*stages_of(globals()), *stages_of(vars(session_stages))]
        self.services = Services(
            config=cast("Any", tree), clock=clock, store=store, graph=Graph(store=store, clock=clock), caches=Cache.of(PARTITIONS, clock),
            filters=Filters(), plugins=cast("Any", None), flows=flows_of(everything), node_id="test",
        )  # fmt: skip
        self.bank, self.forks, self.cdrs, self.room = (kind(services=self.services, config={}) for kind in (Bank, Forks, Ledger, Room))
        self.sessions = SessionS(services=self.services, config=settings)
        for component in cast("Iterator[Component]", (self.bank, self.forks, self.cdrs, self.room, self.sessions)):
            for served in component.served():
                self.services.graph.add(served)

    async def ask(self, method: str, peer: Any = None, **arguments: Any) -> Any:
        """A request as a client makes it, answered when it is durable."""
        served = self.services.graph.find(f"SessionSv1.{method}")
        with self.store.scope():
            return await self.services.graph.request(served, convert(arguments, served.args), peer)

    async def initiate(self, origin: str = "call1", *, peer: Any = None, opts: dict[str, Any] | None = None, **fields: Any) -> Any:
        """Start a session of 1001; the answer's MaxUsage."""
        answer = await self.ask("InitiateSession", peer, ID=origin, Event={**EVENT, "OriginID": origin, **fields}, InitSession=True, APIOpts=opts)
        return answer["MaxUsage"]

    async def update(self, origin: str = "call1", *, peer: Any = None, **fields: Any) -> Any:
        """Let it go on; the answer's MaxUsage."""
        return (await self.ask("UpdateSession", peer, ID=origin, Event={**EVENT, "OriginID": origin, **fields}, UpdateSession=True))["MaxUsage"]

    async def terminate(self, origin: str = "call1", *, peer: Any = None, **fields: Any) -> Any:
        """End it."""
        return await self.ask("TerminateSession", peer, ID=origin, Event={**EVENT, "OriginID": origin, **fields}, TerminateSession=True)

    async def record(self, origin: str = "call1", **fields: Any) -> Any:
        """Send its CDR."""
        return await self.ask("ProcessCDR", ID=origin, Event={**EVENT, "OriginID": origin, **fields})

    def cdr(self, origin: str = "call1", run: str = "*default") -> dict[str, Any]:
        """The record that was kept of it."""
        return next(fields for (_, kept), fields in self.cdrs.records.items() if kept == run and fields["OriginID"] == origin)


EVENT = {
    "OriginHost": "10.0.0.1", "ToR": "*voice", "RequestType": "*prepaid", "Category": "call", "Account": "1001", "Subject": "1001",
    "Destination": "1002", "SetupTime": "2026-01-31T08:00:00Z", "AnswerTime": "2026-01-31T08:00:00Z",
}  # fmt: skip

GENERAL = {
    "default_tenant": "cgrates.org", "default_category": "call", "default_request_type": "*rated", "rounding_decimals": 5,
    "default_timezone": "UTC", "digest_separator": ",", "digest_equal": ":",
}  # fmt: skip

DEFAULTS = {
    "debit_interval": "0s", "session_ttl": "0s", "session_ttl_max_delay": None, "session_ttl_last_used": None, "session_ttl_usage": None,
    "session_last_usage": None, "session_lease": "0s", "session_indexes": ["OriginID"], "client_protocol": 2.0, "channel_sync_interval": "0",
    "channel_sync_timeout": "60s", "stale_chan_max_extra_usage": "0", "terminate_attempts": 5, "alterable_fields": [], "min_dur_low_balance": "0",
    "store_session_costs": False, "default_usage": {"*any": "3h", "*voice": "3h", "*data": "1048576", "*sms": "1"},
    "stir": {"allowed_attest": ["*any"], "payload_maxduration": "-1", "default_attest": "A", "publickey_path": "", "privatekey_path": ""},
}  # fmt: skip

TownAt = Callable[..., AbstractAsyncContextManager[Town]]


@pytest.fixture
def town_at(virtual_clock: VirtualClock) -> TownAt:
    """`async with town_at(debit_interval="10s") as town:` SessionS serving; `store=` goes on with what another town kept."""

    @asynccontextmanager
    async def made(store: Any = None, **config: Any) -> AsyncIterator[Town]:
        town = Town(store or SqliteStore.in_memory(clock=virtual_clock), virtual_clock, **config)
        async with trio.open_nursery() as nursery:
            await nursery.start(town.sessions.serve)
            yield town
            nursery.cancel_scope.cancel()

    return made


@pytest.fixture
def phone() -> Phone:
    """An agent."""
    return Phone()
