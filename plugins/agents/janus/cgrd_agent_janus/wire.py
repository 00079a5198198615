"""SessionS as the agent speaks to it: arguments and replies under their names on the wire.

Source: spec of SessionSv1 (structured methods), the events of the reference's agent.
"""

from __future__ import annotations

from typing import Any

import msgspec

from cgrd import CGREvent, Instant


class AuthorizeArgs(msgspec.Struct, kw_only=True):
    """`SessionSv1.AuthorizeEvent`."""

    GetAttributes: bool = False
    AuthorizeIP: bool = False
    AuthorizeResources: bool = False
    GetMaxUsage: bool = False
    ForceDuration: bool = False
    ProcessThresholds: bool = False
    ProcessStats: bool = False
    GetRoutes: bool = False
    RoutesMaxCost: str = ""
    RoutesIgnoreErrors: bool = False
    AttributeIDs: list[str] | None = None
    ThresholdIDs: list[str] | None = None
    StatIDs: list[str] | None = None
    Tenant: str = ""
    ID: str = ""
    Time: Instant | None = None
    Event: dict[str, Any] = {}
    APIOpts: dict[str, Any] | None = None
    Limit: int | None = None
    Offset: int | None = None


class InitiateArgs(msgspec.Struct, kw_only=True):
    """`SessionSv1.InitiateSession`."""

    GetAttributes: bool = False
    AllocateIP: bool = False
    AllocateResources: bool = False
    InitSession: bool = True
    ForceDuration: bool = False
    ProcessThresholds: bool = False
    ProcessStats: bool = False
    AttributeIDs: list[str] | None = None
    ThresholdIDs: list[str] | None = None
    StatIDs: list[str] | None = None
    Tenant: str = ""
    ID: str = ""
    Time: Instant | None = None
    Event: dict[str, Any] = {}
    APIOpts: dict[str, Any] | None = None


class UpdateArgs(msgspec.Struct, kw_only=True):
    """`SessionSv1.UpdateSession`."""

    GetAttributes: bool = False
    UpdateSession: bool = True
    ForceDuration: bool = False
    ProcessThresholds: bool = False
    ProcessStats: bool = False
    AttributeIDs: list[str] | None = None
    ThresholdIDs: list[str] | None = None
    StatIDs: list[str] | None = None
    Tenant: str = ""
    ID: str = ""
    Time: Instant | None = None
    Event: dict[str, Any] = {}
    APIOpts: dict[str, Any] | None = None


class TerminateArgs(msgspec.Struct, kw_only=True):
    """`SessionSv1.TerminateSession`."""

    TerminateSession: bool = True
    ForceDuration: bool = False
    ReleaseIP: bool = False
    ReleaseResources: bool = False
    ProcessThresholds: bool = False
    ProcessStats: bool = False
    ThresholdIDs: list[str] | None = None
    StatIDs: list[str] | None = None
    Tenant: str = ""
    ID: str = ""
    Time: Instant | None = None
    Event: dict[str, Any] = {}
    APIOpts: dict[str, Any] | None = None


class Grant(msgspec.Struct):
    """What the agent reads of an answer: the granted length in nanoseconds, -1 while SessionS debits by itself."""

    MaxUsage: int | None = None


class ActiveSession(msgspec.Struct):
    """What the agent reads of `SessionSv1.GetActiveSessions`."""

    OriginID: str = ""
    OriginHost: str = ""


class SessionFilter(msgspec.Struct, kw_only=True):
    """Which sessions are asked for."""

    Limit: int | None = None
    Filters: list[str] | None = None
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class SessionRef(msgspec.Struct):
    """A live session as `AgentV1.GetActiveSessionIDs` lists it."""

    OriginHost: str
    OriginID: str


class PeerArgs(msgspec.Struct, kw_only=True):
    """`AgentV1.DisconnectPeer`."""

    OriginHost: str = ""
    OriginRealm: str = ""
    DisconnectCause: int = 0
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


def event_part(event: CGREvent) -> dict[str, Any]:
    """An event as the fields that all arguments embed."""
    return {"Tenant": event.Tenant, "ID": event.ID, "Time": event.Time, "Event": event.Event, "APIOpts": event.APIOpts}
