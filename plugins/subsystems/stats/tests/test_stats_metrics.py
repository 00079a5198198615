"""The metrics against what one would compute from the events that are in the queue."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cgrd_subsystem_stats.kinds import MetricWithFilters, StatQueueProfile
from cgrd_subsystem_stats.metrics import METRICS
from cgrd_subsystem_stats.queue import StatQueue
from hypothesis import given
from hypothesis import strategies as st

from cgrd.filters import Filters

AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=4)
EVENTS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "Cost": AMOUNTS,
            "N": AMOUNTS,
            "Usage": st.integers(min_value=0, max_value=10**15),
            "Destination": st.sampled_from(["49", "44", "1"]),
            "ReplyState": st.sampled_from(["OK", "ERR_A", "ERR_B"]),
        },
    ),
    max_size=40,
)
IDS = ["*tcc", "*acc", "*tcd", "*acd", "*ddc", "*sum#~*req.N", "*average#~*req.N", "*highest#~*req.N", "*lowest#~*req.N", "*repsc", "*repfc", "*repfc#ERR_A"]


def queue_of(length: int, ttl: int = 0) -> StatQueue:
    profile = StatQueueProfile(Tenant="t", ID="SQ", QueueLength=length, TTL=ttl, Metrics=[MetricWithFilters(MetricID=id) for id in IDS])
    return StatQueue(profile=profile, metrics=METRICS, filters=Filters())


async def feed(queue: StatQueue, events: list[dict[str, Any]]) -> None:
    for number, event in enumerate(events):
        values = await queue.measure({"*req": event}, lambda metric, error: None)
        queue.make_room()
        queue.add(f"e{number}", values, 0)


def naive(events: list[dict[str, Any]]) -> dict[str, Decimal | None]:
    def of(name: str) -> list[Any]:
        return [event[name] for event in events if name in event]

    def mean(values: list[Any]) -> Decimal | None:
        return sum(values, Decimal(0)) / len(values) if values else None

    costs, numbers, states = of("Cost"), of("N"), of("ReplyState")
    return {
        "*tcc": sum(costs, Decimal(0)) if costs else None,
        "*acc": mean(costs),
        "*tcd": Decimal(sum(of("Usage"))) if of("Usage") else None,
        "*acd": mean(of("Usage")),
        "*ddc": Decimal(len(set(of("Destination")))) if of("Destination") else None,
        "*sum#~*req.N": sum(numbers, Decimal(0)),
        "*average#~*req.N": mean(numbers),
        "*highest#~*req.N": max(numbers, default=None),
        "*lowest#~*req.N": min(numbers, default=None),
        "*repsc": Decimal(states.count("OK")) if "OK" in states else None,
        "*repfc": Decimal(len(states) - states.count("OK")) if len(states) > states.count("OK") else None,
        "*repfc#ERR_A": Decimal(states.count("ERR_A")) if "ERR_A" in states else None,
    }


def numbers_of(queue: StatQueue) -> dict[str, Decimal | None]:
    return {id: slot.metric.number() if slot.metric.count or slot.metric.empty else None for id, slot in queue.slots.items()}


@given(events=EVENTS, length=st.integers(min_value=1, max_value=10))
async def test_metrics_agree_with_the_events_in_the_queue(events: list[dict[str, Any]], length: int) -> None:
    queue = queue_of(length)
    await feed(queue, events)
    assert numbers_of(queue) == naive(events[-length:])


@given(events=EVENTS)
async def test_a_queue_that_only_aggregates_agrees_with_all_events(events: list[dict[str, Any]]) -> None:
    queue = queue_of(-1, -1)
    await feed(queue, events)
    assert not queue.items
    assert numbers_of(queue) == naive(events)
    resumed = queue_of(-1, -1)
    resumed.resume(queue.keep())
    assert numbers_of(resumed) == numbers_of(queue)


@given(events=EVENTS, length=st.integers(min_value=1, max_value=10))
async def test_what_left_the_queue_leaves_nothing_behind(events: list[dict[str, Any]], length: int) -> None:
    queue = queue_of(length, ttl=10)
    await feed(queue, events)
    queue.drop_expired(10)
    assert not queue.items
    assert all(not slot.metric.count and not slot.metric.shown().get("Events") for slot in queue.slots.values())
