"""The outbox in SQLite, read: first the lanes that are due, then the first records of each, so a long backlog costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

from cgrd.store.driver import Waiting
from cgrd.store.sqlite.query import json_list

Ask = Callable[[str, list[Any]], list[Any]]

_COLUMNS: Final = "number, exporter, payload, order_key, attempts, at, error"
_LANES: Final = (
    "SELECT lane FROM outbox_lanes WHERE exporter = ? AND due_at <= ?"
    " AND lane NOT IN (SELECT lane FROM outbox WHERE exporter = ? AND number IN (SELECT value FROM json_each(?)))"
    " ORDER BY due_at, lane LIMIT ?"
)
_FIRST: Final = (
    f"SELECT {_COLUMNS} FROM outbox WHERE exporter = ? AND lane = ? AND dead = 0 AND number NOT IN (SELECT value FROM json_each(?)) ORDER BY number LIMIT ?"
)


def waiting(ask: Ask, exporter: str, *, due_ns: int, limit: int, delivered: Collection[int], failed: Collection[int]) -> list[Waiting]:
    """Records that are due, not those delivered, nor any of a lane in which one failed."""
    found: list[Waiting] = []
    gone = json_list(delivered)
    for (lane,) in ask(_LANES, [exporter, due_ns, exporter, json_list(failed), limit + len(delivered)]):
        if len(found) >= limit:
            break
        found += map(_record, ask(_FIRST, [exporter, lane, gone, limit - len(found)]))
    return sorted(found, key=lambda record: record.number)


def dead(ask: Ask, exporter: str | None, *, limit: int) -> list[Waiting]:
    """Records that were given up, oldest first."""
    if exporter is None:
        return [_record(row) for row in ask(f"SELECT {_COLUMNS} FROM outbox WHERE dead = 1 ORDER BY number LIMIT ?", [limit])]
    sql = f"SELECT {_COLUMNS} FROM outbox WHERE dead = 1 AND exporter = ? ORDER BY number LIMIT ?"
    return [_record(row) for row in ask(sql, [exporter, limit])]


def _record(row: tuple[int, str, bytes, str, int, int, str]) -> Waiting:
    number, exporter, payload, order_key, attempts, at_ns, error = row
    return Waiting(number=number, exporter=exporter, payload=payload, order_key=order_key, attempts=attempts, at_ns=at_ns, error=error)
