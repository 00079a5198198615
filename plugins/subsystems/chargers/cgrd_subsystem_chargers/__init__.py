"""ChargerS: forks an event into one run per charger that matches."""

from __future__ import annotations

from collections.abc import Sequence

from cgrd import Component, Stage, hookimpl, stages_of


@hookimpl
def cgrd_components() -> Sequence[type[Component]]:
    from cgrd_subsystem_chargers.service import ChargerS

    return [ChargerS]


@hookimpl
def cgrd_stages() -> Sequence[Stage]:
    from cgrd_subsystem_chargers import stages

    return stages_of(vars(stages))
