"""The CSV dialect of tariff plans, strictly: `#` lines are comments, blank lines are nothing, quotes as RFC 4180 has them.

A plan's file without a quote (nearly all) is split line by line; one with quotes goes through a parser that refuses what the
reference refuses, with the same words.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Generator
from dataclasses import dataclass, field

from cgrd.errors import Wrong

Row = list[str]

CHUNK = 2_000
"""Lines or rows worked on between two points at which other requests may go on."""


@dataclass
class Sheet:
    """The rows of one file. `lines[i]` is the line that row i begins on, counted from 1."""

    name: str
    rows: list[Row] = field(default_factory=list)
    lines: array[int] = field(default_factory=lambda: array("I"))

    def add(self, row: Row, line: int) -> None:
        self.rows.append(row)
        self.lines.append(line)


class BadLine(Wrong):
    """A file that is no CSV, or has a row of another width.

    Attributes:
        line, column: where; they count from 1, column 0 = the whole line.
        cells: how many cells a row of another width has, else 0.
    """

    def __init__(self, text: str, *, line: int, column: int = 0, cells: int = 0) -> None:
        super().__init__(text)
        self.line = line
        self.column = column
        self.cells = cells


def read_sheet(name: str, text: str, *, width: int, separator: str = ",") -> Generator[None, None, Sheet]:
    """Parse a file; yields every few thousand lines, returns the sheet.

    Raises:
        BadLine: a quote out of place, or a row that has not exactly `width` columns.
    """
    sheet = Sheet(name)
    text = text.removeprefix("\ufeff")
    if '"' in text:
        yield from _quoted(sheet, text, width, separator)
    else:
        yield from _plain(sheet, text, width, separator)
    return sheet


def _plain(sheet: Sheet, text: str, width: int, separator: str) -> Generator[None, None, None]:
    rows, lines = sheet.rows, sheet.lines
    for number, line in enumerate(text.split("\n"), 1):
        if not number % CHUNK:
            yield
        if line.endswith("\r"):
            line = line[:-1]
        if not line or line[0] == "#":
            continue
        row = line.split(separator)
        if len(row) != width:
            raise _wrong_width(number, row)
        rows.append(row)
        lines.append(number)


def _wrong_width(line: int, row: Row) -> BadLine:
    return BadLine(f"record on line {line}: wrong number of fields", line=line, cells=len(row))


_QUOTED = re.compile(r'"((?:[^"]|"")*)"')


def _quoted(sheet: Sheet, text: str, width: int, separator: str) -> Generator[None, None, None]:
    at, line, end = 0, 1, len(text)
    while at < end:
        if not line % CHUNK:
            yield
        stop = text.find("\n", at)
        stop = end if stop < 0 else stop
        if text[at] == "#" or text[at:stop] in ("", "\r"):
            at, line = stop + 1, line + 1
            continue
        first = line
        if text.find('"', at, stop) < 0:  # most lines of a file with quotes have none
            row, at = text[at:stop].removesuffix("\r").split(separator), stop
        else:
            row, at, line = _quoted_row(text, at, line, separator)
        if len(row) != width:
            raise _wrong_width(first, row)
        sheet.add(row, first)
        at, line = at + 1, line + 1


def _quoted_row(text: str, at: int, line: int, separator: str) -> tuple[Row, int, int]:
    """The cells of a row with quotes, where it ends, and the line that is on."""
    row: Row = []
    while True:
        value, at, line = _cell(text, at, line, separator)
        row.append(value)
        if at >= len(text) or text[at] != separator:
            return row, at, line
        at += 1


def _cell(text: str, at: int, line: int, separator: str) -> tuple[str, int, int]:
    """One cell at `at`: its value, where the separator or line end after it is, and the line that is on."""
    if text[at : at + 1] == '"':
        return _quoted_cell(text, at, line, separator)
    stop = min((found for mark in (separator, "\n") if (found := text.find(mark, at)) >= 0), default=len(text))
    value = text[at:stop]
    if '"' in value:
        raise _bad_quote('bare " in non-quoted-field', text, at, at + value.index('"') + 1, line)
    return value.removesuffix("\r") if text[stop : stop + 1] != separator else value, stop, line


def _quoted_cell(text: str, at: int, line: int, separator: str) -> tuple[str, int, int]:
    match = _QUOTED.match(text, at)
    if match is None:
        raise _bad_quote('extraneous or missing " in quoted-field', text, at, len(text) + 1, line)
    after = match.end() + (text[match.end() : match.end() + 2] == "\r\n")
    if text[after : after + 1] not in ("", "\n", separator):
        raise _bad_quote('extraneous or missing " in quoted-field', text, at, match.end(), line)
    return match[1].replace('""', '"'), after, line + match[1].count("\n")


def _bad_quote(fault: str, text: str, cell: int, at: int, line: int) -> BadLine:
    column = at - (text.rfind("\n", 0, cell) + 1)
    return BadLine(f"parse error on line {line}, column {column}: {fault}", line=line, column=column)


def checked_separator(name: str, told: str | None) -> str:
    """What separates cells, from an argument of that name; a comma where it is empty.

    Raises:
        Wrong: it is no single character, or one that cells are quoted or lines are ended with.
    """
    separator = told or ","
    if len(separator) != 1 or separator in '\r\n"\0':
        raise Wrong(f"{name}: invalid field or comment delimiter", explain="give one character that is no quote and no end of a line, as ; or |")
    return separator
