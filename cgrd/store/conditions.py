"""Conditions on rows of declared tables, as data; a driver makes SQL of them, `matcher` a predicate for rows not yet in the database.

A negative comparison (`!=`, `not in`, `not prefix`, `is not null`) is exactly the complement of its positive one, so a row whose
column is None matches it; the others match None never.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec

from cgrd import codec
from cgrd.errors import Wrong
from cgrd.store.tables import Column, Stored, Table, Values, encode_value

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "in", "not in", "prefix", "not prefix", "is null", "is not null"]
COMPLEMENTS: Final[dict[str, str]] = {"!=": "=", "not in": "in", "not prefix": "prefix", "is not null": "is null"}
_ORDERED: Final = ("=", "<", "<=", ">", ">=")


class Condition(msgspec.Struct, frozen=True):
    """What must hold for one column.

    Args:
        column: its name, or the name of the table's number.
        op: the comparison; `in` takes a sequence, `prefix` a text or a sequence of them (any), `is null` nothing.
        value: what is compared with, as the column holds it.
        field: the key inside a JSON column's map; its text is compared then.
    """

    column: str
    op: Operator
    value: Any = None
    field: str = ""


class Check(msgspec.Struct, frozen=True):
    """A checked condition: `kind` says how to compare (`text`, `int`, `decimal`), `values` are in stored form."""

    column: str
    at: int
    op: str
    negative: bool
    kind: str
    values: tuple[Stored, ...]
    field: str


NUMBER: Final = -1


def checked(table: Table, where: Sequence[Condition]) -> tuple[Check, ...]:
    """The conditions with their values in stored form.

    Raises:
        Wrong: an unknown column or comparison, or a value that the column cannot hold.
    """
    return tuple(_checked(table, condition) for condition in where)


def _checked(table: Table, condition: Condition) -> Check:
    op = COMPLEMENTS.get(condition.op, condition.op)
    at = NUMBER if condition.column == table.number else table.column_at(condition.column)
    column = Column(table.number, "int") if at == NUMBER else table.columns[at]
    if condition.field and column.type != "json":
        raise Wrong(f"table {table.name}: {column.name} is no JSON column, it has no field {condition.field}")
    compared = Column(column.name, "text") if column.type == "json" else column
    values = tuple(encode_value(compared, value) for value in _wanted(op, condition))
    kind = compared.type if compared.type in ("int", "decimal") else "text"
    if op == "prefix" and kind != "text":
        raise Wrong(f"table {table.name}: {column.name} is no text, it has no prefix")
    return Check(column.name, at, op, op != condition.op, kind, values, condition.field)


def _wanted(op: str, condition: Condition) -> Sequence[Any]:
    value = condition.value
    if op == "is null":
        return ()
    if op == "in" or (op == "prefix" and not isinstance(value, str)):
        return tuple(value)
    if op not in (*_ORDERED, "prefix"):
        raise Wrong(f"unknown comparison {condition.op!r}", explain="use = != < <= > >= in, not in, prefix, not prefix, is null, is not null")
    if value is None:
        raise Wrong(f"{condition.column} {op} nothing", explain='use "is null"')
    return (value,)


def json_field(text: str | None, field: str) -> str | None:
    """The text of one key of a JSON map: strings as they are, anything else as JSON; None where it is missing or null."""
    found = codec.decode(text) if text else None
    value = found.get(field) if isinstance(found, dict) else None
    return value if value is None or isinstance(value, str) else codec.encode(value).decode()


_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": lambda a, b: bool(a == b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


def matcher(checks: Sequence[Check]) -> Callable[[int, Values], bool]:
    """Whether a row (its number and stored values) meets all checks; agrees with what a driver's SQL says."""

    def matches(number: int, values: Values) -> bool:
        return all(_holds(check, number if check.at == NUMBER else values[check.at]) != check.negative for check in checks)

    return matches


def _holds(check: Check, value: Stored) -> bool:
    if check.field:
        value = json_field(str(value) if value is not None else None, check.field)
    if check.op == "is null" or value is None:
        return check.op == "is null" and value is None
    if check.op == "prefix":
        return any(str(value).startswith(str(wanted)) for wanted in check.values)
    found = comparable(check.kind, value)
    compare = _COMPARE.get(check.op, _COMPARE["="])
    return any(compare(found, comparable(check.kind, wanted)) for wanted in check.values if wanted is not None)


def comparable(kind: str, value: Stored) -> Any:
    """A stored value as something that sorts right."""
    return Decimal(str(value)) if kind == "decimal" and value is not None else value
