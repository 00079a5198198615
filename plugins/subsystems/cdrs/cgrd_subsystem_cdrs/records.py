"""The charging detail record: made of an event, kept in the store, told natively or with texts for times and usage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from cgrd import Instant, cgrid
from cgrd.codec import convert, decode, encode
from cgrd.costs import EventCost
from cgrd.durations import format_duration, parse_duration
from cgrd.errors import MandatoryMissing, Wrong
from cgrd.instants import parse_instant
from cgrd.options import FALSE_UNLESS_SAID, read_flag

UNRATED: Final = Decimal(-1)
_MOST_DIGITS: Final = 308
"""What numbers of requests may have, and so the answers of other daemons."""


class CDR(msgspec.Struct, kw_only=True):
    """One charged run of one session or event. `Usage` in ns, or units; `Cost` −1 = not rated, `ExtraInfo` says why."""

    CGRID: str = ""
    RunID: str = ""
    OrderID: int = 0
    OriginHost: str = ""
    Source: str = ""
    OriginID: str = ""
    ToR: str = ""
    RequestType: str = ""
    Tenant: str = ""
    Category: str = ""
    Account: str = ""
    Subject: str = ""
    Destination: str = ""
    SetupTime: Instant = Instant.ZERO
    AnswerTime: Instant = Instant.ZERO
    Usage: int = 0
    ExtraFields: dict[str, str] = {}
    ExtraInfo: str = ""
    Partial: bool = False
    PreRated: bool = False
    CostSource: str = ""
    Cost: Decimal = UNRATED
    CostDetails: EventCost | None = None


class Defaults(msgspec.Struct, frozen=True):
    """What a record gets where the event is silent."""

    tenant: str
    category: str
    request_type: str
    zone: tzinfo


def cdr_of(event: Mapping[str, Any], *, tenant: str, defaults: Defaults) -> CDR:
    """The record of an event; unknown fields go to ExtraFields as text.

    Raises:
        Wrong: a time, usage or cost cannot be read; the field is named.
        MandatoryMissing: a direct debit without its Cost.
    """
    fields: dict[str, Any] = {}
    extra: dict[str, str] = {}
    for name, value in event.items():
        if name in _TEXTS:
            fields[name] = value if type(value) is str else as_text(value)
        elif name in _READ:
            fields[name] = _READ[name](name, value, defaults.zone)
        elif name not in _OTHERS:
            extra[name] = value if type(value) is str else as_text(value)
    record = CDR(ExtraFields=extra, **fields)
    _fill(record, tenant, defaults)
    if record.RequestType == "*directdebit" and "Cost" not in event:
        raise MandatoryMissing("Cost", explain="a *directdebit charges the Cost that the event names")
    return record


_TEXTS: Final = frozenset(
    ("CGRID", "RunID", "OriginHost", "Source", "OriginID", "ToR", "RequestType", "Tenant", "Category", "Account", "Subject",
     "Destination", "ExtraInfo", "CostSource")
)  # fmt: skip
_OTHERS: Final = frozenset(CDR.__struct_fields__) - _TEXTS


def _fill(record: CDR, tenant: str, defaults: Defaults) -> None:
    if not record.Tenant:
        record.Tenant = tenant or defaults.tenant
    if not record.Category:
        record.Category = defaults.category
    if not record.RequestType:
        record.RequestType = defaults.request_type
    if not record.ToR:
        record.ToR = "*voice"
    if not record.Subject:
        record.Subject = record.Account
    if not record.RunID:
        record.RunID = "*default"
    if not record.CGRID:
        record.CGRID = cgrid(record.OriginID, record.OriginHost)


def as_text(value: Any) -> str:
    """A free value as the text that an ExtraField holds."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, (Instant, int)) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return encode(value).decode()


def _time(name: str, value: Any, zone: tzinfo) -> Instant:
    if type(value) is Instant:
        return value
    try:
        return parse_instant(value if type(value) is str else as_text(value), zone=zone)
    except Wrong as error:
        raise Wrong(str(error), explain=f"{name} is {as_text(value)}; {error.explain}") from error


def _usage(name: str, value: Any, zone: tzinfo) -> int:
    if value is None:
        raise Wrong("Usage null is no duration", explain="leave Usage out where there was none")
    if isinstance(value, int):
        return value
    return parse_duration(value if type(value) is str else as_text(value))


def _flag(name: str, value: Any, zone: tzinfo) -> bool:
    return read_flag(value, dialect=FALSE_UNLESS_SAID)


def _cost(name: str, value: Any, zone: tzinfo) -> Decimal:
    if value is None or value == "":
        return UNRATED
    try:
        cost = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation as error:
        raise Wrong(f"Cost {as_text(value)} is no number") from error
    if not cost.is_finite() or abs(cost.adjusted()) > _MOST_DIGITS or len(cost.as_tuple().digits) > _MOST_DIGITS:
        raise Wrong(f"Cost {str(value)[:40]} is no number that a record can hold", explain=f"wanted a number of at most {_MOST_DIGITS} digits")
    return cost


def _details(name: str, value: Any, zone: tzinfo) -> EventCost | None:
    if value is None or isinstance(value, EventCost):
        return value
    try:
        found: EventCost | None = decode(value, EventCost | None) if isinstance(value, str) else convert(value, EventCost)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Wrong(f"CostDetails cannot be read: {error}") from error
    return found


_READ: Final[Mapping[str, Callable[[str, Any, tzinfo], Any]]] = {
    "SetupTime": _time, "AnswerTime": _time, "Usage": _usage, "Partial": _flag, "PreRated": _flag, "Cost": _cost, "CostDetails": _details,
}  # fmt: skip
"""How fields that are no texts are read: name, value, and the zone of times that name none."""


class ExternalCDR(msgspec.Struct, kw_only=True):
    """A record with times and usage as texts, as the older API tells and takes it."""

    CGRID: str = ""
    RunID: str = ""
    OrderID: int = 0
    OriginHost: str = ""
    Source: str = ""
    OriginID: str = ""
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
    CostSource: str = ""
    Cost: Decimal = UNRATED
    CostDetails: str = ""
    ExtraInfo: str = ""
    PreRated: bool = False
    APIOpts: dict[str, Any] | None = None


_DURATIONS: Final = ("*voice",)


def external(record: Mapping[str, Any]) -> dict[str, Any]:
    """A kept record in the older form: voice as "1m30s", other units as plain numbers, the cost's details as JSON text."""
    usage = record["Usage"]
    told = {name: record[name] for name in ExternalCDR.__struct_fields__ if name in record}
    told["Usage"] = format_duration(usage) if record["ToR"] in _DURATIONS else str(usage)
    told["CostDetails"] = encode(record.get("CostDetails")).decode()
    return told


def event_of(record: CDR | ExternalCDR) -> dict[str, Any]:
    """A record as an event's fields: what is not set is left out."""
    blank = type(record)()
    fields = {name: value for name in record.__struct_fields__ if (value := getattr(record, name)) != getattr(blank, name)}
    extra = fields.pop("ExtraFields", None) or {}
    for name in ("APIOpts", "OrderID"):
        fields.pop(name, None)
    if fields.get("CostDetails") in ("", "null"):
        del fields["CostDetails"]
    return {**extra, **fields}
