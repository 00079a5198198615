"""Cutting a call where its price may change: at midnight, at a plan's activation, at another rate's time of day, at a usage slot.

The result counts in rate segments: a month of data at one rate is one piece.

Source: spec/rating.md §4, observed_rating.md (rating).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import msgspec

from cgrd.durations import DAY, SECOND
from cgrd.instants import Instant
from cgrd.money import ZERO
from cgrd_subsystem_rals.rating.find import Asked, Found
from cgrd_subsystem_rals.rating.tables import RateTable, Slot, Tables, increment_cost
from cgrd_subsystem_rals.rating.timings import Wall


class Piece(NamedTuple):
    """A part of the call under one table, unix ns; `table` is None where none holds."""

    start: int
    end: int
    table: RateTable | None


class Priced(msgspec.Struct, frozen=True):
    """A piece of whole increments: `steps` of `slot.increment`, for `cost` each; its times are unix ns, or counted from its call's start."""

    start: int
    end: int
    table: RateTable
    slot: Slot
    steps: int
    cost: Decimal

    def cut(self, steps: int) -> Priced:
        """Its first steps."""
        return msgspec.structs.replace(self, end=self.start + steps * self.slot.increment, steps=steps)


def at_one_rate(asked: Asked, found: list[Found], *, usage_at_epoch: int, by_clock: bool, decimals: int) -> tuple[Priced, ...] | None:
    """The pieces of a call under one table that holds always, within one day (nearly every call), counted from its start; None for
    others, who are `split`."""
    tables, start, end = found[0].tables, asked.start, asked.end
    if len(found) > 1 or len(tables) > 1 or not tables[0].calendar.unbound:
        return None
    at = start.ns
    if by_clock and (start.zone is not UTC or at % DAY + end - at >= DAY + SECOND):
        return None
    return _from_zero(tables[0], end - at, at + usage_at_epoch, decimals)


@lru_cache(4_096)
def _from_zero(table: RateTable, length: int, used: int, decimals: int) -> tuple[Priced, ...]:
    """The pieces counted from the start of the stretch: when it is does not matter. Clients ask for the same few lengths."""
    return tuple(whole_increments(list(_cut_by_usage(table, 0, length, used)), usage_at_epoch=used, decimals=decimals))


def split(asked: Asked, found: list[Found], *, usage_at_epoch: int, by_clock: bool) -> list[Piece]:
    """The pieces of a call, in time.

    Args:
        asked: from when to when.
        found: its rates; an activation inside the call cuts it, the first rates hold on.
        usage_at_epoch: what to add to unix ns to get the usage consumed at that moment, counted from the start of the call.
        by_clock: whether time of day matters (`*voice`).
    """
    tables = found[0].tables
    edges = _edges(asked, found) if by_clock else [asked.start.ns, asked.end]
    if len(tables) == 1 and tables[0].calendar.unbound:
        return [piece for start, end in pairwise(edges) for piece in _cut_by_usage(tables[0], start, end, usage_at_epoch)]
    cutter = Cutter(tables, asked, usage_at_epoch, by_clock)
    return [piece for start, end in pairwise(edges) for piece in cutter.cut(start, end)]


def _edges(asked: Asked, found: list[Found]) -> list[int]:
    start, end, zone = asked.start.ns, asked.end, asked.start.zone
    edges = {start, end, *(part.since for part in found if start < part.since < end)}
    midnight = Wall(asked.start).next_midnight()
    # What ends within the first second of a day is not cut there.
    while midnight + SECOND <= end:
        edges.add(midnight)
        midnight = Wall(Instant(midnight, zone)).next_midnight()
    return sorted(edges)


def _cut_by_usage(table: RateTable, start: int, end: int, usage_at_epoch: int) -> Iterator[Piece]:
    """The pieces of a stretch under the one table that holds always."""
    while start < end:
        cut = _slot_cut(table, start, end, usage_at_epoch) or end
        yield Piece(start, cut, table)
        start = cut


def _slot_cut(table: RateTable, start: int, end: int, usage_at_epoch: int) -> int:
    """Where the first usage slot begins strictly inside; 0 when none does."""
    used = max(0, start + usage_at_epoch)
    will_use = end + usage_at_epoch
    for begins in table.starts:
        if used < begins < will_use:
            return start + begins - used
    return 0


class Cutter:
    """Cuts stretches of one day where several tables may hold.

    Which table is looked at first decides where a heavier one that begins later in the day is entered. Recorded answers show the
    candidates put in order anew for each piece, each time from the order of the piece before, a table going before another when it
    is heavier *or* begins earlier in the day; `_reorder` does the same.
    """

    def __init__(self, tables: Tables, asked: Asked, usage_at_epoch: int, by_clock: bool) -> None:
        self.order = list(tables)
        self.zone = asked.start.zone
        self.usage_at_epoch = usage_at_epoch
        self.by_clock = by_clock

    def cut(self, start: int, end: int) -> Iterator[Piece]:
        """The pieces of a stretch."""
        table: RateTable | None = None
        while start < end:
            at, table, then = self._first_piece(start, end, table)
            yield Piece(start, at, table)
            start, table = at, then

    def _first_piece(self, start: int, end: int, table: RateTable | None) -> tuple[int, RateTable | None, RateTable | None]:
        """Where the first piece ends, what holds in it, and what the rest begins with."""
        wall = Wall(Instant(start, self.zone))
        # An end within the first second of a day still belongs to the day before.
        last = Wall(Instant(end, self.zone))
        last = last if last.day_ns >= SECOND else Wall(Instant(end - SECOND, self.zone))
        for candidate in self._candidates(wall, end):
            from_start = candidate.calendar.started(wall)
            if not from_start and not candidate.calendar.started(last):
                continue
            at = _slot_cut(candidate, start, end, self.usage_at_epoch)
            if at:
                return at, _better(table, candidate, wall), _better(None, candidate, Wall(Instant(at, self.zone)))
            if from_start:
                table = _better(table, candidate, wall)
            elif self.by_clock and start < (at := wall.at(candidate.calendar.start)) < end:
                return at, table, candidate
        return end, table, None

    def _candidates(self, wall: Wall, end: int) -> list[RateTable]:
        """The table that holds at the start, then those as heavy that begin before the end."""
        order = self.order
        _reorder(order)
        best: RateTable | None = None
        for table in order:
            if not table.calendar.started(wall):
                continue
            if best is not None and table.weight < best.weight:
                break
            if best is None or table.calendar.start > best.calendar.start:
                best = table
        place = order.index(best) if best is not None else 0
        weight = best.weight if best is not None else ZERO
        candidates = [order[place]]
        for table in order[place + 1 :]:
            if table.weight < weight:
                break
            if wall.at(table.calendar.start) < end:
                candidates.append(table)
        return candidates


def _better(known: RateTable | None, new: RateTable, wall: Wall) -> RateTable | None:
    """Which of two tables a piece keeps: one that has not begun never takes over, then weight counts, then who began last."""
    if not wall.reached(new.calendar.start):
        return known
    if known is None or known.weight < new.weight or known.calendar.start < new.calendar.start:
        return new
    return known


def _reorder(order: list[RateTable]) -> None:
    for index in range(1, len(order)):
        at = index
        while at and _goes_before(order[at], order[at - 1]):
            order[at], order[at - 1] = order[at - 1], order[at]
            at -= 1


def _goes_before(one: RateTable, other: RateTable) -> bool:
    return one.weight > other.weight or one.calendar.start < other.calendar.start


def whole_increments(pieces: list[Piece], *, usage_at_epoch: int, decimals: int) -> list[Priced]:
    """The pieces lengthened to whole increments; the ones behind start later, or fall away where nothing is left of them."""
    priced: list[Priced] = []
    at = pieces[0].start if pieces else 0
    for start, end, table in pieces:
        start = max(start, at)
        if table is None or end <= start:
            continue
        slot = table.slot_at(max(0, start + usage_at_epoch))
        count = -(-(end - start) // slot.increment)
        at = start + count * slot.increment
        priced.append(Priced(start, at, table, slot, count, increment_cost(slot, count, decimals)))
    return priced
