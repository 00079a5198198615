"""A request whose commit fails: it is answered with an error, the session and the money are as before, and the same request may come again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from cgrd_subsystem_sessions.registry import Registry
from cgrd_subsystem_sessions.session import Session, SRun

from cgrd.durations import SECOND
from cgrd.errors import StoreError
from cgrd.store import SqliteStore
from cgrd.testing import Disk, VirtualClock, store_on


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def store(disk: Disk, virtual_clock: VirtualClock) -> SqliteStore:
    return store_on(disk, clock=virtual_clock)


async def fails(disk: Disk, request: Any) -> None:
    disk.broken = "full"
    with pytest.raises(StoreError):
        await request
    disk.broken = ""


def snapshot(town: Any) -> tuple[Any, ...]:
    """All there is of sessions and money; runs are never changed in place."""
    registry = town.sessions.registry
    (session,) = registry.active.values()
    told = (session.EventStart, session.ClientConnID, session.UpdatedAt, session.ProvedAt, list(session.SRuns))
    return (told, list(registry.closed), town.bank.money, len(town.sessions.watching.deadlines))


async def test_a_start_leaves_nothing(town_at: Any, store: SqliteStore, disk: Disk) -> None:
    async with town_at(store) as town:
        await fails(disk, town.initiate(Usage="10s"))
        assert (town.sessions.registry.active, town.bank.money) == ({}, 10)
        assert await town.initiate(Usage="10s") == 10 * SECOND


async def test_an_update_leaves_the_session_as_it_was(town_at: Any, store: SqliteStore, disk: Disk, phone: Any) -> None:
    async with town_at(store, alterable_fields=["Note"], session_lease="1h") as town:
        await town.initiate(Usage="10s")
        before = snapshot(town)
        await town.clock.advance(SECOND)
        await fails(disk, town.update(Usage="10s", Note="late", peer=phone))
        assert snapshot(town) == before
        assert await town.update(Usage="10s", Note="late") == 10 * SECOND
        assert town.bank.money == Decimal("9.8")


@pytest.mark.parametrize("config", [{}, {"store_session_costs": True}])
@pytest.mark.parametrize("runs", [{"*default": None}, {"*default": None, "*raw": "*none", "other": None}])
@pytest.mark.parametrize("usage", ["4s", "10s", "15s"])
async def test_an_end_leaves_the_session_as_it_was(
    town_at: Any, store: SqliteStore, disk: Disk, usage: str, runs: dict[str, Any], config: dict[str, Any]
) -> None:
    async with town_at(store, session_lease="1h", **config) as town:
        town.forks.runs = runs
        await town.initiate(Usage="10s")
        before = snapshot(town)
        await fails(disk, town.terminate(Usage=usage))
        assert snapshot(town) == before
        await town.terminate(Usage=usage)
        paying = len(runs) - ("*raw" in runs)
        assert town.bank.money == Decimal(10) - int(usage[:-1]) * Decimal("0.01") * paying


async def test_a_refusal_of_the_last_run_keeps_what_the_first_was_granted(town_at: Any, store: SqliteStore) -> None:
    async with town_at(store) as town:
        town.forks.runs = {"one": None, "two": None}
        await town.initiate(Usage="10s")
        town.bank.money = Decimal("0.1")
        assert await town.update(Usage="10s") == 0
        (session,) = town.sessions.registry.active.values()
        assert [run.TotalUsage for run in session.SRuns] == [20 * SECOND, 10 * SECOND]
        assert not town.sessions.registry.is_due(session)


async def test_an_end_that_breaks_off_leaves_all_runs_as_they_were(town_at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with town_at() as town:
        town.forks.runs = {"one": None, "two": None}
        await town.initiate(Usage="10s")
        before = snapshot(town)
        hold, held = town.bank._hold, []

        def breaks(money: Decimal) -> None:
            held.append(money)
            if len(held) == 2:
                raise ZeroDivisionError
            hold(money)

        monkeypatch.setattr(town.bank, "_hold", breaks)
        with pytest.raises(ZeroDivisionError):
            await town.terminate(Usage="4s")
        assert snapshot(town) == before
        monkeypatch.undo()
        await town.terminate(Usage="4s")
        assert town.bank.money == Decimal(10) - Decimal("0.08")


def test_what_was_dropped_is_not_come_back_to_by_a_later_change(store: SqliteStore, disk: Disk) -> None:
    registry, session = Registry(store=store), Session(CGRID="one", SRuns=[SRun()])

    def granted(usage: int) -> None:
        with store.transaction(why="grant") as tx:
            registry.change(session, 0, SRun(TotalUsage=usage))
            registry.put(session, tx=tx)

    def dropped() -> None:
        disk.broken = "full"
        with pytest.raises(StoreError):
            store.flush()
        disk.broken = ""

    registry.add(session)
    granted(0)
    store.flush()
    granted(10)
    registry.changing(session)  # the next request has begun, and waits
    session.EventStart = {"Note": "late"}
    dropped()
    granted(5)
    dropped()
    assert (session.SRuns, session.EventStart) == ([SRun()], None)
    assert not registry.is_due(session)


async def test_an_end_that_fails_leaves_the_one_that_ended_before_under_the_same_name_for_its_cdr(town_at: Any, store: SqliteStore, disk: Disk) -> None:
    async with town_at(store) as town:
        await town.initiate(Usage="10s")
        await town.terminate(Usage="4s")
        await town.initiate(Usage="10s")
        before = dict(town.sessions.registry.closed)
        await fails(disk, town.terminate(Usage="5s"))
        assert town.sessions.registry.closed == before != {}


async def test_a_start_whose_end_fails_is_still_under_way_and_may_come_again(town_at: Any, store: SqliteStore, disk: Disk) -> None:
    async with town_at(store) as town:
        await town.initiate(Usage="10s")
        (session,) = town.sessions.registry.active.values()
        session.Starting = True  # as where RALs are of another daemon, until they have granted
        town.sessions.lifecycle._keep(session)
        await fails(disk, town.update(Usage="10s"))
        assert session.Starting
        await town.update(Usage="10s")
        assert not session.Starting
        assert not town.sessions.registry.is_due(session)
