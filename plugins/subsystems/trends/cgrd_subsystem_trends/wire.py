"""Arguments and answers of TrendSv1, with the wire's names."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from cgrd import Instant


class TrendArgs(msgspec.Struct, kw_only=True):
    """Which trend."""

    Tenant: str = ""
    ID: str = ""
    APIOpts: dict[str, Any] | None = None


class PartArgs(TrendArgs, kw_only=True):
    """Which runs of a trend: from one index to before another, of times between two."""

    RunIndexStart: int = 0
    RunIndexEnd: int = 0
    RunTimeStart: str = ""
    RunTimeEnd: str = ""


class ScheduleArgs(msgspec.Struct, kw_only=True):
    """What is to be scheduled."""

    Tenant: str = ""
    ID: str = ""
    TrendIDs: list[str] | None = None
    APIOpts: dict[str, Any] | None = None


class ScheduledArgs(msgspec.Struct, kw_only=True):
    """What of the scheduled ones is asked."""

    Tenant: str = ""
    ID: str = ""
    TrendIDPrefixes: list[str] | None = None
    APIOpts: dict[str, Any] | None = None


class Growth(msgspec.Struct):
    """A metric in a run. TrendGrowth in percent; -1 and N/A where there is nothing to compare with."""

    ID: str
    Value: Decimal
    TrendGrowth: Decimal = Decimal(-1)
    TrendLabel: str = "N/A"


class Trend(msgspec.Struct):
    """All runs that are kept, the oldest first; Metrics by the text of the run's time."""

    Tenant: str
    ID: str
    RunTimes: list[Instant] = []
    Metrics: dict[str, dict[str, Growth]] | None = {}
    CompressedMetrics: bytes | None = None


class Summary(msgspec.Struct):
    """The last run."""

    Tenant: str
    ID: str
    Time: Instant = Instant.ZERO
    Metrics: dict[str, Growth] = {}


class Scheduled(msgspec.Struct):
    """When a trend runs."""

    TrendID: str
    Next: Instant
    Previous: Instant
