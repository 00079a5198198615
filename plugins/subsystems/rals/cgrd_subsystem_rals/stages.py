"""Where RALs takes part in flows: how long an event may go on, and what it would cost. What moves money in a session is SessionS' own.

Source: spec/sessions.md §2 to §4.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from cgrd import CGREvent, Flow, Run, stage
from cgrd.costs import CallCost, CallDescriptor, descriptor_of, event_cost, requested_usage
from cgrd.errors import CgrdError, Prefixed

AUTHORIZED: Final = frozenset({"*prepaid", "*dynaprepaid", "*pseudoprepaid"})
"""Request types whose account is asked before they may go on; all others are granted what they ask for."""
EDGE: Final[dict[str, Any]] = {"edge": "rals", "service": "RALs"}
LATE: Final = "*chargers *attributes *routes *thresholds *stats *resources *ips"


@stage(
    "*rals", of="authorize", after="*attributes *chargers", args="GetMaxUsage", inputs={"ForceDuration": bool},
    per="run", reply="MaxUsage", merge=min, **EDGE,
)  # fmt: skip
async def max_usage(flow: Flow, run: Run) -> int:
    """How long this run may go on, at most what it asks for; the least of all runs is the answer."""
    return await granted(flow, run.event, force=bool(flow.options().get("ForceDuration")))


@stage("*rals", of="event", option="*authorize", after=f"{LATE} *cost", per="run", reply="MaxUsage", **EDGE)
async def max_usage_of_view(flow: Flow, run: Run) -> int:
    """The least that the charger runs of one view of the event may go on."""
    runs = await flow.forked(run.event)
    return min([await granted(flow, each.event, force="*fd" in flow.options()) for each in runs])


@stage("*rals", name="*cost", of="event", option="*cost", after=LATE, per="run", reply="Cost", errors="RALS_ERROR", **EDGE)
async def cost_of_view(flow: Flow, run: Run) -> Decimal:
    """What one view of the event would cost; nobody pays."""
    services = flow.driver.services
    asked = _asking(flow, run.event, usage=_requested(flow, run.event), force=False)
    cost: CallCost = await flow.call("Responder.GetCost", asked, CallCost)
    return event_cost(cost, decimals=services.rounding_decimals).Cost or Decimal(0)


async def granted(flow: Flow, event: CGREvent, *, force: bool) -> int:
    """How long the event of a run may go on: what it asks for, or less when its account cannot pay that.

    Raises:
        Wrong: its usage is no duration.
        Prefixed: `RALS_ERROR:…`, why its account cannot be asked.
    """
    wanted = _requested(flow, event)
    if event.Event.get("RequestType") not in AUTHORIZED:
        return wanted
    try:
        most: int = await flow.call("Responder.GetMaxSessionTime", _asking(flow, event, usage=wanted, force=force), int)
    except CgrdError as error:
        raise Prefixed("RALS_ERROR", error) from error
    # -1: the account may go below nothing.
    return wanted if most == -1 or most > wanted else most


def _requested(flow: Flow, event: CGREvent) -> int:
    return requested_usage(event.Event, flow.driver.config.get("default_usage") or {})


def _asking(flow: Flow, event: CGREvent, *, usage: int, force: bool) -> CallDescriptor:
    services = flow.driver.services
    return descriptor_of(event, usage=usage, zone=services.zone, category=services.default_category, force=force)
