"""Stories of RankingS, told to a daemon in memory on a clock that the test turns."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cgrd_subsystem_rankings.ordering import ordered
from hypothesis import given
from hypothesis import strategies as st

from cgrd.durations import MINUTE
from cgrd.errors import NotFound, PartiallyExecuted, Wrong
from cgrd.kernel import Kernel
from cgrd.store import SqliteStore
from cgrd.testing import VirtualClock, call, kernel_in_memory

SECTIONS: dict[str, Any] = {
    "rankings": {"enabled": True, "stats_conns": ["*internal"], "thresholds_conns": ["*internal"]},
    "stats": {"enabled": True},
    "thresholds": {"enabled": True},
    "apiers": {"enabled": True},
}


async def statistics(kernel: Kernel, **numbers: int) -> None:
    for id, number in numbers.items():
        metrics = [{"MetricID": "*sum#~*req.N"}, {"MetricID": "*tcc"}]
        filters = [f"*string:~*req.S:{id}"]
        await call(kernel, "APIerSv1.SetStatQueueProfile", ID=id, FilterIDs=filters, QueueLength=9, Metrics=metrics, ThresholdIDs=["*none"], Stored=True)
        await call(kernel, "StatSv1.ProcessEvent", ID="e", Event={"S": id, "N": number, "Cost": 1})


async def ranking(kernel: Kernel, *ids: str, **more: Any) -> None:
    defaults = {"ID": "RK", "Schedule": "@every 1m", "StatIDs": list(ids), "Sorting": "*desc", "SortingParameters": ["*sum#~*req.N"]}
    await call(kernel, "APIerSv1.SetRankingProfile", **{**defaults, "ThresholdIDs": ["*none"], **more})
    await call(kernel, "RankingSv1.ScheduleQueries", RankingIDs=["RK"])


async def order(kernel: Kernel) -> list[str]:
    found: list[str] = (await call(kernel, "RankingSv1.GetRankingSummary", ID="RK"))["SortedStatIDs"]
    return found


async def test_statistics_are_ordered_by_the_clock() -> None:
    clock = VirtualClock()
    async with kernel_in_memory(SECTIONS, clock=clock) as kernel:
        await statistics(kernel, A=1, B=3, C=2)
        await ranking(kernel, "A", "B", "C")
        assert await order(kernel) == []
        await clock.advance(MINUTE)
        assert await order(kernel) == ["B", "C", "A"]
        found = await call(kernel, "RankingSv1.GetRanking", ID="RK")
        assert found["LastUpdate"] == "2026-01-31T08:01:00Z"
        assert found["Metrics"]["B"] == {"*sum#~*req.N": 3, "*tcc": 1}
        await ranking(kernel, "A", "B", "C", SortingParameters=["*tcc", "*sum#~*req.N:false"], MetricIDs=["*sum#~*req.N"])
        await clock.advance(MINUTE)
        assert await order(kernel) == ["A", "C", "B"]
        assert (await call(kernel, "RankingSv1.GetRanking", ID="RK"))["Metrics"]["B"] == {"*sum#~*req.N": 3}


async def test_a_statistic_that_is_not_there_leaves_no_order() -> None:
    clock = VirtualClock()
    async with kernel_in_memory(SECTIONS, clock=clock) as kernel:
        await statistics(kernel, A=1, B=2)
        await ranking(kernel, "A", "NOPE", "B")
        await clock.advance(MINUTE)
        found = await call(kernel, "RankingSv1.GetRanking", ID="RK")
        assert (list(found["Metrics"]), found["SortedStatIDs"]) == (["A"], [])


async def test_thresholds_hear_of_a_new_order() -> None:
    clock = VirtualClock()
    async with kernel_in_memory(SECTIONS, clock=clock) as kernel:
        await statistics(kernel, A=1)
        await call(kernel, "APIerSv1.SetThresholdProfile", ID="TH", FilterIDs=["*string:~*req.RankingID:RK"], MaxHits=-1)
        await ranking(kernel, "A", ThresholdIDs=["TH"])
        await clock.advance(2 * MINUTE)
        assert (await call(kernel, "ThresholdSv1.GetThreshold", ID="TH"))["Hits"] == 2


async def test_what_is_configured_goes_on_after_a_restart(tmp_path: Path) -> None:
    clock = VirtualClock()
    sections = {**SECTIONS, "rankings": {**SECTIONS["rankings"], "scheduled_ids": {"cgrates.org": ["RK"]}}}
    for turn in range(2):
        store = SqliteStore.open(tmp_path / "cgrd.sqlite", clock=clock)
        async with kernel_in_memory(sections, clock=clock, store=store) as kernel:
            if not turn:
                await statistics(kernel, A=1, B=2)
                await ranking(kernel, "A", "B", Stored=True)
            else:
                assert await order(kernel) == ["B", "A"]
                await call(kernel, "StatSv1.ProcessEvent", ID="e2", Event={"S": "A", "N": 9})
            await clock.advance(MINUTE)
            assert await order(kernel) == (["A", "B"] if turn else ["B", "A"])


async def test_what_cannot_be_scheduled() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        with pytest.raises(PartiallyExecuted):
            await call(kernel, "RankingSv1.ScheduleQueries", RankingIDs=["NOPE"])
        with pytest.raises(NotFound):
            await call(kernel, "RankingSv1.GetSchedule")


def test_only_two_sortings_are_known() -> None:
    with pytest.raises(Wrong):
        ordered({}, sorting="*nope", parameters=[])


def test_statistics_without_the_metric_come_last() -> None:
    numbers = {"A": {"x": Decimal(1)}, "B": {}, "C": {"x": Decimal(2)}}
    assert ordered(numbers, sorting="*asc", parameters=["x"]) == ["A", "C", "B"]
    assert ordered(numbers, sorting="*desc", parameters=["x"]) == ["C", "A", "B"]


@given(values=st.dictionaries(st.text(min_size=1, max_size=3), st.integers(min_value=-9, max_value=9), max_size=9))
def test_ascending_is_descending_turned_round_but_for_equals(values: dict[str, int]) -> None:
    numbers = {id: {"x": Decimal(value)} for id, value in values.items()}
    up = [values[id] for id in ordered(numbers, sorting="*asc", parameters=["x"])]
    down = [values[id] for id in ordered(numbers, sorting="*desc", parameters=["x"])]
    assert up == sorted(values.values())
    assert down == up[::-1]
