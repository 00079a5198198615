"""Where records are kept, and how a query of the API becomes conditions on their columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from cgrd import Instant
from cgrd.costs import EventCost
from cgrd.durations import parse_duration
from cgrd.errors import Wrong
from cgrd.instants import parse_instant
from cgrd.store import Column, Condition, Operator, Table
from cgrd_subsystem_cdrs.records import CDR

# `body` is what the columns do not say (`Rest`); in records of older daemons it is all of the record.
CDRS: Final = Table(
    "cdrs",
    columns=[
        *(
            Column(name)
            for name in ("cgrid", "run_id", "origin_host", "source", "origin_id", "tor", "request_type", "tenant", "category", "account", "subject")
        ),
        Column("destination"),
        Column("setup_time", "instant"),
        Column("answer_time", "instant"),
        Column("usage", "int"),
        Column("cost", "decimal"),
        Column("extra_fields", "json"),
        Column("created_at", "instant"),
        Column("updated_at", "instant"),
        Column("body", "json"),
        # How often a price was debited or told here: it tells the debits of one record apart.
        Column("prices", "int"),
    ],
    unique=[("cgrid", "run_id")],
    indexes=[("origin_id",), ("account",)],
    number="order_id",
)

SESSION_COSTS: Final = Table(
    "session_costs",
    columns=[
        Column("cgrid"),
        Column("run_id"),
        Column("origin_host"),
        Column("origin_id"),
        Column("cost_source"),
        Column("usage", "int"),
        Column("cost_details", "json"),
        Column("created_at", "instant"),
    ],
    unique=[("cgrid", "run_id")],
)


class Rest(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What no column of a record holds: what cannot be asked for, and its times where their zone is not UTC."""

    SetupTime: Instant | None = None
    AnswerTime: Instant | None = None
    ExtraInfo: str = ""
    Partial: bool = False
    PreRated: bool = False
    CostSource: str = ""
    CostDetails: EventCost | None = None


def row_of(record: CDR, *, at: Instant, prices: int = 0) -> dict[str, Any]:
    """The columns of a record that was priced so often."""
    return {
        "cgrid": record.CGRID,
        "run_id": record.RunID,
        "origin_host": record.OriginHost,
        "source": record.Source,
        "origin_id": record.OriginID,
        "tor": record.ToR,
        "request_type": record.RequestType,
        "tenant": record.Tenant,
        "category": record.Category,
        "account": record.Account,
        "subject": record.Subject,
        "destination": record.Destination,
        "setup_time": record.SetupTime,
        "answer_time": record.AnswerTime,
        "usage": record.Usage,
        "cost": record.Cost,
        "extra_fields": record.ExtraFields,
        "created_at": at,
        "updated_at": at,
        "body": Rest(
            SetupTime=None if record.SetupTime.zone is UTC else record.SetupTime,
            AnswerTime=None if record.AnswerTime.zone is UTC else record.AnswerTime,
            ExtraInfo=record.ExtraInfo,
            Partial=record.Partial,
            PreRated=record.PreRated,
            CostSource=record.CostSource,
            CostDetails=record.CostDetails,
        ),
        "prices": prices,
    }


_COLUMNS: Final = {
    "CGRID": "cgrid", "RunID": "run_id", "OrderID": "order_id", "OriginHost": "origin_host", "Source": "source", "OriginID": "origin_id",
    "ToR": "tor", "RequestType": "request_type", "Tenant": "tenant", "Category": "category", "Account": "account", "Subject": "subject",
    "Destination": "destination", "Usage": "usage", "Cost": "cost", "ExtraFields": "extra_fields",
}  # fmt: skip
_UNSAID: Final = {"ExtraInfo": "", "Partial": False, "PreRated": False, "CostSource": "", "CostDetails": None}


def record_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a row as it is told."""
    asked = {name: row[column] for name, column in _COLUMNS.items()}
    times = {"SetupTime": str(row["setup_time"]), "AnswerTime": str(row["answer_time"])}
    return {**asked, **times, **_UNSAID, **row["body"], "OrderID": row["order_id"]}


class CDRsFilter(msgspec.Struct, kw_only=True):
    """A query; every list that is given must hold the record's value, every `Not…` list must not.

    `ExtraArgs` takes `OrderIDStart` and `MinCost` (from there on), `OrderIDEnd` and `MaxCost` (below it); `MaxCost` -1: not rated.
    """

    CGRIDs: list[str] | None = None
    NotCGRIDs: list[str] | None = None
    RunIDs: list[str] | None = None
    NotRunIDs: list[str] | None = None
    OriginIDs: list[str] | None = None
    NotOriginIDs: list[str] | None = None
    OriginHosts: list[str] | None = None
    NotOriginHosts: list[str] | None = None
    Sources: list[str] | None = None
    NotSources: list[str] | None = None
    ToRs: list[str] | None = None
    NotToRs: list[str] | None = None
    RequestTypes: list[str] | None = None
    NotRequestTypes: list[str] | None = None
    Tenants: list[str] | None = None
    NotTenants: list[str] | None = None
    Categories: list[str] | None = None
    NotCategories: list[str] | None = None
    Accounts: list[str] | None = None
    NotAccounts: list[str] | None = None
    Subjects: list[str] | None = None
    NotSubjects: list[str] | None = None
    DestinationPrefixes: list[str] | None = None
    NotDestinationPrefixes: list[str] | None = None
    Costs: list[Decimal] | None = None
    NotCosts: list[Decimal] | None = None
    ExtraFields: dict[str, str] | None = None
    NotExtraFields: dict[str, str] | None = None
    SetupTimeStart: str = ""
    SetupTimeEnd: str = ""
    AnswerTimeStart: str = ""
    AnswerTimeEnd: str = ""
    CreatedAtStart: str = ""
    CreatedAtEnd: str = ""
    UpdatedAtStart: str = ""
    UpdatedAtEnd: str = ""
    MinUsage: str = ""
    MaxUsage: str = ""
    OrderBy: str = ""
    ExtraArgs: dict[str, Any] | None = None
    Limit: int | None = None
    Offset: int | None = None
    APIOpts: dict[str, Any] | None = None
    Tenant: str = ""


_LISTS: Final = {
    "CGRIDs": "cgrid", "RunIDs": "run_id", "OriginIDs": "origin_id", "OriginHosts": "origin_host", "Sources": "source", "ToRs": "tor",
    "RequestTypes": "request_type", "Tenants": "tenant", "Categories": "category", "Accounts": "account", "Subjects": "subject", "Costs": "cost",
}  # fmt: skip
_TIMES: Final = {"SetupTime": "setup_time", "AnswerTime": "answer_time", "CreatedAt": "created_at", "UpdatedAt": "updated_at"}
_ORDERS: Final = {"OrderID": "order_id", "AnswerTime": "answer_time", "SetupTime": "setup_time", "Usage": "usage", "Cost": "cost"}


def conditions(query: CDRsFilter, *, zone: tzinfo) -> list[Condition]:
    """What rows must meet.

    Raises:
        Wrong: a time, usage or bound cannot be read.
    """
    return [*_listed(query), *_bounded(query, zone), *_extra(query), *_numbered(query)]


def _listed(query: CDRsFilter) -> Iterator[Condition]:
    for name, column in (*_LISTS.items(), ("DestinationPrefixes", "destination")):
        op = "prefix" if column == "destination" else "in"
        if wanted := getattr(query, name):
            yield Condition(column, op, wanted)  # type: ignore[arg-type]
        if unwanted := getattr(query, f"Not{name}"):
            yield Condition(column, f"not {op}", unwanted)  # type: ignore[arg-type]


def _bounded(query: CDRsFilter, zone: tzinfo) -> Iterator[Condition]:
    for name, column in _TIMES.items():
        if start := getattr(query, f"{name}Start"):
            yield Condition(column, ">=", parse_instant(start, zone=zone))
        if end := getattr(query, f"{name}End"):
            yield Condition(column, "<", parse_instant(end, zone=zone))
    if query.MinUsage:
        yield Condition("usage", ">=", parse_duration(query.MinUsage))
    if query.MaxUsage:
        yield Condition("usage", "<", parse_duration(query.MaxUsage))


def _extra(query: CDRsFilter) -> Iterator[Condition]:
    for fields, same, present in ((query.ExtraFields, "=", "is not null"), (query.NotExtraFields, "!=", "is null")):
        for name, value in (fields or {}).items():
            yield Condition("extra_fields", present if value == "*exists" else same, value, name)  # type: ignore[arg-type]


_BOUNDS: Final[Mapping[str, tuple[str, Operator]]] = {
    "OrderIDStart": ("order_id", ">="), "OrderIDEnd": ("order_id", "<"), "MinCost": ("cost", ">="), "MaxCost": ("cost", "<"),
}  # fmt: skip


def _numbered(query: CDRsFilter) -> Iterator[Condition]:
    for name, (column, op) in _BOUNDS.items():
        value = (query.ExtraArgs or {}).get(name)
        if value is None:
            continue
        bound = _number(name, value)
        if column == "order_id":
            yield Condition(column, op, int(bound))
        else:
            yield Condition(column, op, max(bound, Decimal(0)) if name == "MaxCost" else bound)


def _number(name: str, value: Any) -> Decimal:
    try:
        bound = Decimal(str(value))
        if not bound.is_finite() or abs(bound) >= 1 << 63:
            raise InvalidOperation
    except InvalidOperation as error:
        raise Wrong(f"ExtraArgs.{name}: {value!s:.100} is no number") from error
    return bound


def order(query: CDRsFilter) -> list[str]:
    """The columns to sort by; "OrderBy": "AnswerTime;desc".

    Raises:
        Wrong: records cannot be sorted by that.
    """
    if not query.OrderBy:
        return ["order_id"]
    name, _, direction = query.OrderBy.partition(";")
    if name not in _ORDERS:
        raise Wrong(f"Invalid value : {name}", explain=f"OrderBy takes one of {', '.join(_ORDERS)}")
    return [("-" if direction == "desc" else "") + _ORDERS[name]]
