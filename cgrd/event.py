"""The event: what an agent saw, in the field's own words; everything that cgrd does is done to one of these."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import msgspec

from cgrd.errors import MandatoryMissing
from cgrd.instants import Instant

__all__ = ["AlteredEvent", "CGREvent", "EventArgs", "FlaggedEvent", "cgrid"]


class EventArgs(msgspec.Struct, kw_only=True, gc=False):
    """An event as a request brings it: its fields may be missing altogether, which is an error.

    Whoever takes events from outside and from inside declares this one: a `CGREvent` is passed on as it is.
    """

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


class CGREvent(EventArgs, kw_only=True, gc=False):
    """An event on its way. Free fields live in `Event`, options of the request in `APIOpts`; both are copied before they are changed.

    Durations inside are integer nanoseconds or Go texts ("60s"), times RFC 3339 texts or `Instant`.
    """

    Tenant: str = ""
    ID: str = ""
    Time: Instant | None = None
    Event: dict[str, Any] = {}
    APIOpts: dict[str, Any] | None = None

    def copy(self) -> CGREvent:
        """The same event with maps of its own, to be changed freely."""
        return CGREvent(Tenant=self.Tenant, ID=self.ID, Time=self.Time, Event=dict(self.Event), APIOpts=dict(self.APIOpts or {}))

    def options(self) -> dict[str, Any]:
        """The options, empty when none were given; not to be changed."""
        return self.APIOpts or {}


class FlaggedEvent(EventArgs, kw_only=True):
    """An event with the flags that say what becomes of it (`*rals`, `*store:false`)."""

    Flags: list[str] | None = None


class AlteredEvent(CGREvent, kw_only=True, gc=False):
    """An event as AttributeS answers it: which profiles have changed it, and which fields (`*req.Account`)."""

    MatchedProfiles: list[str] | None = None
    AlteredFields: list[str] | None = None

    def as_event(self) -> CGREvent:
        """The event alone."""
        return CGREvent(Tenant=self.Tenant, ID=self.ID, Time=self.Time, Event=self.Event, APIOpts=self.APIOpts)


@lru_cache(4096)
def cgrid(origin_id: str, origin_host: str) -> str:
    """The key of a session: hex SHA-1 of OriginID and OriginHost, as every CGRateS client computes it."""
    return hashlib.sha1(f"{origin_id}{origin_host}".encode(), usedforsecurity=False).hexdigest()
