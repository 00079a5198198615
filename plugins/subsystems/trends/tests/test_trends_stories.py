"""Stories of TrendS, told to a daemon in memory on a clock that the test turns."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cgrd_subsystem_trends.growth import grown
from hypothesis import given
from hypothesis import strategies as st

from cgrd import Instant
from cgrd.cron import Cadence
from cgrd.durations import MINUTE, SECOND
from cgrd.errors import NotFound, PartiallyExecuted, Wrong
from cgrd.instants import parse_instant
from cgrd.kernel import Kernel
from cgrd.store import SqliteStore
from cgrd.testing import VirtualClock, call, kernel_in_memory

SECTIONS: dict[str, Any] = {
    "trends": {"enabled": True, "stats_conns": ["*internal"], "thresholds_conns": ["*internal"]},
    "stats": {"enabled": True},
    "thresholds": {"enabled": True},
    "apiers": {"enabled": True},
}


async def statistic(kernel: Kernel) -> None:
    metrics = [{"MetricID": "*sum#~*req.N"}, {"MetricID": "*tcc"}]
    await call(kernel, "APIerSv1.SetStatQueueProfile", ID="SQ", QueueLength=-1, TTL=-1, Metrics=metrics, ThresholdIDs=["*none"], Stored=True)


async def add(kernel: Kernel, n: int) -> None:
    await call(kernel, "StatSv1.ProcessEvent", ID=f"e{n}", Event={"N": n})


async def trend(kernel: Kernel, **more: Any) -> None:
    defaults = {"ID": "TR", "Schedule": "@every 1m", "StatID": "SQ", "Metrics": ["*sum#~*req.N"], "TTL": -1, "CorrelationType": "*last"}
    await call(kernel, "APIerSv1.SetTrendProfile", **{**defaults, "ThresholdIDs": ["*none"], **more})


async def runs(kernel: Kernel, **part: Any) -> list[tuple[Any, Any, str]]:
    found = await call(kernel, "TrendSv1.GetTrend", ID="TR", **part)
    told = [found["Metrics"][time]["*sum#~*req.N"] for time in found["RunTimes"]]
    return [(each["Value"], each["TrendGrowth"], each["TrendLabel"]) for each in told]


async def test_runs_tell_how_a_metric_grows() -> None:
    clock = VirtualClock()
    async with kernel_in_memory(SECTIONS, clock=clock) as kernel:
        await statistic(kernel)
        await trend(kernel, Tolerance=60)
        with pytest.raises(NotFound):
            await runs(kernel)
        assert await call(kernel, "TrendSv1.ScheduleQueries", TrendIDs=["TR"]) == 1
        for n in (10, 5, 10, -20):
            await add(kernel, n)
            await clock.advance(MINUTE)
        assert await runs(kernel) == [(10, -1, "N/A"), (15, 50, "*constant"), (25, Decimal("66.66667"), "*positive"), (5, -80, "*negative")]
        assert await runs(kernel, RunIndexStart=1, RunIndexEnd=2) == [(15, 50, "*constant")]
        assert await runs(kernel, RunTimeStart="2026-01-31T08:04:00Z") == [(5, -80, "*negative")]
        summary = await call(kernel, "TrendSv1.GetTrendSummary", ID="TR")
        assert summary["Time"] == "2026-01-31T08:04:00Z"
        assert summary["Metrics"]["*sum#~*req.N"]["Value"] == 5
        (scheduled,) = await call(kernel, "TrendSv1.GetScheduledTrends")
        assert scheduled == {"TrendID": "TR", "Next": "2026-01-31T08:05:00Z", "Previous": "2026-01-31T08:04:00Z"}


async def test_old_runs_go_before_another_one() -> None:
    clock = VirtualClock()
    async with kernel_in_memory(SECTIONS, clock=clock) as kernel:
        await statistic(kernel)
        await trend(kernel, QueueLength=2)
        await call(kernel, "TrendSv1.ScheduleQueries", TrendIDs=["TR"])
        await clock.advance(5 * MINUTE)
        assert len(await runs(kernel)) == 3
        await trend(kernel, QueueLength=-1, TTL=90 * SECOND)
        await clock.advance(MINUTE)
        assert len(await runs(kernel)) == 2


async def test_thresholds_hear_of_runs_when_there_are_enough() -> None:
    clock = VirtualClock()
    async with kernel_in_memory(SECTIONS, clock=clock) as kernel:
        await statistic(kernel)
        await call(kernel, "APIerSv1.SetThresholdProfile", ID="TH", FilterIDs=["*string:~*opts.*eventType:TrendUpdate"], MaxHits=-1)
        await trend(kernel, MinItems=2, ThresholdIDs=["TH"])
        await call(kernel, "TrendSv1.ScheduleQueries", TrendIDs=["TR"])
        await clock.advance(3 * MINUTE)
        assert (await call(kernel, "ThresholdSv1.GetThreshold", ID="TH"))["Hits"] == 2


async def test_what_is_configured_goes_on_after_a_restart(tmp_path: Path) -> None:
    clock = VirtualClock()
    sections = {**SECTIONS, "trends": {**SECTIONS["trends"], "scheduled_ids": {"cgrates.org": []}, "store_uncompressed_limit": 1}}
    for turn in range(2):
        store = SqliteStore.open(tmp_path / "cgrd.sqlite", clock=clock)
        async with kernel_in_memory(sections, clock=clock, store=store) as kernel:
            if not turn:
                await statistic(kernel)
                await add(kernel, 1)
                await trend(kernel, Stored=True)
                await call(kernel, "TrendSv1.ScheduleQueries", TrendIDs=["TR"])
            await clock.advance(2 * MINUTE)
            assert len(await runs(kernel)) == 2 * (turn + 1)


async def test_a_removed_trend_runs_no_more() -> None:
    clock = VirtualClock()
    async with kernel_in_memory(SECTIONS, clock=clock) as kernel:
        await trend(kernel)
        await call(kernel, "TrendSv1.ScheduleQueries", TrendIDs=["TR"])
        await call(kernel, "APIerSv1.RemoveTrendProfile", ID="TR")
        with pytest.raises(NotFound):
            await call(kernel, "TrendSv1.GetScheduledTrends")
        with pytest.raises(PartiallyExecuted):
            await call(kernel, "TrendSv1.ScheduleQueries", TrendIDs=["TR"])


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("@every 2s", "2026-01-31T08:00:02Z"),
        ("@every 1m30s", "2026-01-31T08:01:30Z"),
        ("*/5 * * * *", "2026-01-31T08:05:00Z"),
        ("0 0 1 1 *", "2027-01-01T00:00:00Z"),
        ("@daily", "2026-02-01T00:00:00Z"),
    ],
)
def test_schedules(text: str, then: str) -> None:
    assert str(Cadence(text).next_after(parse_instant("2026-01-31T08:00:00.5Z"))) == then


@pytest.mark.parametrize("text", ["", "nope", "* * *", "@every x", "* * * * * *", "99 * * * *"])
def test_what_is_no_schedule(text: str) -> None:
    with pytest.raises(Wrong):
        Cadence(text).next_after(Instant(0))


@given(values=st.lists(st.decimals(min_value=-(10**6), max_value=10**6, places=2), min_size=1, max_size=9), by=st.sampled_from(["*last", "*average", "*no"]))
def test_growth_is_the_change_in_percent(values: list[Decimal], by: str) -> None:
    found = grown("m", values[-1], before=values[:-1], by=by, tolerance=Decimal(0), decimals=5)
    before = values[:-1]
    against = None if not before or by == "*no" else before[-1] if by == "*last" else sum(before, Decimal(0)) / len(before)
    if not against:
        assert (found.TrendGrowth, found.TrendLabel) == (-1, "N/A")
    else:
        assert abs(found.TrendGrowth - (values[-1] - against) * 100 / against) <= Decimal("0.00001")
