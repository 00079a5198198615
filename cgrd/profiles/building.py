"""Row records to records and back, by what the columns' cells say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cgrd.profiles.cells import Reading, kept
from cgrd.profiles.kind import Column, Kind


def build_record(kind: Kind, row: Any, reading: Reading) -> Any:
    """The record of a row record.

    Raises:
        Wrong: a text that is no duration, time or number, in the reference's words.
    """
    own, of_items = kind.scalar_columns, kind.item_columns
    values = _values(own, row, reading)
    if kind.items and (item_type := kind.items.type):
        into = kind.items.into or kind.items.field
        values[into] = [item_type(**_values(of_items, item, reading)) for item in getattr(row, kind.items.field) or ()]
    return kind.record(**values)


def _values(columns: Iterable[Column], holder: Any, reading: Reading) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for column in columns:
        value, cell = getattr(holder, column.into), column.cell
        if value is None and cell.many:
            value = []
        made[column.into] = value if cell.build is kept else cell.build(value, reading)
    return made


def unbuild_record(kind: Kind, record: Any) -> Any:
    """The row record of a record: what `build_record` makes it of."""
    values = {c.into: c.cell.unbuild(getattr(record, c.into)) for c in kind.scalar_columns}
    if kind.items:
        into = kind.items.into or kind.items.field
        values[kind.items.field] = [_unbuild_item(kind, item) for item in getattr(record, into) or ()]
    return kind.row(**values)


def _unbuild_item(kind: Kind, item: Any) -> Any:
    return kind.item_row(**{c.into: c.cell.unbuild(getattr(item, c.into)) for c in kind.item_columns})
