"""Rows to row records and back: what the reference does when it merges the CSV rows of one tenant and ID."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cgrd.profiles.faults import Fault
from cgrd.profiles.kind import Column, Items, Kind
from cgrd.profiles.sheets import CHUNK, Row, Sheet

_MOST_KEPT = 50_000
HEADINGS = "a line of headings begins with #"


def is_heading(kind: Kind, row: Row) -> bool:
    """Whether a row looks like the headings of its file."""
    return any(map(str.__eq__, map(str.casefold, row), kind.headings))


class Folding:
    """Merges rows of a kind into row records, in the order in which their keys first appear.

    Scalars: a later row's value that is not empty overwrites, or the first row's holds (`Column.first`); lists are united, in order of
    appearance; rows that hold an item add it.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.faults: list[Fault] = []
        self.found: dict[str, Any] = {}
        self.bad: set[str] = set()
        memos = _Memos()
        self._keys = kind.key_columns
        self._alone = self._keys[0][0] if len(self._keys) == 1 else -1
        self._scalars = [(at, column, memos[column.cell.read]) for at, column in kind.value_columns]
        self._item = _ItemFolding(kind, kind.items, memos) if kind.items else None

    def _key(self, row: Row) -> str:
        return row[self._alone] if self._alone >= 0 else ":".join([row[at] for at, _ in self._keys])

    def add(self, sheet: Sheet) -> Iterator[int]:
        """Merge the rows of a sheet; yields the line that it has come to every few thousand rows."""
        for at, row in enumerate(sheet.rows):
            if not at % CHUNK:
                yield sheet.lines[at]
            try:
                self._add(row)
            except _BadCell as bad:
                self.bad.add(self._key(row))
                self.faults.extend(each.fault(self.kind, sheet.name, sheet.lines[at]) for each in self._bad_cells(row) or [bad])
            except _Twice as twice:
                self.faults.append(Fault(word=f"{self.kind.unique}: {twice}", file=sheet.name, line=sheet.lines[at]))

    def _bad_cells(self, row: Row) -> list[_BadCell]:
        """All cells of a row that cannot be read; none of a line of headings, where the first one says it all."""
        if is_heading(self.kind, row):
            return []
        found = []
        for text, column in zip(row, self.kind.columns, strict=True):
            try:
                column.cell.read(text) if text else None
            except ValueError:
                found.append(_BadCell(column, text))
        return found

    def _add(self, row: Row) -> None:
        key = self._key(row)
        record = self.found.get(key)
        first = record is None
        if first:
            record = self.found[key] = self.kind.row(**{into: row[at] for at, into in self._keys})
        elif self.kind.unique:
            raise _Twice(key)
        for at, column, memo in self._scalars:
            if (text := row[at]) and (first or not column.first):
                self._set(record, column, text, memo)
        if self._item is not None:
            self._item.add(row, record)

    def _set(self, record: Any, column: Column, text: str, memo: _Memo) -> None:
        try:
            # Lists are taken over value by value, so there is nothing to share; a hundred thousand that are kept for it would leave holes.
            value = column.cell.read(text) if column.cell.many else memo[text]
        except ValueError:
            raise _BadCell(column, text) from None
        if not value:  # a zero never takes the place of what an earlier row said
            return
        if column.cell.many:
            held = getattr(record, column.into)
            held.extend([each for each in value if each not in held])
        else:
            setattr(record, column.into, value)


class _Twice(ValueError):
    pass


class _BadCell(ValueError):
    def __init__(self, column: Column, text: str) -> None:
        super().__init__(text)
        self.column, self.text = column, text

    def fault(self, kind: Kind, file: str, line: int) -> Fault:
        word = f'invalid value "{self.text}" for field {kind.model}.{self.column.name}'
        heading = self.text.casefold() == self.column.name.casefold()
        mend = HEADINGS if heading else f"wanted: {self.column.cell.word}"
        return Fault(word=word, file=file, line=line, column=kind.columns.index(self.column) + 1, mend=mend)


class _Memo(dict[str, Any]):
    """Row values by text, each read once, so that a hundred thousand rows share what they have in common."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        super().__init__()
        self.read = read

    def __missing__(self, text: str) -> Any:
        if len(self) >= _MOST_KEPT:
            self.clear()
        value = self[text] = self.read(text)
        return value


class _Memos(dict[Callable[[str], Any], _Memo]):
    """One memo for all columns that are read alike."""

    def __missing__(self, read: Callable[[str], Any]) -> _Memo:
        made = self[read] = _Memo(read)
        return made


class _ItemFolding:
    """Adds what rows hold of a nested list."""

    def __init__(self, kind: Kind, items: Items, memos: _Memos) -> None:
        self.items = items
        self.row_type: Callable[..., Any] = kind.item_row
        self.columns = [(at, column, memos[column.cell.read]) for at, column in kind.item_places]
        self.key_at = next((at for at, column, _ in self.columns if column.name == items.key), -1)
        self.by_same: dict[tuple[int, frozenset[str]], Any] = {}

    def add(self, row: Row, record: Any) -> None:
        if self.key_at >= 0 and not row[self.key_at]:
            for at, column, memo in self.columns:
                if row[at]:
                    self._read(row[at], column, memo)  # a row without an item is still read: what is no number there is a fault of the file
            return
        try:
            values = [memo[text] if (text := row[at]) or not column.cell.many else [] for at, column, memo in self.columns]
        except ValueError:
            values = [self._read(row[at], column, memo) for at, column, memo in self.columns]
        into: list[Any] = getattr(record, self.items.field)
        if self.items.each:
            into.extend(self._each(values))
        elif self.items.same:
            self._same(row, values, record, into)
        else:
            into.append(self.row_type(*values))

    def _read(self, text: str, column: Column, memo: _Memo) -> Any:
        try:
            return memo[text]
        except ValueError:
            raise _BadCell(column, text) from None

    def _each(self, values: list[Any]) -> Iterator[Any]:
        """One item for each value of the key cell; the row's other cells hold for all."""
        key = next(n for n, (at, _, _) in enumerate(self.columns) if at == self.key_at)
        for value in values[key]:
            yield self.row_type(*(value if n == key else list(each) for n, each in enumerate(values)))

    def _same(self, row: Row, values: list[Any], record: Any, into: list[Any]) -> None:
        """The item that has the same key and filters grows its lists; its other values are those of its first row."""
        marks = frozenset(f"{c.name}={each}" for at, c, _ in self.columns if c.name in self.items.same for each in row[at].split(";"))
        known = self.by_same.get((id(record), marks))
        if known is None:
            item = self.row_type(*(list(value) if isinstance(value, list) else value for value in values))
            self.by_same[id(record), marks] = item
            into.append(item)
            return
        for (_, column, _), value in zip(self.columns, values, strict=True):
            if column.cell.many:
                held = getattr(known, column.into)
                held.extend(each for each in value if each not in held)


def unfold(kind: Kind, record: Any) -> list[Row]:
    """The rows of a row record; folding them gives it back."""
    scalars = [_cell(c, record) if not c.item else "" for c in kind.columns]
    lists = [at for at, c in enumerate(kind.columns) if c.cell.word == "one value a row" and not c.item]
    if lists:
        return list(_one_value_a_row(kind, record, scalars, lists[0]))
    items = getattr(record, kind.items.field) if kind.items else None
    if not items:
        return [scalars]
    keys = {next(i for i, c in enumerate(kind.columns) if c.name == name) for name in kind.key}
    rows: list[Row] = []
    for item in items:
        rows.append(
            [_cell(c, item) if c.item else text if not rows or at in keys else "" for at, (c, text) in enumerate(zip(kind.columns, scalars, strict=True))]
        )
    return rows


def _one_value_a_row(kind: Kind, record: Any, scalars: Row, at: int) -> Iterator[Row]:
    for value in getattr(record, kind.columns[at].into):
        yield [value if i == at else text for i, text in enumerate(scalars)]


def _cell(column: Column, holder: Any) -> str:
    value = getattr(holder, column.into)
    if column.cell.many and isinstance(value, str):
        return value
    return "" if value is None else column.cell.write(value)
