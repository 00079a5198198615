"""AttributeS: changes events by rules before others see them."""

from __future__ import annotations

from collections.abc import Sequence

from cgrd import Component, Stage, hookimpl, stages_of


@hookimpl
def cgrd_components() -> Sequence[type[Component]]:
    from cgrd_subsystem_attributes.service import AttributeS

    return [AttributeS]


@hookimpl
def cgrd_stages() -> Sequence[Stage]:
    from cgrd_subsystem_attributes import stages

    return stages_of(vars(stages))
