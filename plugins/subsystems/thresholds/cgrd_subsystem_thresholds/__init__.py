"""ThresholdS: acts when events reach a threshold."""

from __future__ import annotations

from collections.abc import Sequence

from cgrd import Component, Stage, hookimpl, stages_of


@hookimpl
def cgrd_components() -> Sequence[type[Component]]:
    from cgrd_subsystem_thresholds.service import ThresholdS

    return [ThresholdS]


@hookimpl
def cgrd_stages() -> Sequence[Stage]:
    from cgrd_subsystem_thresholds import stages

    return stages_of(vars(stages))
