"""Declared tables: what a plugin says once about the rows it keeps (CDRs, session costs …), and how a row becomes columns.

Every value has one exact stored form, the same for each database: decimals and instants are text, so nothing is lost to a binary
float or to a database's own idea of time. Instants are kept in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final, Literal

import msgspec

from cgrd import codec
from cgrd.errors import Wrong
from cgrd.instants import Instant, fixed_width, parse_rfc3339

ColumnType = Literal["text", "int", "decimal", "instant", "json"]
Stored = str | int | None
Values = tuple[Stored, ...]

_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}\Z")
_INT64: Final = 1 << 63
_UNFIT: Final = (AttributeError, TypeError, ValueError, OverflowError, RecursionError)


class Column(msgspec.Struct, frozen=True):
    """One column. `decimal` holds `Decimal`, `instant` holds `Instant`, `json` any tree of plain values; each may be None."""

    name: str
    type: ColumnType = "text"


class Table:
    """A declared table.

    Args:
        name: its name; letters, digits and underscores.
        columns: what a row holds.
        unique: sets of columns that no two rows share; a row with None in one of them is free. Not for decimals and JSON.
        indexes: sets of columns that are often asked for together.
        number: the name of the column that counts the rows; the store fills it, never uses a number twice, and it may be asked for.
    """

    def __init__(
        self,
        name: str,
        *,
        columns: Sequence[Column],
        unique: Sequence[Sequence[str]] = (),
        indexes: Sequence[Sequence[str]] = (),
        number: str = "row_number",
    ) -> None:
        self.name = name
        self.columns = tuple(columns)
        self.number = number
        self.position = {column.name: at for at, column in enumerate(self.columns)}
        self._names = tuple(self.position)
        self._texts, self._numbers, self._instants = [self._typed(kind) for kind in ("text", "int", "instant")]
        self._others = [(at, _ENCODERS[self.columns[at].type]) for at in (*self._typed("decimal"), *self._typed("json"))]
        for word in (name, number, *self.position):
            if not _IDENTIFIER.match(word):
                raise Wrong(f"table {name}: {word!r} is no name", explain="use letters, digits and underscores")
        if len(self.position) != len(self.columns) or number in self.position:
            raise Wrong(f"table {name}: a column is declared twice")
        self.unique = tuple(tuple(names) for names in unique)
        self.indexes = tuple(tuple(names) for names in indexes)
        self.unique_keys = tuple(_key([self.column_at(name) for name in names]) for names in self.unique)
        for names in self.unique:
            self._refuse_inexact(names)
        for names in self.indexes:
            for each in names:
                self.column_at(each)

    def _typed(self, kind: ColumnType) -> list[int]:
        return [at for at, column in enumerate(self.columns) if column.type == kind]

    def _refuse_inexact(self, names: Sequence[str]) -> None:
        for name in names:
            if self.columns[self.column_at(name)].type in ("decimal", "json"):
                raise Wrong(f"table {self.name}: {name} cannot be unique", explain="equal decimals have several texts; use text or int")

    def column_at(self, name: str) -> int:
        """The place of a column in a row's values.

        Raises:
            Wrong: the table has no such column.
        """
        try:
            return self.position[name]
        except KeyError:
            known = ", ".join(self.position)
            raise Wrong(f"table {self.name} has no column {name}", explain=f"its columns are {known}") from None

    def encode(self, row: Mapping[str, Any]) -> Values:
        """The stored form of a row; columns that are not given are None.

        Raises:
            Wrong: an unknown column, or a value that its column cannot hold.
        """
        if tuple(row) == self._names:
            values = list(row.values())
        else:
            for name in row:
                self.column_at(name)
            values = [row.get(name) for name in self.position]
        try:
            for at in self._instants:
                if (value := values[at]) is not None:
                    values[at] = fixed_width(value.ns)
            for at, encoded in self._others:
                if (value := values[at]) is not None:
                    values[at] = encoded(value)
            for at in self._numbers:
                if type(value := values[at]) is not int or not -_INT64 <= value < _INT64:
                    values[at] = None if value is None else _whole(value)
            # All texts at once: whether each is one, and has an encoding.
            "".join([value for at in self._texts if (value := values[at]) is not None]).encode()
        except _UNFIT:
            return tuple([encode_value(column, row.get(column.name)) for column in self.columns])  # names the column
        return tuple(values)

    def decode(self, number: int, values: Values) -> dict[str, Any]:
        """The row of stored values, its number first."""
        row: dict[str, Any] = {self.number: number}
        for column, value in zip(self.columns, values, strict=True):
            row[column.name] = None if value is None else _DECODERS[column.type](value)
        return row


def _key(positions: Sequence[int]) -> Callable[[Values], Values]:
    """Takes the values at these places out of a row."""
    if len(positions) == 1:
        (at,) = positions
        return lambda values: (values[at],)
    pick: Callable[[Values], Values] = itemgetter(*positions)
    return pick


def encode_value(column: Column, value: Any) -> Stored:
    """The stored form of one value.

    Raises:
        Wrong: the column cannot hold it.
    """
    if value is None:
        return None
    try:
        return _ENCODERS[column.type](value)
    except _UNFIT as error:
        raise Wrong(f"column {column.name} ({column.type}) cannot hold {value!r:.100}: {error}") from error


def plain_text(value: Any) -> str:
    """A text that any database takes, as it is.

    Raises:
        TypeError: no text.
        ValueError: half of a surrogate pair, which no encoding has.
    """
    if not isinstance(value, str):
        raise TypeError("wanted text")
    if not value.isascii():
        value.encode()
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or not -_INT64 <= value < _INT64:
        raise TypeError("wanted a whole number of 64 bits")
    return int(value)


def decimal_text(value: Any) -> str:
    """The exact text of a finite decimal or whole number; floats are refused, they have lost the amount already."""
    if isinstance(value, Decimal) and value.is_finite():
        return str(value)
    if not isinstance(value, int):
        raise TypeError("wanted a finite Decimal")
    return str(int(value))


def instant_text(value: Any) -> str:
    """UTC text of fixed width."""
    if not isinstance(value, Instant):
        raise TypeError("wanted an Instant")
    return fixed_width(value.ns)


def _json_text(value: Any) -> str:
    return codec.encode(value).decode()


def _instant(value: Any) -> Instant:
    found = parse_rfc3339(value)
    return Instant.ZERO if found is None or found == Instant.ZERO else found


_ENCODERS: Final[dict[ColumnType, Callable[[Any], Stored]]] = {
    "text": plain_text,
    "int": _whole,
    "decimal": decimal_text,
    "instant": instant_text,
    "json": _json_text,
}
_DECODERS: Final[dict[ColumnType, Callable[[Any], Any]]] = {
    "text": str,
    "int": int,
    "decimal": Decimal,
    "instant": _instant,
    "json": codec.decode,
}
