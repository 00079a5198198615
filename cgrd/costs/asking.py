"""From an event to what RALs is asked: which fields say how much, from when, and who calls whom.

Source: spec/sessions.md §0, §2 and §5.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from decimal import Decimal
from typing import Any, Final

from cgrd.costs.calls import CallDescriptor
from cgrd.durations import parse_duration
from cgrd.errors import Wrong
from cgrd.event import CGREvent
from cgrd.instants import Instant, parse_instant

MAIN_FIELDS: Final = frozenset(
    (
        *("CGRID", "RunID", "OrderID", "OriginHost", "OriginID", "Source", "ToR", "RequestType", "Tenant", "Category", "Account", "Subject"),
        *("Destination", "SetupTime", "AnswerTime", "Usage", "Cost", "CostDetails", "CostSource", "ExtraInfo", "Partial", "PreRated"),
    )
)
"""Fields of an event that have a place of their own in records; all others are free."""


def duration_of(fields: Mapping[str, Any], name: str) -> int | None:
    """A field as nanoseconds or units; None when it is not there.

    Raises:
        Wrong: its value is no duration.
    """
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        return parse_duration(value)
    if isinstance(value, (int, Decimal, float)):
        return int(value)
    raise Wrong(f"cannot convert field: {value!r} to time.Duration", explain=f"{name} is no duration; write it as 60s, or as a number")


def instant_of(fields: Mapping[str, Any], name: str, *, zone: tzinfo) -> Instant:
    """A field as an instant; the zero time when it is not there or is none."""
    value = fields.get(name)
    if isinstance(value, Instant):
        return value
    if not isinstance(value, (str, int)):
        return Instant.ZERO
    try:
        return parse_instant(str(value), zone=zone)
    except Wrong:
        return Instant.ZERO


def requested_usage(fields: Mapping[str, Any], defaults: Mapping[str, Any]) -> int:
    """What an event asks for: its Usage, else the default of its type of record, or of `*any`.

    Raises:
        Wrong: Usage is no duration.
    """
    usage = duration_of(fields, "Usage")
    if usage is not None:
        return usage
    default = duration_of(defaults, str(fields.get("ToR", "")))
    return default if default is not None else duration_of(defaults, "*any") or 0


def descriptor_of(event: CGREvent, *, usage: int, zone: tzinfo, category: str, force: bool = False) -> CallDescriptor:
    """The call that an event tells of, `usage` long from its answer, or from its setup when it was not answered.

    Args:
        event: the event of a run; not changed.
        usage: ns or units.
        zone: of times that name none.
        category: where the event names none.
        force: all of the usage or nothing (`ForceDuration`).
    """
    fields = event.Event
    start = instant_of(fields, "AnswerTime", zone=zone) or instant_of(fields, "SetupTime", zone=zone)
    account = str(fields.get("Account", ""))
    return CallDescriptor(
        Category=str(fields.get("Category") or category),
        Tenant=event.Tenant,
        Subject=str(fields.get("Subject") or account),
        Account=account,
        Destination=str(fields.get("Destination", "")),
        TimeStart=start,
        TimeEnd=start.plus(usage) if usage else start,
        DurationIndex=usage,
        ToR=str(fields.get("ToR", "")),
        CgrID=str(fields.get("CGRID", "")),
        RunID=str(fields.get("RunID", "")),
        ForceDuration=force,
        ExtraFields=extra_fields(fields),
    )


def extra_fields(fields: Mapping[str, Any]) -> dict[str, str]:
    """The free fields of an event, as texts."""
    return {name: value if isinstance(value, str) else str(value) for name, value in fields.items() if name not in MAIN_FIELDS}
