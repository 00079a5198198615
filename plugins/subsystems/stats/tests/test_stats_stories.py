"""Stories of StatS, told to a daemon in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cgrd.durations import SECOND
from cgrd.errors import MandatoryMissing, NotFound, PartiallyExecuted, ServerError
from cgrd.kernel import Kernel
from cgrd.store import SqliteStore
from cgrd.testing import VirtualClock, call, kernel_in_memory

SECTIONS: dict[str, Any] = {"stats": {"enabled": True}, "apiers": {"enabled": True}}
WITH_THRESHOLDS: dict[str, Any] = {
    "stats": {"enabled": True, "thresholds_conns": ["*internal"]},
    "thresholds": {"enabled": True},
    "apiers": {"enabled": True},
}


async def queue(kernel: Kernel, id: str, *metrics: str, length: int = 100, ttl: int = -1, thresholds: list[str] | None = None, **more: Any) -> None:
    listed = [{"MetricID": metric} for metric in metrics]
    ids = ["*none"] if thresholds is None else thresholds
    await call(kernel, "APIerSv1.SetStatQueueProfile", ID=id, QueueLength=length, TTL=ttl, Metrics=listed, ThresholdIDs=ids, **more)


async def feed(kernel: Kernel, id: str, **fields: Any) -> list[str]:
    fed: list[str] = await call(kernel, "StatSv1.ProcessEvent", ID=id, Event=fields)
    return fed


async def texts(kernel: Kernel, id: str) -> dict[str, str]:
    found: dict[str, str] = await call(kernel, "StatSv1.GetQueueStringMetrics", ID=id)
    return found


async def test_metrics_are_told_as_text_and_as_numbers() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await queue(kernel, "SQ", "*tcc", "*acd", "*asr", "*ddc", "*sum#~*req.N", "*highest#~*req.N")
        assert (await texts(kernel, "SQ"))["*tcc"] == "N/A"
        await feed(kernel, "e1", Cost=1.5, Usage="1m30s", AnswerTime="2024-01-01T00:00:00Z", Destination="49", N="3")
        await feed(kernel, "e2", Cost=1, Usage="30s", AnswerTime="", Destination="49", N=2)
        assert await texts(kernel, "SQ") == {"*tcc": "2.5", "*acd": "1m0s", "*asr": "50%", "*ddc": "1", "*sum#~*req.N": "5", "*highest#~*req.N": "3"}
        numbers = await call(kernel, "StatSv1.GetQueueFloatMetrics", ID="SQ")
        assert numbers["*acd"] == 60 * SECOND
        assert numbers["*asr"] == 50


async def test_money_is_added_exactly() -> None:
    async with kernel_in_memory({**SECTIONS, "general": {"rounding_decimals": 12}}) as kernel:
        await queue(kernel, "SQ", "*tcc")
        for number in range(10):
            await feed(kernel, f"e{number}", Cost=0.1)
        assert await texts(kernel, "SQ") == {"*tcc": "1"}


async def test_the_oldest_event_makes_room() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await queue(kernel, "SQ", "*sum#~*req.N", "*highest#~*req.N", "*distinct#~*req.N", length=2)
        for number in (7, 1, 2):
            await feed(kernel, f"e{number}", N=number)
        assert await texts(kernel, "SQ") == {"*sum#~*req.N": "3", "*highest#~*req.N": "2", "*distinct#~*req.N": "2"}


async def test_events_leave_when_their_time_is_over() -> None:
    clock = VirtualClock()
    async with kernel_in_memory(SECTIONS, clock=clock) as kernel:
        await queue(kernel, "SQ", "*tcc", ttl=10 * SECOND)
        await feed(kernel, "e1", Cost=1)
        await clock.advance(6 * SECOND)
        await feed(kernel, "e2", Cost=2)
        await clock.advance(4 * SECOND)
        assert await texts(kernel, "SQ") == {"*tcc": "2"}
        await clock.advance(6 * SECOND)
        assert await texts(kernel, "SQ") == {"*tcc": "N/A"}


async def test_a_metric_counts_what_passes_its_filters() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        metrics = [{"MetricID": "*tcc", "FilterIDs": ["*string:~*req.Account:1001"]}]
        await call(kernel, "APIerSv1.SetStatQueueProfile", ID="SQ", QueueLength=10, TTL=-1, Metrics=metrics, ThresholdIDs=["*none"])
        await feed(kernel, "e1", Account="1001", Cost=1)
        await feed(kernel, "e2", Account="1002", Cost=5)
        assert await texts(kernel, "SQ") == {"*tcc": "1"}


async def test_a_number_needs_enough_events() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await queue(kernel, "SQ", "*tcc", MinItems=2)
        await feed(kernel, "e1", Cost=1)
        assert await texts(kernel, "SQ") == {"*tcc": "N/A"}
        assert await call(kernel, "StatSv1.GetQueueFloatMetrics", ID="SQ") == {"*tcc": -1}
        await feed(kernel, "e2", Cost=1)
        assert await texts(kernel, "SQ") == {"*tcc": "2"}


async def test_a_blocker_keeps_the_event_from_lighter_queues() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        for weight, blocker in ((1, False), (2, True), (3, False)):
            await queue(kernel, f"SQ{weight}", "*tcc", Weight=weight, Blocker=blocker)
        assert await feed(kernel, "e1", Cost=1) == ["SQ3", "SQ2"]


async def test_an_unrated_record_is_no_cost_and_stops_no_other_metric() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await queue(kernel, "SQ", "*tcc", "*ddc", "*tcd")
        await feed(kernel, "e1", Cost=-1, Destination="49")
        assert await texts(kernel, "SQ") == {"*tcc": "N/A", "*ddc": "1", "*tcd": "N/A"}


async def test_stored_queues_go_on_after_a_restart(tmp_path: Path) -> None:
    clock = VirtualClock()
    for turn in range(2):
        store = SqliteStore.open(tmp_path / "cgrd.sqlite", clock=clock)
        async with kernel_in_memory(SECTIONS, clock=clock, store=store) as kernel:
            if not turn:
                await queue(kernel, "KEPT", "*tcc", "*distinct#~*req.N", length=2, Stored=True)
                await queue(kernel, "SUM", "*tcc", "*lowest#~*req.N", length=-1, ttl=-1, Stored=True)
                await queue(kernel, "LOST", "*tcc")
                for number in (1, 2, 3):
                    await feed(kernel, f"e{number}", Cost=number, N=number)
                continue
            assert await texts(kernel, "KEPT") == {"*tcc": "5", "*distinct#~*req.N": "2"}
            assert await texts(kernel, "SUM") == {"*tcc": "6", "*lowest#~*req.N": "1"}
            assert await texts(kernel, "LOST") == {"*tcc": "N/A"}
            await feed(kernel, "e4", Cost=10, N=2)
            assert await texts(kernel, "KEPT") == {"*tcc": "13", "*distinct#~*req.N": "2"}
            await call(kernel, "StatSv1.ResetStatQueue", ID="KEPT")
            assert await texts(kernel, "KEPT") == {"*tcc": "N/A", "*distinct#~*req.N": "N/A"}
            assert not list(kernel.store.scan("stat_item"))


async def test_another_profile_goes_on_with_the_events_unless_their_staying_changes() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await queue(kernel, "SQ", "*tcc", Stored=True)
        await feed(kernel, "e1", Cost=1, Usage="1m")
        await queue(kernel, "SQ", "*tcc", "*tcd", Stored=True, Weight=5)
        assert await texts(kernel, "SQ") == {"*tcc": "1", "*tcd": "N/A"}
        await queue(kernel, "SQ", "*tcc", Stored=True, length=7)
        assert await texts(kernel, "SQ") == {"*tcc": "N/A"}


async def test_thresholds_hear_of_each_update() -> None:
    async with kernel_in_memory(WITH_THRESHOLDS) as kernel:
        filters = ["*string:~*opts.*eventType:StatUpdate", "*gt:~*req.*tcc:5"]
        await call(kernel, "APIerSv1.SetThresholdProfile", ID="TH", FilterIDs=filters, MaxHits=-1)
        await queue(kernel, "SQ", "*tcc", thresholds=[])
        for number in range(3):
            await feed(kernel, f"e{number}", Cost=3)
        assert (await call(kernel, "ThresholdSv1.GetThreshold", ID="TH"))["Hits"] == 2


async def test_a_queue_that_names_its_thresholds_wants_them_to_be_there() -> None:
    async with kernel_in_memory(WITH_THRESHOLDS) as kernel:
        await queue(kernel, "SQ", "*tcc", thresholds=["NOPE"])
        with pytest.raises(PartiallyExecuted):
            await feed(kernel, "e1", Cost=3)
        assert await texts(kernel, "SQ") == {"*tcc": "3"}


async def test_what_is_not_there_and_what_is_missing() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        with pytest.raises(NotFound):
            await feed(kernel, "e1", Cost=1)
        with pytest.raises(MandatoryMissing, match=r"\[ID\]"):
            await call(kernel, "StatSv1.GetQueueStringMetrics")
        with pytest.raises(MandatoryMissing, match=r"\[Event\]"):
            await call(kernel, "StatSv1.ProcessEvent", ID="e")
        with pytest.raises(ServerError, match="unsupported metric type"):
            await queue(kernel, "SQ", "*nope")
