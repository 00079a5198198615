"""What a threshold does when it fires: runs actions, tells exporters, tells a Sy session. No lock is held meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from cgrd import CGREvent
from cgrd.errors import CgrdError, is_nothing
from cgrd.hops import deeper
from cgrd_subsystem_thresholds.kinds import ThresholdProfile
from cgrd_subsystem_thresholds.wire import Threshold

if TYPE_CHECKING:
    from cgrd_subsystem_thresholds.service import ThresholdS

NONE = "*none"
SY_PUBLISH = "*sy_publish"
HIT = "ThresholdHit"


async def act(thresholds: ThresholdS, profile: ThresholdProfile, event: CGREvent) -> list[str]:
    """Run the actions of a threshold that fired; what failed, a line each."""
    failed: list[str] = []
    if profile.ActionIDs and profile.ActionIDs[0] == NONE:
        return failed
    for actions in profile.ActionIDs:
        try:
            with deeper(f"threshold {profile.ID}"):
                await _act(thresholds, profile, actions, event)
        except CgrdError as error:
            failed.append(f"{profile.ID}, actions {actions}: {error} {error.explain}".rstrip())
    return failed


async def _act(thresholds: ThresholdS, profile: ThresholdProfile, actions: str, event: CGREvent) -> None:
    if actions == SY_PUBLISH:
        await thresholds.sy.publish(profile.ID)
    else:
        await thresholds.call("actions", "APIerSv1.ExecuteAction", execution(profile.Tenant, actions, event))


def execution(tenant: str, actions: str, event: CGREvent) -> dict[str, Any]:
    """The arguments of APIerSv1.ExecuteAction."""
    return {"Tenant": tenant, "Account": account_of(event), "ActionsId": actions}


def account_of(event: CGREvent) -> str:
    """Whom the actions are for: the option `*accountID` goes before the event's own account; "" is nobody."""
    options, fields = event.options(), event.Event
    found = options.get("*accountID") or fields.get("Account") or fields.get("AccountID")
    if not found and options.get("*eventType") == "AccountUpdate":
        found = fields.get("ID")
    return str(found or "").removeprefix(f"{event.Tenant}:")


async def export(thresholds: ThresholdS, profile: ThresholdProfile, state: Threshold, event: CGREvent) -> list[str]:
    """Tell exporters of the hit; what failed."""
    ids = profile.EeIDs or (thresholds.config["ees_exporter_ids"] if thresholds.linked("ees") else [])
    if not ids or ids[0] == NONE:
        return []
    hit = {"EventType": HIT, "ID": profile.ID, "Hits": state.Hits, "Snooze": state.Snooze, "Event": event.Event}
    args = {
        "Tenant": profile.Tenant, "ID": uuid4().hex, "Time": thresholds.services.clock.now(), "EeIDs": ids,
        "Event": hit, "APIOpts": {**event.options(), "*eventType": HIT},
    }  # fmt: skip
    try:
        await thresholds.call("ees", "EeSv1.ProcessEvent", args)
    except CgrdError as error:
        if not is_nothing(error):
            return [f"{profile.ID}, exporters: {error}"]
    return []
