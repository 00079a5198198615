"""Arguments and answers of ThresholdSv1, with the wire's names."""

from __future__ import annotations

from typing import Any

import msgspec

from cgrd import Instant


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
