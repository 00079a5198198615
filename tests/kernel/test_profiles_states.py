"""What is known and held of profiles: undone with its transaction, read back after a restart, gone with its profile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import msgspec
import pytest

from cgrd.errors import NotFound, StoreError
from cgrd.profiles import Kind, ProfileHoldings, ProfileStates, ProfileTable, column
from cgrd.store import SqliteStore, Transaction


class Shop(msgspec.Struct):
    """A profile."""

    Tenant: str
    ID: str


class Takings(msgspec.Struct):
    """Its state; `Sealed` only where it is stored."""

    Sum: int
    Sealed: bool = False


class Till:
    """What is held of it."""

    def __init__(self, tenant: str, id: str) -> None:
        self.tenant = tenant
        self.id = id
        self.by_id: dict[str, int] = {}

    def put(self, id: str, held: int) -> int | None:
        old = self.drop(id)
        self.by_id[id] = held
        return old

    def drop(self, id: str) -> int | None:
        return self.by_id.pop(id, None)


KIND = Kind(name="Shop", record=Shop, file="", model="", order=1, columns=(column("Tenant"), column("ID")), stored=False)


@pytest.fixture
def store() -> Iterator[SqliteStore]:
    store = SqliteStore.in_memory()
    yield store
    store.close()


@contextmanager
def undone(store: SqliteStore) -> Iterator[Transaction]:
    """A transaction that comes to nothing."""
    with suppress(StoreError), store.transaction(why="test") as tx:
        yield tx
        raise StoreError("disk full")


@pytest.fixture
def table() -> ProfileTable:
    table = ProfileTable(kind=KIND)
    table.set(Shop("t", "A"))
    return table


def states(table: ProfileTable, store: SqliteStore) -> ProfileStates[Takings]:
    made = ProfileStates(table=table, store=store, kind="takings", record=Takings, opened=lambda stored: Takings(stored.Sum))
    made.load()
    return made


def holdings(table: ProfileTable, store: SqliteStore) -> ProfileHoldings[Till, int]:
    return ProfileHoldings(
        table=table,
        store=store,
        kind="till",
        made=Till,
        record=tuple[str, str, str, int],
        opened=lambda stored: stored,
        stored=lambda till, id, held: (till.tenant, till.id, id, held),
    )


def test_a_state_is_read_back_in_the_form_that_it_has_in_memory(table: ProfileTable, store: SqliteStore) -> None:
    with store.transaction(why="test") as tx:
        states(table, store).keep(tx, "t:A", Takings(7), stored=Takings(7, Sealed=True))
    assert states(table, store).find("t:A") == Takings(7)


def test_a_state_that_is_not_kept_is_there_until_the_restart(table: ProfileTable, store: SqliteStore) -> None:
    known = states(table, store)
    known.put("t:A", Takings(7))
    assert (known.seen("t:A"), states(table, store).seen("t:A")) == (Takings(7), None)


def test_a_transaction_that_fails_leaves_the_state_before_it(table: ProfileTable, store: SqliteStore) -> None:
    known = states(table, store)
    known.put("t:A", Takings(1))
    with undone(store) as tx:
        known.keep(tx, "t:A", Takings(2))
        known.keep(tx, "t:B", Takings(3))
    assert (known.find("t:A"), known.find("t:B")) == (Takings(1), None)


def test_a_state_goes_with_its_profile(table: ProfileTable, store: SqliteStore) -> None:
    known = states(table, store)
    with store.transaction(why="test") as tx:
        known.keep(tx, "t:A", Takings(1))
    table.remove("t", "A")
    assert (known.find("t:A"), states(table, store).find("t:A")) == (None, None)


def test_who_asks_before_there_is_a_profile_is_told_the_same_until_there_is_a_state(table: ProfileTable, store: SqliteStore) -> None:
    known = states(table, store)
    with pytest.raises(NotFound):
        known.seen("t:B")
    table.set(Shop("t", "B"))
    with pytest.raises(NotFound):
        known.seen("t:B")
    known.put("t:B", Takings(1))
    assert (known.seen("t:B"), known.seen("t:A")) == (Takings(1), None)


def test_what_is_held_is_read_back_and_what_was_let_go_is_not(table: ProfileTable, store: SqliteStore) -> None:
    tills = holdings(table, store)
    till = tills.holding("t", "A")
    with store.transaction(why="test") as tx:
        tills.put(tx, till, "one", 1)
        tills.put(tx, till, "two", 2)
        assert (tills.drop(tx, till, "one"), tills.drop(tx, till, "one")) == (True, False)
    assert holdings(table, store).holding("t", "A").by_id == {"two": 2}


def test_a_transaction_that_fails_leaves_what_was_held_before_it(table: ProfileTable, store: SqliteStore) -> None:
    tills = holdings(table, store)
    till = tills.holding("t", "A")
    with store.transaction(why="test") as tx:
        tills.put(tx, till, "one", 1)
    with undone(store) as tx:
        tills.put(tx, till, "one", 10)
        tills.put(tx, till, "two", 2)
        tills.drop(tx, till, "one")
    assert till.by_id == holdings(table, store).holding("t", "A").by_id == {"one": 1}


def test_what_is_held_goes_with_its_profile_and_what_is_left_of_one_that_is_gone_is_not_read(table: ProfileTable, store: SqliteStore) -> None:
    tills = holdings(table, store)
    with store.transaction(why="test") as tx:
        tills.put(tx, tills.holding("t", "A"), "one", 1)
        tills.put(tx, tills.holding("t", "NOPE"), "one", 1)
    assert holdings(table, store).holding("t", "NOPE").by_id == {}
    table.remove("t", "A")
    assert (tills.holding("t", "A").by_id, holdings(table, store).holding("t", "A").by_id) == ({}, {})
