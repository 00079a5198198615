"""CDRs: rates, keeps and hands on charging detail records."""

from __future__ import annotations

from collections.abc import Sequence

from cgrd import Component, Stage, hookimpl, stages_of


@hookimpl
def cgrd_components() -> Sequence[type[Component]]:
    from cgrd_subsystem_cdrs.server import CDRServer

    return [CDRServer]


@hookimpl
def cgrd_stages() -> Sequence[Stage]:
    from cgrd_subsystem_cdrs import stages

    return stages_of(vars(stages))
