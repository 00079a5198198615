"""Arguments and answers of RankingSv1, with the wire's names."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from cgrd import Instant

Numbers = dict[str, dict[str, Decimal]]
"""Metrics by the id of their statistic."""


class RankingArgs(msgspec.Struct, kw_only=True):
    """Which ranking."""

    Tenant: str = ""
    ID: str = ""
    APIOpts: dict[str, Any] | None = None


class ScheduleArgs(msgspec.Struct, kw_only=True):
    """What is to be scheduled."""

    Tenant: str = ""
    ID: str = ""
    RankingIDs: list[str] | None = None
    APIOpts: dict[str, Any] | None = None


class ScheduledArgs(msgspec.Struct, kw_only=True):
    """What of the scheduled ones is asked."""

    Tenant: str = ""
    ID: str = ""
    RankingIDPrefixes: list[str] | None = None
    APIOpts: dict[str, Any] | None = None


class Ranking(msgspec.Struct):
    """Statistics in order, with the metrics that decided; the zero time: it has not run yet."""

    Tenant: str
    ID: str
    LastUpdate: Instant = Instant.ZERO
    Metrics: Numbers = {}
    Sorting: str = ""
    SortingParameters: list[str] = []
    SortedStatIDs: list[str] = []


class Summary(msgspec.Struct):
    """The order alone."""

    Tenant: str
    ID: str
    LastUpdate: Instant
    SortedStatIDs: list[str]


class Scheduled(msgspec.Struct):
    """When a ranking runs."""

    RankingID: str
    Next: Instant
    Previous: Instant
