"""Blocks that wait while others go on: nothing is committed that rests on what is not, and memory, store and ledger agree."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest
import trio
import trio.testing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgrd.errors import StoreError
from cgrd.instants import Instant
from cgrd.store import LedgerEntry, SqliteStore
from cgrd.testing import Disk, store_on


class Bank:
    """Accounts as their owner keeps them: memory first, the store in the same step."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.balances: dict[str, int] = {}

    def debit(self, name: str, amount: int) -> None:
        before = self.balances.get(name, 0)
        self.balances[name] = before - amount

        def undo() -> None:
            self.balances[name] = before

        with self.store.transaction(why=f"debit {name}") as tx:
            tx.on_rollback(undo)
            tx.put("account", name, str(before - amount).encode())
            tx.post([entry(name, before=before, change=-amount)])

    def kept(self) -> dict[str, int]:
        return {key: int(value) for key, value in self.store.scan("account")}


def entry(name: str, *, before: int, change: int) -> LedgerEntry:
    return LedgerEntry(
        account=name,
        balance_uuid=name,
        balance_id=name,
        balance_type="*monetary",
        before=Decimal(before),
        change=Decimal(change),
        after=Decimal(before + change),
        why="test",
        event_id="",
        run_id="",
        at=Instant(1_700_000_000 * 10**9),
    )


async def _waiting_debit(bank: Bank, go: trio.Event, *, fails: bool = False) -> None:
    with bank.store.scope() as ticket:
        with bank.store.transaction(why="slow") as tx:
            bank.debit("1001", 1)
            await go.wait()
            if fails:
                raise KeyError("slow")
            tx.put("cdr", "slow", b"x")
        await ticket.durable()


async def _debit(bank: Bank, told: list[str], name: str = "1001") -> None:
    with bank.store.scope() as ticket:
        bank.debit(name, 1)
        try:
            await ticket.durable()
        except StoreError:
            told.append("dropped")
        else:
            told.append("done")


async def _beside(slow: Callable[[], Awaitable[None]], quick: Callable[[], Awaitable[None]], go: trio.Event, told: list[str]) -> list[str]:
    """Run the quick one while the slow one waits; what had been told before the slow one went on."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(slow)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(quick)
        await trio.testing.wait_all_tasks_blocked()
        before = list(told)
        go.set()
    return before


async def test_what_is_built_on_a_block_that_waits_is_committed_with_it(tmp_path: Path) -> None:
    store, go, told = SqliteStore.open(tmp_path / "s.db"), trio.Event(), list[str]()
    bank = Bank(store)
    async with trio.open_nursery() as nursery:
        await nursery.start(store.run)
        before = await _beside(lambda: _waiting_debit(bank, go), lambda: _debit(bank, told), go, told)
        nursery.cancel_scope.cancel()
    store.close()
    assert (before, told) == ([], ["done"])
    again = SqliteStore.open(tmp_path / "s.db")
    assert Bank(again).kept() == {"1001": -2}
    assert again.get("cdr", "slow") == b"x"
    assert (await again.verify({"1001": Decimal(-2)})).ok
    again.close()


async def test_what_is_built_on_a_block_that_fails_is_dropped_with_it_and_told(tmp_path: Path) -> None:
    store, go, told = SqliteStore.open(tmp_path / "s.db"), trio.Event(), list[str]()
    bank = Bank(store)

    async def failing() -> None:
        with pytest.raises(KeyError):
            await _waiting_debit(bank, go, fails=True)

    async with trio.open_nursery() as nursery:
        await nursery.start(store.run)
        await _beside(failing, lambda: _debit(bank, told), go, told)
        await _debit(bank, told)
        nursery.cancel_scope.cancel()
    assert told == ["dropped", "done"]
    assert bank.balances == bank.kept() == {"1001": -1}
    store.close()


async def test_a_block_that_waits_alone_and_fails_harms_nobody() -> None:
    store, go = SqliteStore.in_memory(), trio.Event()
    bank = Bank(store)
    go.set()
    with pytest.raises(KeyError):
        await _waiting_debit(bank, go, fails=True)
    assert bank.balances == {"1001": 0}
    assert bank.kept() == {}
    store.close()


async def test_a_double_is_seen_while_the_first_one_waits() -> None:
    store, go = SqliteStore.in_memory(), trio.Event()

    async def slow() -> None:
        with store.transaction(why="slow") as tx:
            tx.put("cdr", "one", b"x")
            await go.wait()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(slow)
        await trio.testing.wait_all_tasks_blocked()
        assert store.get("cdr", "one") == b"x"
        go.set()
    store.close()


async def test_a_group_that_fails_takes_along_what_waits_on_it(tmp_path: Path) -> None:
    disk, go, told = Disk(), trio.Event(), list[str]()
    store = store_on(disk, path=tmp_path / "s.db")
    bank = Bank(store)

    async def slow() -> None:
        with pytest.raises(StoreError, match="waited"):
            await _waiting_debit(bank, go)

    async with trio.open_nursery() as nursery:
        bank.debit("1001", 1)
        nursery.start_soon(slow)
        await trio.testing.wait_all_tasks_blocked()
        disk.broken = "disk full"
        with pytest.raises(StoreError):
            store.flush()
        assert bank.balances["1001"] == 0
        disk.broken = ""
        await _debit(bank, told, "1002")
        go.set()
    assert told == ["done"]
    assert bank.kept() == {"1002": -1}
    assert {name: value for name, value in bank.balances.items() if value} == {"1002": -1}
    store.close()


class _Story:
    """Requests at random: debits in blocks that wait, fail and hold one another up, over a disk that breaks now and then."""

    def __init__(self, seed: int, path: Path) -> None:
        self.chance = random.Random(seed)
        self.disk = Disk()
        self.path = path
        self.store = store_on(self.disk, path=path)
        self.bank = Bank(self.store)
        self.acknowledged: dict[str, int] = {}

    async def pause(self) -> None:
        for _ in range(self.chance.choice((0, 0, 0, 1, 2, 5))):
            await trio.lowlevel.checkpoint()

    async def request(self, number: int) -> None:
        taken: dict[str, int] = {}
        with self.store.scope() as ticket:
            try:
                await self.block(number, taken, depth=0)
                await ticket.durable()
            except (KeyError, StoreError):
                return
        for name, amount in {**taken, f"cdr{number}": 0}.items():
            self.acknowledged[name] = self.acknowledged.get(name, 0) + amount

    async def block(self, number: int, taken: dict[str, int], *, depth: int) -> None:
        with self.store.transaction(why=f"request {number}") as tx:
            for _ in range(self.chance.randint(1, 3)):
                await self.pause()
                if depth == 0 and self.chance.random() < 0.2:
                    await self.block(number, taken, depth=1)
                else:
                    name = self.chance.choice("ab")
                    self.bank.debit(name, 1)
                    taken[name] = taken.get(name, 0) + 1
            await self.pause()
            if self.chance.random() < 0.15:
                raise KeyError(number)
            tx.put("cdr", f"cdr{number}", b"x")

    async def break_disk(self) -> None:
        for _ in range(3):
            await self.pause()
            self.disk.broken = self.chance.choice(("", "", "disk full"))
        self.disk.broken = ""

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            await nursery.start(self.store.run)
            async with trio.open_nursery() as requests:
                requests.start_soon(self.break_disk)
                for number in range(12):
                    requests.start_soon(self.request, number)
                    await self.pause()
            nursery.cancel_scope.cancel()
        self.store.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
async def test_memory_store_and_ledger_agree_whatever_happens(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("story") / "s.db"
    story = _Story(seed, path)
    await story.run()
    again = SqliteStore.open(path)
    kept = Bank(again).kept()
    assert kept == {name: value for name, value in story.bank.balances.items() if value}
    assert {name: -value for name, value in kept.items()} == {name: value for name, value in story.acknowledged.items() if value}
    assert {key for key, _ in again.scan("cdr")} == {name for name in story.acknowledged if name.startswith("cdr")}
    assert (await again.verify({name: Decimal(value) for name, value in kept.items()})).ok
    again.close()
