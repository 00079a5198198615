"""CDRs: rates, keeps and hands on charging detail records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cgrd import Component, Stage, hookimpl, stages_of

if TYPE_CHECKING:
    import typer


@hookimpl
def cgrd_components() -> Sequence[type[Component]]:
    from cgrd_subsystem_cdrs.service import CDRServer

    return [CDRServer]


@hookimpl
def cgrd_stages() -> Sequence[Stage]:
    from cgrd_subsystem_cdrs import stages

    return stages_of(vars(stages))


@hookimpl
def cgrd_commands() -> Mapping[str, typer.Typer]:
    from cgrd_subsystem_cdrs.why import app

    return {"why": app}
