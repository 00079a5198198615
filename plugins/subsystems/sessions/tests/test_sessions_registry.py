"""Which closed sessions are kept, and how long."""

from __future__ import annotations

import pytest
from cgrd_subsystem_sessions.registry import KEPT_AFTER_CDR_NS, KEPT_NS, Closed, Registry
from cgrd_subsystem_sessions.session import Session

from cgrd import Instant
from cgrd.errors import StoreError
from cgrd.store import SqliteStore
from cgrd.testing import Disk, VirtualClock, store_on


def closed(registry: Registry, store: SqliteStore, cgrid: str, *, at: Instant) -> Closed:
    ended = Closed(Session=Session(CGRID=cgrid), EndedAt=at)
    with store.transaction(why="test") as tx:
        registry.close(ended, tx=tx)
    return ended


async def test_a_recorded_session_does_not_wait_behind_one_whose_cdr_never_comes(virtual_clock: VirtualClock) -> None:
    store = SqliteStore.in_memory(clock=virtual_clock)
    registry, now = Registry(store=store), virtual_clock.now()
    closed(registry, store, "waits", at=now)
    recorded = closed(registry, store, "recorded", at=now)
    with store.transaction(why="test") as tx:
        registry.recorded(recorded, at=now, tx=tx)
    registry.forget_old(now_ns=now.ns + KEPT_AFTER_CDR_NS - 1)
    assert list(registry.closed) == ["waits", "recorded"]
    registry.forget_old(now_ns=now.ns + KEPT_AFTER_CDR_NS)
    assert list(registry.closed) == ["waits"]
    registry.forget_old(now_ns=now.ns + KEPT_NS)
    assert not registry.closed
    store.close()


async def test_a_session_that_began_and_ended_again_is_kept_for_its_new_cdr(virtual_clock: VirtualClock) -> None:
    store = SqliteStore.in_memory(clock=virtual_clock)
    registry, now = Registry(store=store), virtual_clock.now()
    first = closed(registry, store, "again", at=now)
    with store.transaction(why="test") as tx:
        registry.recorded(first, at=now, tx=tx)
    second = closed(registry, store, "again", at=now.plus(1))
    registry.forget_old(now_ns=now.ns + KEPT_AFTER_CDR_NS)
    assert registry.closed == {"again": second}
    store.close()


async def test_a_cdr_whose_commit_fails_leaves_the_session_waiting_for_it(virtual_clock: VirtualClock) -> None:
    disk = Disk()
    store = store_on(disk, clock=virtual_clock)
    registry, now = Registry(store=store), virtual_clock.now()
    ended = closed(registry, store, "c", at=now)
    ended.CDRDue = True
    store.flush()
    disk.broken = "full"
    with store.transaction(why="test") as tx:
        registry.recorded(ended, at=now, tx=tx)
    with pytest.raises(StoreError):
        store.flush()
    disk.broken = ""
    registry.forget_old(now_ns=now.ns + KEPT_AFTER_CDR_NS)
    assert (registry.closed, ended.RecordedAt, ended.CDRDue) == ({"c": ended}, None, True)
    store.close()
