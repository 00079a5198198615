"""Where a fault of a plan is, and what the author may have meant."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from cgrd.profiles.kind import Kind
from cgrd.profiles.sheets import Row, Sheet

Place = tuple[str, int, int]
"""File, line and column; the latter two count from 1, 0 = unknown."""

_MARKED = re.compile(r'"([^"]+)"|<([^>]+)>')
_WORD = re.compile(r'["<:` ]([^"<>` ]+)[">`]?')
_MOST_COMPARED = 5_000


class Places:
    """Finds rows of records by their key."""

    def __init__(self) -> None:
        self._sheets: dict[str, list[Sheet]] = {}
        self._rows: dict[str, dict[str, list[tuple[Sheet, int]]]] = {}

    def add(self, kind: Kind, sheet: Sheet) -> None:
        """A sheet of the plan."""
        self._sheets.setdefault(kind.name, []).append(sheet)
        self._rows.pop(kind.name, None)

    def sheets(self) -> list[Sheet]:
        """All sheets."""
        return [sheet for sheets in self._sheets.values() for sheet in sheets]

    def find(self, kind: Kind, key: str, word: str) -> tuple[Place, str]:
        """The place of the cell that a message quotes, and the cell's text; else of the key's first row, and ""."""
        marked = {text for pair in _MARKED.findall(word) for text in pair if text}
        loose = set(_WORD.findall(word))
        begins = word.partition(" ")[0]  # a message may begin with the column that it is about
        about = next((at for at, column in enumerate(kind.columns, 1) if column.name == begins), 0)
        first: Place = (kind.file, 0, 0)
        for quoted in (marked, loose):  # what stands in quotes is surely meant
            for sheet, at in self._rows_of(kind).get(key, ()):
                if not first[1]:
                    first = (sheet.name, sheet.lines[at], 0)
                if column := _column(sheet.rows[at], key, quoted, about):
                    return (sheet.name, sheet.lines[at], column), sheet.rows[at][column - 1]
        return first, ""

    def _rows_of(self, kind: Kind) -> dict[str, list[tuple[Sheet, int]]]:
        """Rows by key, made at the first fault of a kind."""
        known = self._rows.get(kind.name)
        if known is None:
            known = self._rows[kind.name] = defaultdict(list)
            keys = [next(i for i, c in enumerate(kind.columns) if c.name == name) for name in kind.key]
            for sheet in self._sheets.get(kind.name, ()):
                for at, row in enumerate(sheet.rows):
                    known[":".join([row[place] for place in keys])].append((sheet, at))
        return known


def _column(row: Row, key: str, quoted: set[str], about: int) -> int:
    """The column (from 1) of the cell that is quoted, whole or as one of a list; 0 where none is."""
    for column, cell in enumerate(row, 1):
        if about and column != about:
            continue
        if cell and cell != key and (cell in quoted or not quoted.isdisjoint(cell.split(";"))):
            return column
    return 0


def meant(cell: str, names: Collection[str]) -> str:
    """A name that is nearly what a cell says, "" when there is none, or when the cell is right or there are too many to compare."""
    if not cell or cell in names or len(names) > _MOST_COMPARED:
        return ""
    return next(iter(get_close_matches(cell, names, n=1, cutoff=0.8)), "")


def suggested(word: str, known: Iterable[str]) -> str:
    """`; is it meant to be *disable_account?` for a word of a vocabulary that is not in it; "" when none is near."""
    names = sorted(known)
    longer = [name for name in names if word and name.startswith(word)]
    near = next(iter(longer or get_close_matches(word, names, n=1, cutoff=0.7)), "")
    return f"; is it meant to be {near}?" if near else ""
