"""Rows of declared tables as they are with what is queued: the database's rows without those that changed, and the changed ones."""

from __future__ import annotations

from collections.abc import Sequence

from cgrd.store.changes import Changes
from cgrd.store.conditions import NUMBER, Check, Condition, checked, comparable, matcher
from cgrd.store.driver import Driver, Order
from cgrd.store.tables import Table, Values

Row = tuple[int, Values]


def select_rows(
    driver: Driver,
    layers: Sequence[Changes],
    table: Table,
    where: Sequence[Condition],
    *,
    order: Sequence[str] = (),
    limit: int | None = None,
    offset: int = 0,
) -> list[Row]:
    """Rows in stored form; see `Store.select`. `layers` are the changes not committed, newest first."""
    checks, sorting = checked(table, where), _sorting(table, order)
    changed = _changed(layers, table)
    if not changed:
        return driver.select(table, checks, order=sorting, limit=limit, offset=offset, without=())
    reach = None if limit is None else offset + limit
    rows = driver.select(table, checks, order=sorting, limit=reach, offset=0, without=changed.keys())
    rows += _matching(changed, checks)
    _sort(rows, sorting)
    return rows[offset:reach]


def count_rows(driver: Driver, layers: Sequence[Changes], table: Table, where: Sequence[Condition]) -> int:
    """How many rows there are; see `Store.count`."""
    checks = checked(table, where)
    changed = _changed(layers, table)
    return driver.count(table, checks, without=changed.keys()) + len(_matching(changed, checks))


def _changed(layers: Sequence[Changes], table: Table) -> dict[int, Values | None]:
    found: dict[int, Values | None] = {}
    for changes in reversed(layers):
        if table.name in changes.rows:
            found.update(changes.rows[table.name])
    return found


def _matching(changed: dict[int, Values | None], checks: Sequence[Check]) -> list[Row]:
    matches = matcher(checks)
    return [(number, values) for number, values in changed.items() if values is not None and matches(number, values)]


def _sorting(table: Table, order: Sequence[str]) -> list[Order]:
    return [_order(table, name.removeprefix("-"), descending=name.startswith("-")) for name in order]


def _order(table: Table, name: str, *, descending: bool) -> Order:
    if name == table.number:
        return Order(name, NUMBER, "int", descending)
    at = table.column_at(name)
    kind = table.columns[at].type
    return Order(name, at, kind if kind in ("int", "decimal") else "text", descending)


def _sort(rows: list[Row], sorting: Sequence[Order]) -> None:
    rows.sort(key=lambda row: row[0])
    for order in reversed(sorting):
        rows.sort(key=lambda row, order=order: _key(row, order), reverse=order.descending)  # type: ignore[misc]


def _key(row: Row, order: Order) -> tuple[bool, object]:
    value = row[0] if order.at == NUMBER else row[1][order.at]
    return (value is not None, comparable(order.kind, value))
