"""What one cell of a tariff plan's file may hold, and its way to the record and back.

A value has three forms: the cell's text, the *row value* (what a TP record holds: numbers and lists parsed, durations and times still
text) and the record's value. A cell type knows the steps between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from decimal import Decimal
from typing import Any

import msgspec

from cgrd.durations import format_duration, parse_duration
from cgrd.errors import Wrong
from cgrd.filters import Interval
from cgrd.instants import Instant, parse_instant
from cgrd.money import plain
from cgrd.options import read_flag

ActivationInterval = Interval
"""When a profile holds: from the first instant on, until before the second; a zero one leaves that end open."""


class RowInterval(msgspec.Struct):
    """An activation interval as rows write it."""

    ActivationTime: str = ""
    ExpiryTime: str = ""


@dataclass(frozen=True)
class Reading:
    """What texts are read against: the zone of times that name none, and the moment that relative times count from."""

    zone: tzinfo = UTC
    now: Instant | None = None


def _same(value: Any) -> Any:
    return value


def kept(value: Any, _: Reading) -> Any:
    """The row value as it is: what most cells build."""
    return value


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A type of cell.

    Attributes:
        word: how documentation calls it.
        row_type: type of the row value.
        read: text → row value; ValueError when it cannot be.
        write: row value → text.
        build: row value → record value; raises `Wrong` with the word that clients know.
        unbuild: record value → row value.
        many: several values in one cell, united over the rows of one record.
    """

    word: str
    row_type: Any = str
    zero: Any = ""
    read: Callable[[str], Any] = _same
    write: Callable[[Any], str] = _same
    build: Callable[[Any, Reading], Any] = kept
    unbuild: Callable[[Any], Any] = _same
    many: bool = False


_INTEGER = re.compile(r"[+-]?\d+\Z", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?\Z", re.ASCII)


def read_integer(text: str) -> int:
    """An integer; "" is 0.

    Raises:
        ValueError: anything else, or more than 64 bits hold.
    """
    if not text:
        return 0
    if not _INTEGER.match(text) or len(text) > 20:
        raise ValueError(text)
    return int(text)


def read_number(text: str) -> Decimal:
    """An exact number; "" is 0.

    Raises:
        ValueError: anything else; there is no infinity and no NaN in a tariff.
    """
    if not text:
        return Decimal(0)
    if not _NUMBER.match(text):
        raise ValueError(text)
    return Decimal(text)


def split_list(text: str) -> list[str]:
    """The values of a `;` list; "" holds none."""
    return text.split(";") if text else []


def join_list(values: Iterable[str]) -> str:
    """The cell of a list."""
    return ";".join(values)


def _read_interval(text: str) -> RowInterval:
    start, _, end = text.partition(";")
    return RowInterval(start, end)


def _write_interval(value: RowInterval | None) -> str:
    if value is None:
        return ""
    return f"{value.ActivationTime};{value.ExpiryTime}" if value.ExpiryTime else value.ActivationTime


def _build_interval(value: RowInterval | None, reading: Reading) -> ActivationInterval | None:
    if value is None or not (value.ActivationTime or value.ExpiryTime):
        return None
    start, end = (parse_instant(text, zone=reading.zone, now=reading.now) for text in (value.ActivationTime, value.ExpiryTime))
    return ActivationInterval(ActivationTime=start, ExpiryTime=end)


def _unbuild_interval(value: ActivationInterval | None) -> RowInterval | None:
    if value is None:
        return None
    return RowInterval(*("" if at == Instant.ZERO else str(at) for at in (value.ActivationTime, value.ExpiryTime)))


def _build_amount(text: str, _: Reading) -> Decimal:
    try:
        return read_number(text)
    except ValueError:
        raise Wrong(f'strconv.ParseFloat: parsing "{text}": invalid syntax', explain=f'"{text}" is no number') from None


def _unbuild_duration(ns: int) -> str:
    return str(ns) if -1000 < ns < 1000 else format_duration(ns)


def _read_flag(text: str) -> bool:
    try:
        return read_flag(text)
    except Wrong as error:
        raise ValueError(text) from error


def _write_flag(value: bool) -> str:
    return "true" if value else "false"


TEXT = Cell(word="text")
INTEGER = Cell(word="integer", row_type=int, zero=0, read=read_integer, write=str)
NUMBER = Cell(word="number", row_type=Decimal, zero=Decimal(0), read=read_number, write=plain)
FLAG = Cell(word="true or false", row_type=bool, zero=False, read=_read_flag, write=_write_flag)
LIST = Cell(word="list by `;`", row_type=list[str], zero=None, read=split_list, write=join_list, many=True)
EACH = Cell(word="one value a row", row_type=list[str], zero=None, read=lambda text: [text], write=join_list, many=True)
DURATION = Cell(word="duration (`1m30s`, bare numbers are ns)", build=lambda text, _: parse_duration(text), unbuild=_unbuild_duration)
AMOUNT = Cell(word="number, as text in TP records", build=_build_amount, unbuild=plain)
INTERVAL = Cell(
    word="`start;end`, either may be empty",
    row_type=RowInterval | None,
    zero=None,
    read=_read_interval,
    write=_write_interval,
    build=_build_interval,
    unbuild=_unbuild_interval,
)
