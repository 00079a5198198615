"""Where IPs takes part in flows: whether an address is free, taking it, giving it back.

Source: spec/sessions.md §3 and §4.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from msgspec.structs import replace

from cgrd import CGREvent, Flow, Run, stage
from cgrd.errors import MandatoryMissing

EDGE: Final[dict[str, Any]] = {"edge": "ips", "service": "IPs", "errors": "IPS_ERROR"}


@stage("*ips", of="authorize", after="*attributes *chargers *rals *resources", args="AuthorizeIP", reply="AllocatedIP", **EDGE)
async def authorize(flow: Flow) -> Any:
    """The address that would be given."""
    return await flow.call("IPsV1.AuthorizeIP", asking(flow.event, allocation_id(flow.event) or str(uuid4())))


@stage("*ips", of="initiate message", after="*attributes *resources", before="*rals", args="AllocateIP", reply="AllocatedIP", holds=True, **EDGE)
async def allocate(flow: Flow) -> Any:
    """The address given, kept under the event's OriginID."""
    return await flow.call("IPsV1.AllocateIP", asking(flow.event, needed_id(flow.event)))


@stage("*ips", of="terminate", after="*rals *resources", args="ReleaseIP", releases=True, **EDGE)
async def release(flow: Flow) -> None:
    """Give the address of the event's OriginID back."""
    await flow.call("IPsV1.ReleaseIP", asking(flow.event, needed_id(flow.event)))


LATE: Final[dict[str, Any]] = {
    **EDGE, "of": "event", "per": "run", "tolerant": True, "linked": True,
    "after": "*chargers *attributes *routes *thresholds *stats *resources", "before": "*rals *cdrs",
}  # fmt: skip


@stage("*ips", option="*authorize", reply="AllocatedIP", **LATE)
async def authorize_view(flow: Flow, run: Run) -> Any:
    """The same for one view of the event."""
    return await flow.call("IPsV1.AuthorizeIP", asking(run.event, needed_id(run.event)))


@stage("*ips", option="*allocate", unless="*authorize", reply="AllocatedIP", holds=True, **LATE)
async def allocate_view(flow: Flow, run: Run) -> Any:
    """The same for one view of the event."""
    return await flow.call("IPsV1.AllocateIP", asking(run.event, needed_id(run.event)))


@stage("*ips", option="*release", unless="*authorize *allocate", **LATE)
async def release_view(flow: Flow, run: Run) -> None:
    """The same for one view of the event."""
    await flow.call("IPsV1.ReleaseIP", asking(run.event, needed_id(run.event)))


def allocation_id(event: CGREvent) -> str:
    """The id that the address is kept under: the option, else the event's OriginID; "" when there is neither."""
    return str(event.options().get("*ipAllocationID") or event.Event.get("OriginID") or "")


def needed_id(event: CGREvent) -> str:
    """The same, where there must be one.

    Raises:
        MandatoryMissing: the event has no OriginID.
    """
    found = allocation_id(event)
    if not found:
        raise MandatoryMissing("OriginID", explain="an address is kept under the event's OriginID")
    return found


def asking(event: CGREvent, under: str) -> CGREvent:
    """The event as IPs wants it."""
    options = {**event.options(), "*ipAllocationID": under}
    return replace(event, APIOpts=options)
