"""SQL of conditions and orders; it says of a row what `cgrd.store.conditions.matcher` says."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from cgrd.store.conditions import Check
from cgrd.store.driver import Order
from cgrd.store.tables import Stored, Table

Sql = tuple[str, list[Stored]]


def where_sql(table: Table, checks: Sequence[Check], *, without: Collection[int]) -> Sql:
    """The WHERE clause ("" for none) and its parameters."""
    parts, parameters = [], []
    for check in checks:
        sql, values = _check_sql(check)
        # NULL is no match, and a negative check is the complement of its positive one.
        parts.append(f"NOT coalesce({sql}, 0)" if check.negative else sql)
        parameters += values
    if without:
        parts.append(f'"{table.number}" NOT IN (SELECT value FROM json_each(?))')
        parameters.append(json_list(without))
    return (" WHERE " + " AND ".join(f"({part})" for part in parts) if parts else "", parameters)


def _check_sql(check: Check) -> Sql:
    column, parameters = _operand(check)
    values = list(check.values)
    if check.op == "is null":
        return f"{column} IS NULL", parameters
    if check.op == "in":
        return f"{column} IN ({', '.join('?' * len(values))})", parameters + values
    if check.op == "prefix":
        return _prefix_sql(column, parameters, [str(value) for value in values])
    return f"{column} {check.op} ?", parameters + values


def _operand(check: Check) -> Sql:
    if check.field:
        return f'json_field("{check.column}", ?)', [check.field]
    return _collated(check.column, check.kind), []


def _collated(column: str, kind: str) -> str:
    return f'"{column}" COLLATE decimal' if kind == "decimal" else f'"{column}"'


def _prefix_sql(column: str, parameters: list[Stored], prefixes: Sequence[str]) -> Sql:
    parts: list[str] = []
    values: list[Stored] = []
    for prefix in prefixes:
        end = _after_prefix(prefix)
        parts.append(f"({column} >= ?{f' AND {column} < ?' if end else ''})")
        values += [*parameters, prefix, *([*parameters, end] if end else [])]
    return " OR ".join(parts) or "0", values


def _after_prefix(prefix: str) -> str:
    """The least text above all that start with the prefix, "" when there is none: a range an index can answer."""
    stem = prefix.rstrip("\U0010ffff")
    if not stem:
        return ""
    following = ord(stem[-1]) + 1
    return stem[:-1] + chr(0xE000 if following == 0xD800 else following)


def order_sql(table: Table, orders: Sequence[Order]) -> str:
    """The ORDER BY clause; ties go by number."""
    parts = [_collated(order.column, order.kind) + (" DESC" if order.descending else "") for order in orders]
    return " ORDER BY " + ", ".join([*parts, f'"{table.number}"'])


def json_list(numbers: Collection[int]) -> str:
    """Numbers as one parameter, for `json_each`."""
    return json.dumps(list(numbers))
