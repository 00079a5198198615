"""Arguments and answers of StatSv1, with the wire's names."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from cgrd import Instant


class QueueArgs(msgspec.Struct, kw_only=True):
    """Which queue."""

    Tenant: str = ""
    ID: str = ""
    APIOpts: dict[str, Any] | None = None


class TenantArgs(msgspec.Struct, kw_only=True):
    """Whose queues."""

    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class QueueItem(msgspec.Struct):
    """An event in a queue."""

    EventID: str
    ExpiryTime: Instant | None


class Queue(msgspec.Struct):
    """A queue as it stands."""

    Tenant: str
    ID: str
    SQItems: list[QueueItem] | None
    SQMetrics: dict[str, dict[str, Any]]


Numbers = dict[str, int | Decimal]
"""Metrics by id, durations in ns; -1 for those without a number yet."""
