"""Actions on running sessions, over `rals.sessions_conns`.

Source: spec/tariffplans.md (action types): `tenant;filters&…;limit;opt:val&…;field:val&…`.
"""

from __future__ import annotations

from typing import Any

from cgrd import without_account
from cgrd.errors import Wrong
from cgrd_subsystem_rals.actions.doing import Doing, Run

PARTS = 5


@without_account
def alter_sessions(doing: Doing) -> None:
    """Let agents change the sessions that pass filters, over `rals.sessions_conns`.

    ExtraParameters: `tenant;filter&filter;limit;option:value&…;field:value&…`, each part may be empty.
    """
    doing.ask("rals", "sessions", "SessionSv1.AlterSessions", selection(doing))


@without_account
def force_disconnect(doing: Doing) -> None:
    """End the sessions that pass filters, over `rals.sessions_conns`.

    ExtraParameters: `tenant;filter&filter;limit;option:value&…;field:value&…`, each part may be empty.
    """
    doing.ask("rals", "sessions", "SessionSv1.ForceDisconnect", selection(doing))


def selection(doing: Doing) -> dict[str, Any]:
    """Which sessions, and what they are told.

    Raises:
        Wrong: ExtraParameters are not five parts.
    """
    parts = doing.action.ExtraParameters.split(";")
    if len(parts) != PARTS:
        raise Wrong(f"invalid number of parameters <{len(parts)}> expected {PARTS}", explain="tenant;filters&…;limit;opt:val&…;field:val&…")
    tenant, filters, limit, options, fields = parts
    asked: dict[str, Any] = {
        "Tenant": tenant or doing.key.partition(":")[0] or doing.desk.services.default_tenant,
        "Filters": [part for part in filters.split("&") if part],
        "APIOpts": _pairs(options),
        "Event": _pairs(fields),
    }
    if limit:
        asked["Limit"] = _number(limit)
    return asked


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise Wrong(f"the limit {text!r} is no number") from error


def _pairs(text: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in text.split("&") if part)
    return {name: value for name, _, value in pairs}


TYPES: dict[str, Run] = {"*alter_sessions": alter_sessions, "*force_disconnect_sessions": force_disconnect}
