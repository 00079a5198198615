"""IPs: hands out addresses from pools."""

from __future__ import annotations

from collections.abc import Sequence

from cgrd import Component, Stage, hookimpl, stages_of


@hookimpl
def cgrd_components() -> Sequence[type[Component]]:
    from cgrd_subsystem_ips.service import IPs

    return [IPs]


@hookimpl
def cgrd_stages() -> Sequence[Stage]:
    from cgrd_subsystem_ips import stages

    return stages_of(vars(stages))
