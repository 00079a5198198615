"""StatS: statistics over queues of events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cgrd import Component, MetricFactory, Stage, hookimpl, stages_of


@hookimpl
def cgrd_components() -> Sequence[type[Component]]:
    from cgrd_subsystem_stats.service import StatS

    return [StatS]


@hookimpl
def cgrd_stages() -> Sequence[Stage]:
    from cgrd_subsystem_stats import stages

    return stages_of(vars(stages))


@hookimpl
def cgrd_metrics() -> Mapping[str, MetricFactory]:
    from cgrd_subsystem_stats.metrics import METRICS

    return METRICS
