"""StatUpdate: thresholds and exporters hear of each queue that an event has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from cgrd import CGREvent
from cgrd.errors import CgrdError, is_nothing

if TYPE_CHECKING:
    from cgrd_subsystem_stats.queue import StatQueue
    from cgrd_subsystem_stats.service import StatS

UPDATE = "StatUpdate"
NONE = ["*none"]


async def tell(stats: StatS, queues: list[StatQueue], options: dict[str, Any]) -> list[str]:
    """Tell of the queues; what failed, a line each."""
    failed: list[str] = []
    for queue in queues:
        if stats.linked("thresholds") and queue.profile.ThresholdIDs != NONE:
            failed += await _tell_thresholds(stats, queue, options)
        if stats.linked("ees"):
            failed += await _tell_exporters(stats, queue, options)
    return failed


def _update(stats: StatS, queue: StatQueue, options: dict[str, Any]) -> CGREvent:
    fields = {"EventType": UPDATE, "StatID": queue.profile.ID, **queue.values(stats.services.rounding_decimals)}
    return CGREvent(Tenant=queue.profile.Tenant, ID=uuid4().hex, Time=stats.services.clock.now(), Event=fields, APIOpts={**options, "*eventType": UPDATE})


async def _tell_thresholds(stats: StatS, queue: StatQueue, options: dict[str, Any]) -> list[str]:
    ids = queue.profile.ThresholdIDs
    event = _update(stats, queue, {**options, "*thdProfileIDs": ids} if ids else options)
    try:
        await stats.call("thresholds", "ThresholdSv1.ProcessEvent", event)
    except CgrdError as error:
        # A queue that names its thresholds wants them to be there.
        if ids or not is_nothing(error):
            return [f"{queue.profile.ID}, thresholds: {error}"]
    return []


async def _tell_exporters(stats: StatS, queue: StatQueue, options: dict[str, Any]) -> list[str]:
    event = _update(stats, queue, options)
    args = {"EeIDs": stats.config["ees_exporter_ids"] or None, **{name: getattr(event, name) for name in event.__struct_fields__}}
    try:
        await stats.call_or_none("ees", "EeSv1.ProcessEvent", args)
    except CgrdError as error:
        return [f"{queue.profile.ID}, exporters: {error}"]
    return []
