"""Row records to records and back, by what the columns' cells say."""

from __future__ import annotations

from typing import Any

from cgrd.profiles.cells import Reading
from cgrd.profiles.kind import Kind


def build_record(kind: Kind, row: Any, reading: Reading) -> Any:
    """The record of a row record.

    Raises:
        Wrong: a text that is no duration, time or number, in the reference's words.
    """
    values = {c.into: _built(c, row, reading) for c in kind.columns if not c.item}
    if kind.items and kind.items.type:
        into = kind.items.into or kind.items.field
        values[into] = [_build_item(kind, item, reading) for item in getattr(row, kind.items.field) or ()]
    return kind.record(**values)


def _built(column: Any, holder: Any, reading: Reading) -> Any:
    value = getattr(holder, column.into)
    if column.cell.many and value is None:
        value = []
    return column.cell.build(value, reading)


def _build_item(kind: Kind, item: Any, reading: Reading) -> Any:
    assert kind.items is not None
    assert kind.items.type is not None
    return kind.items.type(**{c.into: _built(c, item, reading) for c in kind.columns if c.item})


def unbuild_record(kind: Kind, record: Any) -> Any:
    """The row record of a record: what `build_record` makes it of."""
    values = {c.into: c.cell.unbuild(getattr(record, c.into)) for c in kind.columns if not c.item}
    if kind.items:
        into = kind.items.into or kind.items.field
        values[kind.items.field] = [_unbuild_item(kind, item) for item in getattr(record, into) or ()]
    return kind.row(**values)


def _unbuild_item(kind: Kind, item: Any) -> Any:
    return kind.item_row(**{c.into: c.cell.unbuild(getattr(item, c.into)) for c in kind.columns if c.item})
