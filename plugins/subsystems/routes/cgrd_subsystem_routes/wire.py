"""Arguments and answers of RouteSv1, with the wire's names."""

from __future__ import annotations

from typing import Any

import msgspec

from cgrd import CGREvent, Instant
from cgrd.errors import MandatoryMissing


class EventArgs(msgspec.Struct, kw_only=True):
    """An event whose fields may be missing altogether, which is an error."""

    Tenant: str = ""
    ID: str = ""
    Time: Instant | None = None
    Event: dict[str, Any] | None = None
    APIOpts: dict[str, Any] | None = None

    def event(self, default_tenant: str) -> CGREvent:
        """The event of a tenant.

        Raises:
            MandatoryMissing: it has no ID, or no fields.
        """
        if not self.ID:
            raise MandatoryMissing("ID")
        if self.Event is None:
            raise MandatoryMissing("Event")
        return CGREvent(Tenant=self.Tenant or default_tenant, ID=self.ID, Time=self.Time, Event=self.Event, APIOpts=self.APIOpts)


class SortedRoute(msgspec.Struct):
    """A route with what decided about its place."""

    RouteID: str
    RouteParameters: str
    SortingData: dict[str, Any]


class SortedRoutes(msgspec.Struct):
    """The routes of a profile, in the order in which they should be tried."""

    ProfileID: str
    Sorting: str
    Routes: list[SortedRoute]


class Changed(CGREvent, kw_only=True):
    """What AttributeS made of the event."""

    AlteredFields: list[str] | None = None


class Usage(msgspec.Struct):
    """Units of a resource that are in use."""

    Units: int | float = 0


class Resource(msgspec.Struct):
    """A resource as ResourceS shows it."""

    Usages: dict[str, Usage] | None = None
