"""TrendS: how statistics change over time."""

from __future__ import annotations

from collections.abc import Sequence

from cgrd import Component, hookimpl


@hookimpl
def cgrd_components() -> Sequence[type[Component]]:
    from cgrd_subsystem_trends.service import TrendS

    return [TrendS]
