"""RouteS: least cost routing and its relatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cgrd import Component, SortingFactory, Stage, hookimpl, stages_of


@hookimpl
def cgrd_components() -> Sequence[type[Component]]:
    from cgrd_subsystem_routes.service import RouteS

    return [RouteS]


@hookimpl
def cgrd_stages() -> Sequence[Stage]:
    from cgrd_subsystem_routes import stages

    return stages_of(vars(stages))


@hookimpl
def cgrd_sortings() -> Mapping[str, SortingFactory]:
    from cgrd_subsystem_routes.sortings import SORTINGS

    return SORTINGS
