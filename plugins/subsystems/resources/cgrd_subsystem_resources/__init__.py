"""ResourceS: limits what may be used at the same time."""

from __future__ import annotations

from collections.abc import Sequence

from cgrd import Component, Stage, hookimpl, stages_of


@hookimpl
def cgrd_components() -> Sequence[type[Component]]:
    from cgrd_subsystem_resources.service import ResourceS

    return [ResourceS]


@hookimpl
def cgrd_stages() -> Sequence[Stage]:
    from cgrd_subsystem_resources import stages

    return stages_of(vars(stages))
