"""What a request asks of ResourceS: under which id, how many units, for how long."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cgrd import CGREvent
from cgrd.durations import parse_duration
from cgrd.errors import MandatoryMissing, Wrong
from cgrd.fields import text_of
from cgrd.profiles import read_number


def checked(event: CGREvent) -> CGREvent:
    """The event, when it is whole.

    Raises:
        MandatoryMissing: it has no ID or no fields.
    """
    missing = [name for name, value in (("ID", event.ID), ("Event", event.Event)) if not value]
    if missing:
        raise MandatoryMissing(*missing)
    return event


def usage_id(event: CGREvent, defaults: Mapping[str, Any]) -> str:
    """The id of the usage.

    Raises:
        MandatoryMissing: neither the request nor the configuration names one.
    """
    found = text_of(event.options().get("*rsUsageID", defaults.get("*usageID", "")))
    if not found:
        raise MandatoryMissing("UsageID", explain="name it by the option *rsUsageID")
    return found


def usage_ttl(event: CGREvent, defaults: Mapping[str, Any]) -> int | None:
    """For how many ns the usage is held, None as the profile says.

    Raises:
        Wrong: the option is no duration.
    """
    value = event.options().get("*rsUsageTTL", defaults.get("*usageTTL"))
    if value is None or value == "":
        return None
    return int(value) if isinstance(value, (int, Decimal)) else parse_duration(text_of(value))


def units(event: CGREvent, defaults: Mapping[str, Any]) -> Decimal:
    """How many units.

    Raises:
        Wrong: the option is no number.
    """
    value = event.options().get("*rsUnits", defaults.get("*units", 1))
    if isinstance(value, (int, Decimal)):
        return Decimal(value)
    text = text_of(value)
    try:
        if not text:
            raise ValueError(text)
        return read_number(text)
    except ValueError:
        raise Wrong(f'strconv.ParseFloat: parsing "{text}": invalid syntax', explain="*rsUnits is a number") from None
