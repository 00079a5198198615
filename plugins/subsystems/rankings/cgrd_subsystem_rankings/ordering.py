"""The order of statistics by their metrics.

Source: spec/tariffplans.md §10.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from cgrd.errors import Wrong
from cgrd_subsystem_rankings.wire import Numbers

ASCENDING, DESCENDING = "*asc", "*desc"


def ordered(numbers: Numbers, *, sorting: str, parameters: Sequence[str]) -> list[str]:
    """The statistics' ids, the first parameter deciding, then the next; equal ones by id.

    Args:
        sorting: `*asc` or `*desc`.
        parameters: metrics; `metric:false` is sorted the other way round. A statistic without the metric comes behind those that have it.

    Raises:
        Wrong: another sorting.
    """
    if sorting not in (ASCENDING, DESCENDING):
        raise Wrong(f"unsupported sorting type: {sorting}", explain="Sorting of a ranking is *asc or *desc")
    wanted = [_metric(each, sorting == DESCENDING) for each in parameters]

    def key(id: str) -> tuple[tuple[bool, Decimal], ...]:
        values = numbers[id]
        return tuple([(metric not in values, values.get(metric, Decimal(0)) * (-1 if falling else 1)) for metric, falling in wanted])

    return sorted(numbers, key=lambda id: (key(id), id))


def _metric(parameter: str, falling: bool) -> tuple[str, bool]:
    if parameter.endswith(":false"):
        return parameter.removesuffix(":false"), not falling
    return parameter.removesuffix(":true"), falling
