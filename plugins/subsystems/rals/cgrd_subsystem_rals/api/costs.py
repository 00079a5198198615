"""APIerSv1: what things cost, and whether a timing holds."""

from __future__ import annotations

from typing import Any

import msgspec

from cgrd import CGREvent, method
from cgrd.codec import convert
from cgrd.costs import CallDescriptor, DataCost, EventCost, data_cost, descriptor_of, event_cost, requested_usage
from cgrd.durations import parse_duration
from cgrd.errors import CgrdError, MandatoryMissing, NotFound, ServerError
from cgrd.instants import Instant, parse_instant, parse_rfc3339
from cgrd_subsystem_rals.accounts.debit import debit
from cgrd_subsystem_rals.desk import Desk
from cgrd_subsystem_rals.quotes import Quotes
from cgrd_subsystem_rals.responder import Responder


class CostArgs(msgspec.Struct):
    """A call, its time and usage as texts."""

    Tenant: str = ""
    Category: str = ""
    Subject: str = ""
    AnswerTime: str = ""
    Destination: str = ""
    Usage: str = ""
    APIOpts: dict[str, Any] | None = None


class DataCostArgs(msgspec.Struct):
    """A volume of data in units."""

    Tenant: str = ""
    Category: str = ""
    Subject: str = ""
    AnswerTime: str = ""
    Usage: int = 0
    Opts: dict[str, Any] | None = None


class StoredCostArgs(msgspec.Struct):
    """Which record."""

    CgrId: str = ""
    RunId: str = ""


class CostsApi:
    """Prices that nobody pays."""

    def __init__(self, desk: Desk, responder: Responder) -> None:
        self.desk = desk
        self.responder = responder
        self.quotes = Quotes(desk.book)

    def instant(self, text: str) -> Instant:
        """A time of a request.

        Raises:
            ServerError: it is none.
        """
        try:
            return parse_rfc3339(text) or parse_instant(text, zone=self.desk.services.zone, now=self.desk.now())
        except CgrdError as error:
            raise ServerError(error) from error

    @method("APIerSv1.GetCost")
    def get_cost(self, args: CostArgs) -> EventCost:
        """The cost of a call."""
        try:
            usage = parse_duration(args.Usage)
        except CgrdError as error:
            raise ServerError(error) from error
        start = self.instant(args.AnswerTime)
        call = CallDescriptor(
            Tenant=args.Tenant,
            Category=args.Category,
            Subject=args.Subject,
            Destination=args.Destination,
            TimeStart=start,
            TimeEnd=start.plus(usage),
            DurationIndex=usage,
        )
        try:
            return self.quotes.cost(self.responder.filled(call))
        except CgrdError as error:
            raise ServerError(error) from error

    @method("APIerSv1.GetDataCost")
    def get_data_cost(self, args: DataCostArgs) -> DataCost:
        """The cost of a volume of data."""
        start = self.instant(args.AnswerTime)
        call = CallDescriptor(
            Tenant=args.Tenant,
            Category=args.Category,
            Subject=args.Subject,
            TimeStart=start,
            TimeEnd=start.plus(args.Usage),
            DurationIndex=args.Usage,
            ToR="*data",
        )
        try:
            return data_cost(self.responder.get_cost(call))
        except CgrdError as error:
            raise ServerError(error) from error

    @method("APIerSv1.GetAccountCost")
    def get_account_cost(self, args: CGREvent) -> EventCost:
        """What an event would cost its account; nothing is debited."""
        services = self.desk.services
        event = CGREvent(Tenant=args.Tenant or services.default_tenant, ID=args.ID, Time=args.Time, Event=args.Event, APIOpts=args.APIOpts)
        try:
            usage = requested_usage(event.Event, {})
            call = descriptor_of(event, usage=usage, zone=services.zone, category=services.default_category)
            call.DryRun = True
            return event_cost(self.responder.charged("APIerSv1.GetAccountCost", debit, call), decimals=services.rounding_decimals)
        except CgrdError as error:
            raise ServerError(error) from error

    @method("APIerSv1.GetEventCost")
    async def get_event_cost(self, args: StoredCostArgs) -> EventCost:
        """The cost that a kept record tells of."""
        if not args.CgrId:
            raise MandatoryMissing("CgrId")
        query: dict[str, Any] = {"CGRIDs": [args.CgrId], "RunIDs": [args.RunId or "*default"]}
        try:
            records: Any = await self.desk.call_here("CDRsV1.GetCDRs", query)
        except CgrdError as error:
            raise ServerError(NotFound(explain=error.explain or str(error))) from error
        details = records[0].get("CostDetails") if records else None
        if details is None:
            raise ServerError(NotFound(explain=f"the record of {args.CgrId} has no cost"))
        found: EventCost = convert(details, EventCost)
        return found
