"""CDRsV1 and V2: drives the flow `cdr`, and answers questions about what was kept."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
import trio

from cgrd import CGREvent, EventArgs, FlaggedEvent, Flow, Instant, Subsystem, method
from cgrd.codec import plain_tree
from cgrd.costs import EventCost
from cgrd.errors import CgrdError, MandatoryMissing, NotConnected, NotFound, PartiallyExecuted, Prefixed, ServerError, Wrong
from cgrd.flows import Options, settled, through
from cgrd.store import Transaction
from cgrd_subsystem_cdrs.courses import EDGES, Course, Courses
from cgrd_subsystem_cdrs.exporting import Exporting
from cgrd_subsystem_cdrs.keeping import CDRS, SESSION_COSTS, CDRsFilter, conditions, order, record_of
from cgrd_subsystem_cdrs.older import OldCDRsFilter, query_of
from cgrd_subsystem_cdrs.records import CDR, ExternalCDR, event_of, external
from cgrd_subsystem_cdrs.session_costs import RemoveCosts, cost_conditions, rules_of

if TYPE_CHECKING:
    from cgrd.services import Services

AT_A_TIME: Final = 200
"""Rows that one transaction removes."""


class ProcessEventsArgs(msgspec.Struct, kw_only=True):
    """Several events under the same flags."""

    Flags: list[str] | None = None
    CGREvents: list[CGREvent] = []
    APIOpts: dict[str, Any] | None = None


class ProcessCDRArgs(CDR, kw_only=True):
    """A record to be processed as it is."""

    APIOpts: dict[str, Any] | None = None


class RateArgs(CDRsFilter, kw_only=True):
    """Which kept records to price again, under which flags."""

    Flags: list[str] | None = None


class SessionCost(msgspec.Struct, kw_only=True):
    """What a session's run has cost."""

    CGRID: str = ""
    RunID: str = ""
    OriginHost: str = ""
    OriginID: str = ""
    CostSource: str = ""
    Usage: int = 0
    CostDetails: EventCost | None = None


class StoreCostArgs(msgspec.Struct, kw_only=True):
    """A session's cost to be kept until its record comes; `CheckDuplicate` refuses a second one."""

    Cost: SessionCost | None = None
    CheckDuplicate: bool = False
    APIOpts: dict[str, Any] | None = None
    Tenant: str = ""


class Recording(Flow):
    """One event on its way through CDRs.

    Attributes:
        courses: what the configuration says.
        transaction: of the charge and the record, once it is open.
        at: when that was.
    """

    __slots__ = ("at", "courses", "transaction")

    def __init__(self, *, driver: CDRServer, event: CGREvent, asked: Mapping[str, Options], courses: Courses) -> None:
        super().__init__(name="cdr", driver=driver, event=event, asked=asked)
        self.courses = courses
        self.transaction: Transaction
        self.at: Instant


class CDRServer(Subsystem, section="cdrs"):
    """Owns the tables `cdrs` and `session_costs`."""

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        super().__init__(services=services, config=config)
        for table in (CDRS, SESSION_COSTS):
            services.store.declare(table)
        self._courses = Courses(self, ())
        self._exporting = Exporting(services=services)

    @property
    def courses(self) -> Courses:
        """What events go through; made anew when the configuration is another one."""
        known, stages = self._courses, self.services.flows["cdr"]
        if known.stages is not stages or known.config is not self.config:
            known = self._courses = Courses(self, stages)
        return known

    def administration(self) -> Sequence[object]:
        """Kept records to exporters, over the edge of ApierS."""
        return (self._exporting,)

    @method("CDRsV1.ProcessEvent")
    async def process_event(self, args: FlaggedEvent) -> str:
        """Record one event."""
        await self.process(args, args.Flags or [])
        return "OK"

    @method("CDRsV2.ProcessEvent")
    async def process_event_told(self, args: FlaggedEvent) -> list[dict[str, Any]]:
        """Record one event and tell what became of its runs."""
        flow = await self.process(args, args.Flags or [])
        records = [run.state["record"] for run in flow.runs]
        return [{"Flags": ["*ratedS"] if each.CostDetails else [], "Event": plain_tree(each)} for each in records]

    @method("CDRsV1.ProcessEvents")
    async def process_events(self, args: ProcessEventsArgs) -> str:
        """Record several events, each for itself."""
        for event in args.CGREvents:
            await self.process(event, args.Flags or [])
        return "OK"

    @method("CDRsV1.ProcessCDR")
    async def process_cdr(self, args: ProcessCDRArgs) -> str:
        """Take a record as it is: no chargers, and no price when it has one."""
        flags = ["*chargers:false"] + (["*rals:false"] if args.PreRated else [])
        fields = event_of(args)
        await self.process(CGREvent(Tenant=args.Tenant, ID=args.CGRID, Event=fields, APIOpts=args.APIOpts), flags)
        return "OK"

    @method("CDRsV1.ProcessExternalCDR")
    async def process_external(self, args: ExternalCDR) -> str:
        """Take a record whose times and usage are texts."""
        flags = ["*chargers:false"] + (["*rals:false"] if args.PreRated else [])
        await self.process(CGREvent(Tenant=args.Tenant, ID=args.CGRID, Event=event_of(args), APIOpts=args.APIOpts), flags)
        return "OK"

    async def process(self, event: EventArgs, flags: list[str]) -> Recording:
        """Take an event through the flow.

        Raises:
            PartiallyExecuted: no event, or something on the way failed; before the record was priced, nothing was kept.
        """
        if not event.Event:
            raise PartiallyExecuted(explain="the event has no fields: nothing to record")
        name = event.ID or str(uuid.uuid4())
        mine = CGREvent(Tenant=event.Tenant or self.services.default_tenant, ID=name, Time=event.Time, Event=event.Event, APIOpts=event.APIOpts)
        courses = self.courses
        course = courses.find(flags, mine.options())
        flow = Recording(driver=self, event=mine, asked=course.asked, courses=courses)
        try:
            await self._record(course, flow)
        except (Wrong, NotConnected, Prefixed) as error:
            raise PartiallyExecuted(explain=f"{error} {error.explain}".strip()) from error
        settled(flow)
        return flow

    async def _record(self, course: Course, flow: Recording) -> None:
        await through(course.before, flow)
        if not flow.runs:
            raise PartiallyExecuted(explain=f"no charger matched for tenant {flow.event.Tenant}; load one, or switch *chargers off")
        # Who is told of the record may take its time; what is charged is not held up by it.
        with self.services.store.transaction(why=f"CDR of {flow.event.ID}") as tx:
            flow.transaction, flow.at = tx, self.services.clock.now()
            await through(course.charge, flow)
        if course.after:
            await through(course.after, flow)

    @method("CDRsV1.GetCDRs", "CDRsV2.GetCDRs")
    def get_cdrs(self, args: CDRsFilter) -> list[dict[str, Any]]:
        """Kept records."""
        try:
            rows = self._rows(args)
        except CgrdError as error:
            raise ServerError(error) from error
        if not rows:
            raise ServerError(NotFound(explain="no kept record meets the query"))
        return [record_of(row) for row in rows]

    @method("APIerSv1.GetCDRs")
    def get_old_cdrs(self, args: OldCDRsFilter) -> list[dict[str, Any]]:
        """The same, asked for in the form of old."""
        try:
            query = query_of(args)
        except CgrdError as error:
            raise ServerError(error) from error
        return self.get_external_cdrs(query)

    @method("APIerSv2.GetCDRs")
    def get_external_cdrs(self, args: CDRsFilter) -> list[dict[str, Any]]:
        """Kept records with texts for times and usage."""
        return [external(told) for told in self.get_cdrs(args)]

    @method("CDRsV1.GetCDRsCount", "APIerSv2.CountCDRs")
    def count_cdrs(self, args: CDRsFilter) -> int:
        """How many records meet the query."""
        try:
            return self.services.store.count(CDRS, conditions(args, zone=self.services.zone))
        except CgrdError as error:
            raise ServerError(error) from error

    @method("APIerSv1.RemoveCDRs")
    async def remove_cdrs(self, args: CDRsFilter) -> str:
        """Forget records; the ledger keeps what they had cost."""
        rows = self._rows(args)
        with self.services.store.transaction(why="APIerSv1.RemoveCDRs") as tx:
            for row in rows:
                tx.delete_row(CDRS, row["order_id"])
        return "OK"

    def _rows(self, args: CDRsFilter) -> list[dict[str, Any]]:
        where = conditions(args, zone=self.services.zone)
        return self.services.store.select(CDRS, where, order=order(args), limit=args.Limit, offset=args.Offset or 0)

    @method("CDRsV1.RateCDRs")
    async def rate_cdrs(self, args: RateArgs) -> str:
        """Price kept records again."""
        return await self._again(args, ["*rerate", "*chargers:false", "*attributes:false", *(args.Flags or [])])

    @method("CDRsV1.ReprocessCDRs")
    async def reprocess_cdrs(self, args: RateArgs) -> str:
        """Run kept records again, only through what the flags name."""
        off = [f"{flag}:false" for flag in (*EDGES, "*store")]
        return await self._again(args, [*off, "*rerate", *(args.Flags or [])])

    async def _again(self, args: RateArgs, flags: list[str]) -> str:
        rows = self._rows(args)
        if not rows:
            raise ServerError(NotFound(explain="no kept record meets the query"))
        for row in rows:
            told = record_of(row)
            fields = {**told["ExtraFields"], **{name: value for name, value in told.items() if name not in _ANEW}}
            event = CGREvent(Tenant=row["tenant"], ID=row["cgrid"], Event=fields, APIOpts=args.APIOpts)
            await self.process(event, flags)
        return "OK"

    @method("CDRsV1.StoreSessionCost", "CDRsV2.StoreSessionCost")
    async def store_session_cost(self, args: StoreCostArgs) -> str:
        """Keep what a session has cost until its record comes."""
        cost = args.Cost
        if cost is None or not cost.CGRID:
            raise MandatoryMissing("CGRID")
        with self.services.store.transaction(why=f"session cost of {cost.CGRID}:{cost.RunID}") as tx:
            tx.insert(SESSION_COSTS, _cost_row(cost, at=self.services.clock.now()))
        return "OK"

    @method("CDRsV1.RemoveSessionCosts")
    async def remove_session_costs(self, args: RemoveCosts) -> str:
        """Forget what sessions have cost; some at a time, so that nobody waits for it.

        Raises:
            NotFound, Wrong: a filter that is not there, or that costs of sessions cannot be asked.
        """
        store, tenant = self.services.store, args.Tenant or self.services.default_tenant
        rules = rules_of(tenant, args.FilterIDs or [], self.services.profiles.filter)
        where = cost_conditions(rules, zone=self.services.zone, now=self.services.clock.now())
        while rows := store.select(SESSION_COSTS, where, limit=AT_A_TIME):
            with store.transaction(why="CDRsV1.RemoveSessionCosts") as tx:
                for row in rows:
                    tx.delete_row(SESSION_COSTS, row[SESSION_COSTS.number])
            await trio.lowlevel.checkpoint()
        return "OK"


_ANEW: Final = frozenset(("OrderID", "ExtraFields", "CostDetails", "Cost", "ExtraInfo", "CostSource"))
"""What is not taken from a kept record that is processed again."""


def _cost_row(cost: SessionCost, *, at: Instant) -> dict[str, Any]:
    return {
        "cgrid": cost.CGRID,
        "run_id": cost.RunID,
        "origin_host": cost.OriginHost,
        "origin_id": cost.OriginID,
        "cost_source": cost.CostSource,
        "usage": cost.Usage,
        "cost_details": plain_tree(cost.CostDetails),
        "created_at": at,
    }
