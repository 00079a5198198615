"""Stats.csv: queues of events and the metrics computed over them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from cgrd.profiles import (
    DURATION,
    FLAG,
    INTEGER,
    INTERVAL,
    LIST,
    NUMBER,
    ActivationInterval,
    Api,
    FilterIndex,
    Items,
    Kind,
    Refused,
    Scope,
    TpApi,
    column,
)


class MetricWithFilters(msgspec.Struct):
    """A metric (`*tcc`, `*sum#~*req.Cost`) over the events that pass its filters."""

    FilterIDs: list[str] = []
    MetricID: str = ""


class StatQueueProfile(msgspec.Struct):
    """A queue: at most QueueLength events (0 or less: any number), none older than TTL ns (-1: any age)."""

    Tenant: str = ""
    ID: str = ""
    FilterIDs: list[str] = []
    ActivationInterval: ActivationInterval | None = None
    QueueLength: int = 0
    TTL: int = 0
    MinItems: int = 0
    Metrics: list[MetricWithFilters] = []
    Stored: bool = False
    Blocker: bool = False
    Weight: Decimal = Decimal(0)
    ThresholdIDs: list[str] = []


METRICS = frozenset(("*asr", "*acd", "*tcd", "*acc", "*tcc", "*pdd", "*ddc", "*sum", "*average", "*highest", "*lowest", "*distinct", "*repsc", "*repfc"))


def check(record: Any, scope: Scope) -> None:
    """Every metric must be known.

    Raises:
        Refused: `unsupported metric type <x>`.
    """
    known = METRICS | scope.words("cgrd_metrics")
    for metric in record.Metrics:
        if metric.MetricID.partition("#")[0] not in known:
            raise Refused(f"unsupported metric type <{metric.MetricID}>", explain=f"known metrics are {' '.join(sorted(known))}")


STAT_QUEUE_PROFILE = Kind(
    name="StatQueueProfile",
    record=StatQueueProfile,
    file="Stats.csv",
    model="StatMdl",
    order=150,
    columns=(
        column("Tenant"),
        column("ID"),
        column("FilterIDs", LIST),
        column("ActivationInterval", INTERVAL),
        column("QueueLength", INTEGER),
        column("TTL", DURATION),
        column("MinItems", INTEGER),
        column("MetricIDs", LIST, into="MetricID", item="Metrics", words="Metrics"),
        column("MetricFilterIDs", LIST, into="FilterIDs", item="Metrics"),
        column("Stored", FLAG),
        column("Blocker", FLAG),
        column("Weight", NUMBER),
        column("ThresholdIDs", LIST),
    ),
    items=Items(field="Metrics", key="MetricIDs", each=True, type=MetricWithFilters),
    cache="*statqueue_profiles",
    caches=("*statqueues",),
    api=Api(noun="StatQueueProfile"),
    tp=TpApi(noun="Stat", ids="StatIDs"),
    index=FilterIndex(item_type="*stats", section="stats"),
    check=check,
    docs="Statistics over events.",
)

KINDS = [STAT_QUEUE_PROFILE]
