"""Where ResourceS takes part in flows: whether there is room, taking it, giving it back.

Source: spec/sessions.md §3 and §4.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from msgspec.structs import replace

from cgrd import CGREvent, Flow, Run, stage
from cgrd.errors import MandatoryMissing

EDGE: Final[dict[str, Any]] = {"edge": "resources", "service": "ResourceS", "errors": "RESOURCES_ERROR"}
BEFORE = "*attributes *chargers *rals"


@stage("*resources", of="authorize", after=BEFORE, args="AuthorizeResources", reply="ResourceAllocation", **EDGE)
async def authorize(flow: Flow) -> Any:
    """Whether the usage could be allocated, without taking it; the allocation's message."""
    return await flow.call("ResourceSv1.AuthorizeResources", asking(flow.event, usage_id(flow.event) or str(uuid4())))


@stage("*resources", of="initiate message", after="*attributes", before="*rals", args="AllocateResources", reply="ResourceAllocation", holds=True, **EDGE)
async def allocate(flow: Flow) -> Any:
    """Take the usage under the event's OriginID; the allocation's message."""
    return await flow.call("ResourceSv1.AllocateResources", asking(flow.event, needed_id(flow.event)))


@stage("*resources", of="terminate", after="*rals", args="ReleaseResources", releases=True, **EDGE)
async def release(flow: Flow) -> None:
    """Give the usage of the event's OriginID back."""
    await flow.call("ResourceSv1.ReleaseResources", asking(flow.event, needed_id(flow.event)))


LATE: Final[dict[str, Any]] = {
    **EDGE, "of": "event", "per": "run", "tolerant": True, "linked": True, "after": "*chargers *attributes *routes *thresholds *stats", "before": "*rals *cdrs",
}  # fmt: skip


@stage("*resources", option="*authorize", reply="ResourceAllocation", **LATE)
async def authorize_view(flow: Flow, run: Run) -> Any:
    """The same for one view of the event."""
    return await flow.call("ResourceSv1.AuthorizeResources", asking(run.event, needed_id(run.event)))


@stage("*resources", option="*allocate", unless="*authorize", reply="ResourceAllocation", holds=True, **LATE)
async def allocate_view(flow: Flow, run: Run) -> Any:
    """The same for one view of the event."""
    return await flow.call("ResourceSv1.AllocateResources", asking(run.event, needed_id(run.event)))


@stage("*resources", option="*release", unless="*authorize *allocate", reply="ResourceAllocation", **LATE)
async def release_view(flow: Flow, run: Run) -> Any:
    """The same for one view of the event."""
    return await flow.call("ResourceSv1.ReleaseResources", asking(run.event, needed_id(run.event)))


def usage_id(event: CGREvent) -> str:
    """The id that the usage is kept under: the option, else the event's OriginID; "" when there is neither."""
    return str(event.options().get("*rsUsageID") or event.Event.get("OriginID") or "")


def needed_id(event: CGREvent) -> str:
    """The same, where there must be one.

    Raises:
        MandatoryMissing: the event has no OriginID.
    """
    found = usage_id(event)
    if not found:
        raise MandatoryMissing("OriginID", explain="a usage of resources is kept under the event's OriginID")
    return found


def asking(event: CGREvent, under: str) -> CGREvent:
    """The event as ResourceS wants it: with an id and one unit, where the options name no other number."""
    options = {"*rsUnits": 1, **event.options(), "*rsUsageID": under}
    return replace(event, APIOpts=options)
