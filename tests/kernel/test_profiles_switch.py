"""A change of a whole table that comes to nothing leaves the table, what is derived from it, and no watcher."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from cgrd.errors import StoreError
from cgrd.profiles import Change, Kind, ProfileTable, column
from cgrd.profiles.switch import PAGED_FROM, Switch
from cgrd.store import SqliteStore


class Shop(msgspec.Struct):
    """A profile."""

    ID: str
    Street: str


class Streets:
    """What is derived: who is in which street."""

    def __init__(self) -> None:
        self.shops: dict[str, set[str]] = {}

    def put(self, key: str, record: Any, old: Any) -> None:
        if old is not None:
            self.drop(key, old)
        self.shops.setdefault(record.Street, set()).add(key)

    def drop(self, key: str, record: Any) -> None:
        self.shops[record.Street].discard(key)
        if not self.shops[record.Street]:
            del self.shops[record.Street]


KIND = Kind(name="Shop", record=Shop, file="", model="", order=1, key=("ID",), columns=(column("ID"), column("Street")), side=Streets)


@pytest.fixture
def store() -> Iterator[SqliteStore]:
    store = SqliteStore.in_memory()
    yield store
    store.close()


def table_of(store: SqliteStore) -> ProfileTable:
    table = ProfileTable(kind=KIND, store=store)
    table.load()
    return table


def prepared(table: ProfileTable, shops: int) -> Switch:
    switch = Switch(table, put={f"N{at}": Shop(f"N{at}", "NEW") for at in range(shops)}, drop=["B"])
    for _ in switch.prepare():
        pass
    return switch


def state(table: ProfileTable) -> tuple[dict[str, Any], dict[str, set[str]]]:
    return dict(table.items()), {street: set(shops) for street, shops in table.side.shops.items()}


@pytest.mark.parametrize("shops", [2, PAGED_FROM + 1])
def test_a_switch_that_comes_to_nothing_leaves_the_table_as_others_have_made_it(store: SqliteStore, shops: int) -> None:
    table = table_of(store)
    for id in ("A", "B"):
        table.set(Shop(id, "OLD"))
    switch = prepared(table, shops)
    table.set(Shop("A", "MEANWHILE"))
    before, told = state(table), list[Change]()
    table.watch(told.append)
    with suppress(StoreError), store.transaction(why="test") as tx:
        switch.commit(tx)
        assert (len(table), table.find("A"), "B" in table) == (shops + 1, Shop("A", "MEANWHILE"), False)
        raise StoreError("disk full")
    assert state(table) == before == state(table_of(store))
    assert {key for each in told for key in (*each.put, *each.dropped)} == {"B", *switch.put}


@pytest.mark.parametrize("shops", [2, PAGED_FROM + 1])
def test_a_switch_that_comes_to_be_is_the_same_after_a_restart(store: SqliteStore, shops: int) -> None:
    table = table_of(store)
    table.set(Shop("B", "OLD"))
    switch = prepared(table, shops)
    table.set(Shop("A", "MEANWHILE"))
    with store.transaction(why="test") as tx:
        switch.commit(tx)
    assert state(table) == state(table_of(store))
    assert table.side.shops == {"NEW": set(switch.put), "MEANWHILE": {"A"}}


def test_a_switch_that_is_given_up_notes_nothing_more(store: SqliteStore) -> None:
    table = table_of(store)
    watchers = table._watchers
    switch = prepared(table, PAGED_FROM + 1)
    assert table._watchers != watchers
    switch.close()
    assert table._watchers == watchers
