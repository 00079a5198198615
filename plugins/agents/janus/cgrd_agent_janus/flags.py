"""The flags of request processors (`*attributes:A&B`, `*resources`) as what is asked of SessionS. Pure.

Source: spec of the agents' structured calls ("ParseFlags for agents"): a flag switches one part on, ids follow after a colon.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from cgrd.fields import Flags

_PARTS = frozenset({"*accounts", "*resources", "*ips", "*routes", "*attributes", "*thresholds", "*stats", "*fd"})


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What SessionS is asked for; the names are those of the flags."""

    accounts: bool = False
    attributes: bool = False
    resources: bool = False
    ips: bool = False
    routes: bool = False
    routes_max_cost: str = ""
    routes_ignore_errors: bool = False
    thresholds: bool = False
    stats: bool = False
    force_duration: bool = False
    attribute_ids: list[str] | None = None
    threshold_ids: list[str] | None = None
    stat_ids: list[str] | None = None

    def authorize(self) -> dict[str, Any]:
        """The arguments of AuthorizeEvent."""
        return {
            "GetAttributes": self.attributes,
            "AuthorizeIP": self.ips,
            "AuthorizeResources": self.resources,
            "GetMaxUsage": self.accounts,
            "ForceDuration": self.force_duration,
            "GetRoutes": self.routes,
            "RoutesMaxCost": self.routes_max_cost,
            "RoutesIgnoreErrors": self.routes_ignore_errors,
            "AttributeIDs": self.attribute_ids,
            **self._reports(),
        }

    def initiate(self) -> dict[str, Any]:
        """The arguments of InitiateSession. Only `*fd` wants all or nothing: a call may go on for what little is left."""
        return {
            "GetAttributes": self.attributes,
            "AllocateIP": self.ips,
            "AllocateResources": self.resources,
            "InitSession": self.accounts,
            "ForceDuration": self.force_duration,
            "AttributeIDs": self.attribute_ids,
            **self._reports(),
        }

    def update(self) -> dict[str, Any]:
        """The arguments of UpdateSession."""
        return {"UpdateSession": self.accounts, "ForceDuration": self.force_duration}

    def terminate(self) -> dict[str, Any]:
        """The arguments of TerminateSession."""
        return {
            "TerminateSession": self.accounts,
            "ForceDuration": self.force_duration,
            "ReleaseIP": self.ips,
            "ReleaseResources": self.resources,
            **self._reports(),
        }

    def _reports(self) -> dict[str, Any]:
        return {
            "ProcessThresholds": self.thresholds,
            "ProcessStats": self.stats,
            "ThresholdIDs": self.threshold_ids,
            "StatIDs": self.stat_ids,
        }


def read_flags(texts: Iterable[str], default: Asked) -> Asked:
    """What the flags ask for; `default` when none of them names a part."""
    flags = Flags(texts)
    found: dict[str, Any] = {}
    for name in filter(flags.is_on, flags):
        found |= _part(name, flags)
    return Asked(**found) if any(name in _PARTS for name in flags) else default


def _part(name: str, flags: Flags) -> dict[str, Any]:
    """One flag as fields of `Asked`; a flag that is no part gives none. Ids may stand behind `*ids:` or directly behind the flag."""
    ids = flags.ids(name) or [found for found in flags.parameter(name).split("&") if found and found != "*ids"]
    match name:
        case "*fd":
            return {"force_duration": True}
        case "*attributes":
            return {"attributes": True, "attribute_ids": ids or None}
        case "*thresholds":
            return {"thresholds": True, "threshold_ids": ids or None}
        case "*stats":
            return {"stats": True, "stat_ids": ids or None}
        case "*routes_maxcost":
            return {"routes_max_cost": flags.parameter(name)}
        case "*routes_event_cost":
            return {"routes_max_cost": "*event_cost"}
        case "*routes_ignore_errors":
            return {"routes_ignore_errors": True}
        case "*accounts" | "*resources" | "*ips" | "*routes":
            return {name[1:]: True}
    return {}
