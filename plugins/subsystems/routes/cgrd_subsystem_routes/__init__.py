"""RouteS: least cost routing and its relatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cgrd import Component, Stage, hookimpl, stages_of


@hookimpl
def cgrd_components() -> Sequence[type[Component]]:
    from cgrd_subsystem_routes.service import RouteS

    return [RouteS]


@hookimpl
def cgrd_stages() -> Sequence[Stage]:
    from cgrd_subsystem_routes import stages

    return stages_of(vars(stages))


@hookimpl
def cgrd_sortings() -> Mapping[str, Callable[..., Any]]:
    from cgrd_subsystem_routes.sortings import SORTINGS

    return SORTINGS
