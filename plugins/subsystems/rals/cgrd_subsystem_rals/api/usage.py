"""APIerSv1: usage records, debited or asked about."""

from __future__ import annotations

from typing import Any

import msgspec

from cgrd import method
from cgrd.costs import CallDescriptor
from cgrd.durations import HOUR, parse_duration
from cgrd.errors import CgrdError, MandatoryMissing, ServerError
from cgrd.instants import parse_instant
from cgrd_subsystem_rals.accounts.debit import debit
from cgrd_subsystem_rals.desk import Desk
from cgrd_subsystem_rals.responder import Responder

USUAL_USAGE = 3 * HOUR
"""What a record without usage asks about."""


class UsageRecord(msgspec.Struct):
    """A use, its times and amount as texts."""

    ToR: str = ""
    RequestType: str = ""
    Tenant: str = ""
    Category: str = ""
    Account: str = ""
    Subject: str = ""
    Destination: str = ""
    SetupTime: str = ""
    AnswerTime: str = ""
    Usage: str = ""
    ExtraFields: dict[str, str] | None = None
    APIOpts: dict[str, Any] | None = None


class DebitWithOptions(msgspec.Struct):
    """A use, and whether its account may go below nothing."""

    UsageRecord: UsageRecord | None = None
    AllowNegativeAccount: bool = True


class UsageApi:
    """Usage records."""

    def __init__(self, desk: Desk, responder: Responder) -> None:
        self.desk = desk
        self.responder = responder

    def descriptor(self, record: UsageRecord) -> CallDescriptor:
        """The call that a record tells of.

        Raises:
            Wrong: a time or amount cannot be read.
        """
        services = self.desk.services
        usage = parse_duration(record.Usage) if record.Usage else USUAL_USAGE
        start = parse_instant(record.AnswerTime, zone=services.zone, now=self.desk.now())
        if not start:
            start = parse_instant(record.SetupTime, zone=services.zone, now=self.desk.now())
        return CallDescriptor(
            ToR=record.ToR or "*voice",
            Tenant=record.Tenant or services.default_tenant,
            Category=record.Category or services.default_category,
            Account=record.Account,
            Subject=record.Subject or record.Account,
            Destination=record.Destination,
            TimeStart=start,
            TimeEnd=start.plus(usage),
            DurationIndex=usage,
            ExtraFields=record.ExtraFields,
        )

    @method("APIerSv1.GetMaxUsage")
    def get_max_usage(self, args: UsageRecord) -> int:
        """How much of a use its account can pay."""
        try:
            call = self.descriptor(args)
        except CgrdError as error:
            raise ServerError(error) from error
        return self.responder.get_max_session_time(call)

    @method("APIerSv1.DebitUsage")
    def debit_usage(self, args: UsageRecord) -> str:
        """Debit a use; the account may go below nothing."""
        return self._debit(args, allow_negative=True)

    @method("APIerSv1.DebitUsageWithOptions")
    def debit_usage_with_options(self, args: DebitWithOptions) -> str:
        """Debit a use; whether the account may go below nothing is the caller's word."""
        return self._debit(args.UsageRecord or UsageRecord(), allow_negative=args.AllowNegativeAccount)

    def _debit(self, record: UsageRecord, *, allow_negative: bool) -> str:
        if missing := [name for name in ("Account", "Destination", "Usage") if not getattr(record, name)]:
            raise MandatoryMissing(*missing)
        try:
            call = self.descriptor(record)
            call.DenyNegativeAccount = not allow_negative
            self.responder.charged("APIerSv1.DebitUsage", debit, call)
        except CgrdError as error:
            raise ServerError(error) from error
        return "OK"
