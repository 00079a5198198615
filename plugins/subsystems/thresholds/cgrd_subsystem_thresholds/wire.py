"""Arguments and answers of ThresholdSv1, with the wire's names."""

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


class ThresholdArgs(msgspec.Struct, kw_only=True):
    """Which threshold."""

    Tenant: str = ""
    ID: str = ""
    APIOpts: dict[str, Any] | None = None


class TenantArgs(msgspec.Struct, kw_only=True):
    """Whose thresholds."""

    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class Threshold(msgspec.Struct, kw_only=True):
    """How a threshold stands: events counted so far, and until when it sleeps (the zero time: it has never fired)."""

    Tenant: str
    ID: str
    Hits: int = 0
    Snooze: Instant = Instant.ZERO


class SyConnection(msgspec.Struct, kw_only=True):
    """The Sy session that a threshold profile stands for."""

    CGRID: str = ""
    ClientConnID: str = ""
    ThresholdProfileID: str = ""
