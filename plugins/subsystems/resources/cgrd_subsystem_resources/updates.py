"""Tell ThresholdS what a resource's usage is now."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from cgrd import CGREvent, Component
from cgrd.errors import CgrdError, PartiallyExecuted, is_nothing
from cgrd_subsystem_resources.matching import Used

UPDATE = "ResourceUpdate"
NONE = ["*none"]


async def tell_thresholds(owner: Component, event: CGREvent, used: Sequence[Used]) -> None:
    """A ResourceUpdate for each resource, after all of them have changed.

    Raises:
        PartiallyExecuted: a threshold that a profile names did not answer, or any failed; the others were told.
    """
    if not owner.linked("thresholds"):
        return
    failed = []
    for profile, resource in used:
        if profile.ThresholdIDs == NONE:
            continue
        try:
            await owner.call("thresholds", "ThresholdSv1.ProcessEvent", _update(event, profile.Tenant, profile.ThresholdIDs, resource.id, resource.total))
        except CgrdError as error:
            if profile.ThresholdIDs or not is_nothing(error):
                failed.append(f"{profile.ID}: {error} {error.explain}".strip())
    if failed:
        raise PartiallyExecuted(explain="; ".join(failed))


def _update(event: CGREvent, tenant: str, threshold_ids: list[str], resource_id: str, total: object) -> CGREvent:
    options = {**event.options(), "*eventType": UPDATE}
    if threshold_ids:
        options["*thdProfileIDs"] = threshold_ids
    fields = {"EventType": UPDATE, "ResourceID": resource_id, "Usage": total}
    return CGREvent(Tenant=tenant, ID=str(uuid4()), Event=fields, APIOpts=options)
