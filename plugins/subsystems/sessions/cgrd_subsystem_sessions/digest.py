"""Answers as flat texts, for switches that cannot read maps: `AuthorizeEventWithDigest`, `InitiateSessionWithDigest`.

Source: spec/sessions.md §3.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cgrd.codec import plain_tree
from cgrd.durations import SECOND
from cgrd.fields import text_of


def authorized_digest(reply: Mapping[str, Any], general: Mapping[str, Any]) -> dict[str, Any]:
    """What was authorized, null where it was not asked for; MaxUsage in seconds."""
    return {**initiated_digest(reply, general), "RoutesDigest": _routes(reply.get("RouteProfiles"), general)}


def initiated_digest(reply: Mapping[str, Any], general: Mapping[str, Any]) -> dict[str, Any]:
    """What was initiated, null where it was not asked for; MaxUsage in seconds, -1 ns when debit loops pay."""
    told = plain_tree(dict(reply))
    return {
        "AttributesDigest": _attributes(told.get("Attributes"), general),
        "AllocatedIP": _address(told.get("AllocatedIP")),
        "ResourceAllocation": told.get("ResourceAllocation"),
        "MaxUsage": Decimal(told.get("MaxUsage") or 0) / SECOND,
        "Thresholds": _joined(told.get("ThresholdIDs")),
        "StatQueues": _joined(told.get("StatQueueIDs")),
    }


def _attributes(told: Mapping[str, Any] | None, general: Mapping[str, Any]) -> str | None:
    if told is None:
        return None
    pairs = []
    for path in told.get("AlteredFields") or ():
        root, _, name = str(path).partition(".")
        source = told.get("APIOpts") if root == "*opts" else told.get("Event")
        if name in (source or {}):
            pairs.append(f"{name}{general['digest_equal']}{text_of((source or {})[name])}")
    return str(general["digest_separator"]).join(pairs)


def _address(told: Mapping[str, Any] | None) -> str | None:
    return None if told is None else ":".join(str(told.get(name, "")) for name in ("ProfileID", "PoolID", "Message", "Address"))


def _routes(profiles: Any, general: Mapping[str, Any]) -> str | None:
    if profiles is None:
        return None
    separator = str(general["digest_separator"])
    return ";".join(separator.join(_route(route, general) for route in each.get("Routes") or ()) for each in plain_tree(profiles))


def _route(route: Mapping[str, Any], general: Mapping[str, Any]) -> str:
    parameters = route.get("RouteParameters")
    return f"{route['RouteID']}{general['digest_equal']}{parameters}" if parameters else str(route["RouteID"])


def _joined(ids: list[str] | None) -> str | None:
    return None if ids is None else ",".join(ids)
