"""SchedulerS: runs the actions of action plans when their time has come, each exactly once."""

from __future__ import annotations

from collections.abc import Sequence

from cgrd import Component, hookimpl


@hookimpl
def cgrd_components() -> Sequence[type[Component]]:
    from cgrd_subsystem_schedulers.service import SchedulerS

    return [SchedulerS]
