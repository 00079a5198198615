"""SessionS: authorises, starts, charges and ends sessions."""

from __future__ import annotations

from collections.abc import Sequence

from cgrd import Component, Stage, hookimpl, stages_of


@hookimpl
def cgrd_components() -> Sequence[type[Component]]:
    from cgrd_subsystem_sessions.service import SessionS

    return [SessionS]


@hookimpl
def cgrd_stages() -> Sequence[Stage]:
    from cgrd_subsystem_sessions import stages, stir

    return [*stages_of(vars(stages)), *stages_of(vars(stir))]
