"""Declared tables: rows that are only queued are rows like any other."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgrd.errors import Exists, NotFound, StoreError, Wrong
from cgrd.instants import Instant, parse_instant
from cgrd.store import Column, Condition, SqliteStore, Table

CDRS = Table(
    "cdrs",
    columns=[
        Column("cgrid"),
        Column("run_id"),
        Column("usage", "int"),
        Column("cost", "decimal"),
        Column("answer", "instant"),
        Column("extra", "json"),
    ],
    unique=[["cgrid", "run_id"]],
    indexes=[["answer"]],
    number="order_id",
)


@pytest.fixture
def store() -> Iterator[SqliteStore]:
    store = SqliteStore.in_memory()
    store.declare(CDRS)
    yield store
    store.close()


def insert(store: SqliteStore, cgrid: str, **more: Any) -> int:
    with store.transaction(why="test") as tx:
        return tx.insert(CDRS, {"cgrid": cgrid, "run_id": "*default", **more})


def ids(store: SqliteStore, *where: Condition, **how: Any) -> list[str]:
    return [row["cgrid"] for row in store.select(CDRS, where, **how)]


def test_a_row_comes_back_exactly_as_it_went_in(store: SqliteStore) -> None:
    row = {
        "cgrid": "a",
        "run_id": "*default",
        "usage": 60_000_000_000,
        "cost": Decimal("0.10000000000000000000000000000000001"),
        "answer": parse_instant("2026-01-31T08:00:00.123456789+02:00"),
        "extra": {"Account": "1001", "n": [1, Decimal("1.5")]},
    }
    with store.transaction(why="test") as tx:
        number = tx.insert(CDRS, row)
    expected = {"order_id": number, **row}
    assert store.select(CDRS) == [expected]
    store.flush()
    assert store.select(CDRS) == [expected]


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1677-01-01T00:00:00.5Z"])
def test_any_instant_is_kept(store: SqliteStore, text: str) -> None:
    insert(store, "a", answer=parse_instant(text))
    store.flush()
    assert store.select(CDRS)[0]["answer"] == parse_instant(text)


@pytest.mark.parametrize("flush", [True, False])
def test_the_same_unique_value_twice_is_exists(store: SqliteStore, flush: bool) -> None:
    insert(store, "a")
    if flush:
        store.flush()
    with pytest.raises(Exists) as told:
        insert(store, "a")
    assert "cgrid=a run_id=*default" in told.value.explain
    assert store.count(CDRS) == 1


def test_a_unique_value_of_a_dropped_transaction_is_free_again(store: SqliteStore) -> None:
    with pytest.raises(KeyError), store.transaction(why="outer"):
        raise KeyError(insert(store, "a"))
    insert(store, "a")


def test_a_removed_row_frees_its_unique_value_within_one_group(store: SqliteStore) -> None:
    number = insert(store, "a", usage=1)
    store.flush()
    with store.transaction(why="test") as tx:
        tx.delete_row(CDRS, number)
        with pytest.raises(NotFound):
            tx.delete_row(CDRS, number)
        tx.insert(CDRS, {"cgrid": "a", "run_id": "*default", "usage": 2})
    store.flush()
    assert [row["usage"] for row in store.select(CDRS)] == [2]


def test_two_rows_may_swap_their_unique_values_in_one_group(store: SqliteStore) -> None:
    one, two = insert(store, "a"), insert(store, "b")
    store.flush()
    with store.transaction(why="test") as tx:
        tx.update(CDRS, one, {"cgrid": "c"})
        tx.update(CDRS, two, {"cgrid": "a"})
        tx.update(CDRS, one, {"cgrid": "b"})
    store.flush()
    assert ids(store, order=["order_id"]) == ["b", "a"]


def test_an_update_to_a_taken_value_is_exists_and_to_its_own_is_not(store: SqliteStore) -> None:
    one, two = insert(store, "a"), insert(store, "b")
    with store.transaction(why="test") as tx:
        tx.update(CDRS, one, {"cgrid": "a", "usage": 5})
        with pytest.raises(Exists):
            tx.update(CDRS, two, {"cgrid": "a"})
        with pytest.raises(NotFound):
            tx.update(CDRS, two + 1, {"usage": 1})
    assert [(row["cgrid"], row["usage"]) for row in store.select(CDRS)] == [("a", 5), ("b", None)]
    with pytest.raises(Exists):
        insert(store, "a")


def test_numbers_are_never_used_twice(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "s.db")
    store.declare(CDRS)
    first = insert(store, "a")
    store.flush()
    with store.transaction(why="test") as tx:
        tx.delete_row(CDRS, first)
    store.close()
    again = SqliteStore.open(tmp_path / "s.db")
    again.declare(CDRS)
    assert insert(again, "a") > first
    again.close()


def test_a_wider_declaration_adds_columns_and_a_changed_type_is_refused(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "s.db")
    store.declare(Table("cdrs", columns=[Column("cgrid")]))
    store.close()
    again = SqliteStore.open(tmp_path / "s.db")
    again.declare(Table("cdrs", columns=[Column("cgrid"), Column("cost", "decimal")], unique=[["cgrid"]]))
    with pytest.raises(StoreError, match="column cost is decimal in the database, text in the declaration"):
        again.declare(Table("cdrs", columns=[Column("cgrid"), Column("cost", "text")]))
    again.close()


def test_an_index_that_is_declared_no_more_goes_and_an_operators_own_stays(tmp_path: Path) -> None:
    columns = [Column("cgrid"), Column("account")]
    store = SqliteStore.open(tmp_path / "s.db")
    store.declare(Table("cdrs", columns=columns, unique=[["cgrid"]], indexes=[["account"]]))
    store.close()
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection:
        connection.execute("CREATE INDEX mine ON t_cdrs (account)")
    again = SqliteStore.open(tmp_path / "s.db")
    again.declare(Table("cdrs", columns=columns, unique=[["cgrid"]]))
    again.close()
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection:
        found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 't_cdrs'")}
    assert found == {"u_cdrs_cgrid", "mine"}


def test_new_columns_of_old_rows_are_none(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "s.db")
    narrow = Table("cdrs", columns=[Column("cgrid")])
    wide = Table("cdrs", columns=[Column("cost", "decimal"), Column("cgrid")])
    store.declare(narrow)
    with store.transaction(why="test") as tx:
        tx.insert(narrow, {"cgrid": "a"})
    store.flush()
    store.declare(wide)
    assert store.select(wide) == [{"row_number": 1, "cost": None, "cgrid": "a"}]
    store.close()


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"cost": 0.1}, "finite Decimal"),
        ({"cost": Decimal("NaN")}, "finite Decimal"),
        ({"usage": 1 << 63}, "64 bits"),
        ({"cgrid": "\ud800"}, "surrogate"),
        ({"answer": "2026"}, "Instant"),
        ({"nothing": 1}, "no column nothing"),
    ],
)
def test_what_a_column_cannot_hold_is_refused_before_it_is_queued(store: SqliteStore, row: dict[str, Any], why: str) -> None:
    with pytest.raises(Wrong, match=why):
        insert(store, **{"cgrid": "a", **row})
    assert store.count(CDRS) == 0


def test_an_undeclared_table_and_unknown_columns_are_named(store: SqliteStore) -> None:
    with pytest.raises(Wrong, match="table other is not declared"):
        store.select(Table("other", columns=[Column("a")]))
    with pytest.raises(Wrong, match="no column x"):
        store.select(CDRS, [Condition("x", "=", 1)])
    with pytest.raises(Wrong, match="unknown comparison"):
        store.select(CDRS, [Condition("cgrid", "like", "a")])  # type: ignore[arg-type]
    with pytest.raises(Wrong, match="no name"):
        Table("a; DROP TABLE records", columns=[])


texts = st.text(alphabet="ab\x00é\uffff\U0001f600\U0010ffff%_'\"", max_size=3)
decimals = st.sampled_from([Decimal(text) for text in ("-1", "0", "0.10", "0.1", "2", "10", "1E+2", "1E-30")])
instants = st.integers(-(10**19), 10**19).map(lambda ns: Instant(ns))
jsons = st.dictionaries(texts, st.one_of(texts, st.integers(0, 2), st.none(), decimals), max_size=2)
rows = st.fixed_dictionaries(
    {
        "run_id": st.none() | texts,
        "usage": st.none() | st.integers(-2, 2),
        "cost": st.none() | decimals,
        "answer": st.none() | instants,
        "extra": st.none() | jsons,
    }
)
COMPARISONS = ["=", "!=", "<", "<=", ">", ">="]


def on(column: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Condition]:
    return st.one_of(
        st.builds(Condition, st.just(column), st.sampled_from(COMPARISONS), values),
        st.builds(Condition, st.just(column), st.sampled_from(["in", "not in"]), st.lists(values, max_size=3)),
        st.builds(Condition, st.just(column), st.sampled_from(["is null", "is not null"])),
    )


conditions = st.one_of(
    on("run_id", texts),
    on("usage", st.integers(-2, 2)),
    on("cost", decimals),
    on("answer", instants),
    on("order_id", st.integers(0, 9)),
    st.builds(Condition, st.just("run_id"), st.sampled_from(["prefix", "not prefix"]), texts | st.lists(texts, max_size=2)),
    st.builds(Condition, st.just("extra"), st.sampled_from(["=", "!=", "prefix"]), texts, texts.filter(bool)),
)
orders = st.lists(st.sampled_from(["run_id", "-run_id", "usage", "-usage", "cost", "-cost", "answer", "-answer", "-order_id"]), max_size=3)


@settings(max_examples=400, deadline=None)
@given(
    committed=st.lists(rows, max_size=5),
    queued=st.lists(rows, max_size=5),
    where=st.lists(conditions, max_size=2),
    order=orders,
    limit=st.none() | st.integers(0, 5),
    offset=st.integers(0, 3),
)
def test_queued_and_committed_rows_answer_alike(
    committed: list[Any], queued: list[Any], where: list[Condition], order: list[str], limit: int | None, offset: int
) -> None:
    store = SqliteStore.in_memory()
    store.declare(CDRS)
    for batch, flush in ((committed, True), (queued, False)):
        with store.transaction(why="test") as tx:
            for number, row in enumerate(batch):
                tx.insert(CDRS, {"cgrid": f"{flush}{number}", **row})
        if flush:
            store.flush()
    before = store.select(CDRS, where, order=order, limit=limit, offset=offset)
    counted = store.count(CDRS, where)
    store.flush()
    assert store.select(CDRS, where, order=order, limit=limit, offset=offset) == before
    assert store.count(CDRS, where) == counted == len(store.select(CDRS, where))
    store.close()


@settings(max_examples=100, deadline=None)
@given(batch=st.lists(rows, max_size=5), condition=conditions)
def test_a_negative_condition_is_the_complement_of_its_positive(batch: list[Any], condition: Condition) -> None:
    positive = {"!=": "=", "not in": "in", "not prefix": "prefix", "is not null": "is null"}.get(condition.op)
    store = SqliteStore.in_memory()
    store.declare(CDRS)
    with store.transaction(why="test") as tx:
        for row in batch:
            tx.insert(CDRS, row)
    if positive is not None:
        other = Condition(condition.column, positive, condition.value, condition.field)  # type: ignore[arg-type]
        assert store.count(CDRS, [condition]) + store.count(CDRS, [other]) == len(batch)
    store.close()


def test_limits_and_offsets_beyond_all_rows_are_no_error(store: SqliteStore) -> None:
    assert store.select(CDRS, limit=2**63, offset=2**64) == []
    assert store.select(CDRS, limit=-(2**64), offset=-(2**64)) == []
