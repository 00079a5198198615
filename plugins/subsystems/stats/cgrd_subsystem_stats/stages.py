"""Where StatS takes part in flows: the event feeds its statistics, after everything that decides.

Source: spec/sessions.md §1, §3 and §4, spec/rating.md §9.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from cgrd import CGREvent, Flow, Run, stage

EDGE: Final[dict[str, Any]] = {"edge": "stats", "service": "StatS", "errors": "STATS_ERROR"}
ASKED: Final[dict[str, Any]] = {"inputs": {"StatIDs": list[str] | None}, "reply": "StatQueueIDs"}
AFTER = "*attributes *chargers *rals *resources *ips *routes *thresholds"


@stage("*stats", of="authorize initiate message", after=AFTER, args="ProcessStats", tolerant=True, **ASKED, **EDGE)
@stage("*stats", of="update", after=AFTER, args="ProcessStats", tolerant=True, **ASKED, **EDGE)
async def process(flow: Flow) -> list[str] | None:
    """The ids of the statistics that the event feeds."""
    return await ids_hit(flow, flow.event, flow.options().get("StatIDs"))


@stage("*stats", of="terminate", after=AFTER, args="ProcessStats", inputs=ASKED["inputs"], tolerant=True, **EDGE)
async def process_end(flow: Flow) -> None:
    """The same at the end of a session, where nobody is told the ids."""
    await ids_hit(flow, flow.event, flow.options().get("StatIDs"))


@stage(
    "*stats", of="event", after="*chargers *attributes *routes *thresholds", before="*resources *ips *rals *cdrs", per="run",
    reply="StatQueueIDs", tolerant=True, **EDGE,
)  # fmt: skip
async def process_view(flow: Flow, run: Run) -> list[str] | None:
    """The same for one view of the event."""
    return await ids_hit(flow, run.event, flow.options().get("*ids"))


@stage("*stats", of="cdr", after="*store *export *thresholds", per="run", tolerant=True, **EDGE)
async def process_record(flow: Flow, run: Run) -> None:
    """A CDR as it was kept."""
    event = run.event
    options = {**event.options(), "*eventType": "CDR"}
    await ids_hit(flow, replace(event, APIOpts=options), None)


async def ids_hit(flow: Flow, event: CGREvent, ids: list[str] | None) -> list[str] | None:
    """The ids that an event hits; None when nothing matches it."""
    return await flow.matched("StatSv1.ProcessEvent", event, option="*stsProfileIDs", ids=ids)
