"""The outbox: delivered at least once, in order where there is one, kept until acknowledged."""

from __future__ import annotations

from pathlib import Path

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from cgrd.durations import SECOND
from cgrd.store import OutboxRecord, SqliteStore
from cgrd.testing.clock import VirtualClock


def export(store: SqliteStore, *payloads: str, order_key: str = "", exporter: str = "csv") -> None:
    with store.transaction(why="test") as tx:
        for payload in payloads:
            tx.export(OutboxRecord(exporter=exporter, payload=payload.encode(), order_key=order_key))
    store.flush()


def due(store: SqliteStore, exporter: str = "csv", limit: int = 100) -> list[str]:
    return [record.payload.decode() for record in store.outbox.pending(exporter, limit)]


def test_nothing_is_delivered_before_it_is_committed() -> None:
    store = SqliteStore.in_memory()
    with store.transaction(why="test") as tx:
        tx.export(OutboxRecord(exporter="csv", payload=b"a"))
    assert due(store) == []
    store.flush()
    assert due(store) == ["a"]
    assert due(store, "http") == []


def test_a_record_stays_until_it_is_acknowledged_also_across_a_restart(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "s.db")
    export(store, "a", "b", "c")
    assert due(store, limit=2) == ["a", "b"]
    store.outbox.done([store.outbox.pending("csv")[0].number])
    assert due(store) == ["b", "c"]
    store.close()
    again = SqliteStore.open(tmp_path / "s.db")
    assert due(again) == ["b", "c"]
    export(again, "d")
    assert due(again) == ["b", "c", "d"]
    again.close()


async def test_a_failed_record_holds_up_those_behind_it_by_order_key_and_nobody_else() -> None:
    clock = VirtualClock()
    store = SqliteStore.in_memory(clock=clock)
    export(store, "1001 a", "1001 b", order_key="1001")
    export(store, "1002 a", order_key="1002")
    export(store, "free")
    store.outbox.failed(store.outbox.pending("csv")[0], "connection refused")
    assert due(store) == ["1002 a", "free"]
    export(store, "1001 c", order_key="1001")
    assert due(store) == ["1002 a", "free"]
    store.flush()
    await clock.advance(SECOND)
    assert due(store) == ["1001 a", "1001 b", "1002 a", "free", "1001 c"]
    first = store.outbox.pending("csv")[0]
    assert (first.attempts, first.error) == (1, "connection refused")


async def test_attempts_are_further_and_further_apart_and_the_last_one_is_the_end() -> None:
    clock = VirtualClock()
    store = SqliteStore.in_memory(clock=clock)
    export(store, "a", "b", order_key="k")
    for wait in (1, 2, 4):
        assert due(store) == ["a", "b"]
        store.outbox.failed(store.outbox.pending("csv")[0], "no", max_attempts=4)
        store.flush()
        await clock.advance(wait * SECOND - 1)
        assert due(store) == []
        await clock.advance(1)
    store.outbox.failed(store.outbox.pending("csv")[0], "never", max_attempts=4)
    store.flush()
    assert due(store) == ["b"]
    dead = store.outbox.dead()
    assert [(record.payload, record.error, record.attempts) for record in dead] == [(b"a", "never", 4)]
    backlog = store.outbox.backlog()["csv"]
    assert (backlog.waiting, backlog.dead) == (1, 1)
    store.outbox.done([record.number for record in store.outbox.pending("csv")])
    store.outbox.requeue([dead[0].number])
    store.flush()
    assert due(store) == ["a"]
    assert store.outbox.dead("csv") == []


async def test_the_delivering_task_wakes_for_a_commit_and_for_a_retry() -> None:
    clock = VirtualClock()
    store = SqliteStore.in_memory(clock=clock)
    log: list[str] = []

    async def deliver() -> None:
        while True:
            await store.outbox.wait("csv")
            record = store.outbox.pending("csv")[0]
            log.append(f"{record.payload.decode()}{record.attempts}")
            if record.attempts:
                store.outbox.done([record.number])
            else:
                store.outbox.failed(record, "no")

    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: store.run(task_status=task_status))
        nursery.start_soon(deliver)
        await trio.testing.wait_all_tasks_blocked()
        with store.transaction(why="test") as tx:
            tx.export(OutboxRecord(exporter="csv", payload=b"a"))
        await trio.testing.wait_all_tasks_blocked()
        assert log == ["a0"]
        await clock.advance(SECOND)
        assert log == ["a0", "a1"]
        assert store.outbox.backlog() == {}
        nursery.cancel_scope.cancel()


@settings(max_examples=60, deadline=None)
@given(
    records=st.lists(st.sampled_from(["", "k1", "k2"]), max_size=12),
    outcomes=st.lists(st.sampled_from(["done", "failed", "flush", "tick"]), max_size=40),
)
def test_each_order_key_is_delivered_in_order_and_nothing_is_lost(records: list[str], outcomes: list[str]) -> None:
    clock = VirtualClock()
    store = SqliteStore.in_memory(clock=clock)
    for number, key in enumerate(records):
        export(store, f"{number}", order_key=key)
    delivered: list[int] = []
    for outcome in [*outcomes, *["flush", "tick", "done"] * (len(records) + 10)]:
        if outcome == "flush":
            store.flush()
        elif outcome == "tick":
            clock._pass(3600 * SECOND)
        elif pending := store.outbox.pending("csv", 1):
            if outcome == "done":
                delivered.append(int(pending[0].payload))
                store.outbox.done([pending[0].number])
            else:
                store.outbox.failed(pending[0], "no")
    assert sorted(delivered) == list(range(len(records)))
    for key in ("k1", "k2"):
        mine = [number for number in delivered if records[number] == key]
        assert mine == sorted(mine)
