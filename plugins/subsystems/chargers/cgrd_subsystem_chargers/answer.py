"""What ChargerS answers."""

from __future__ import annotations

import msgspec

from cgrd import CGREvent


class ChargerAnswer(msgspec.Struct, kw_only=True):
    """One run: whose it is, what changed its event, and the event."""

    ChargerSProfile: str = ""
    AttributeSProfiles: list[str] | None = None
    AlteredFields: list[str] | None = None
    CGREvent: CGREvent
