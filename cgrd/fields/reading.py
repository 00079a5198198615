"""One step down a tree of unlike things: maps, lists, structs by their wire names, protocol messages, JSON in text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable

import msgspec

from cgrd import codec
from cgrd.fields.missing import MISSING

Roots = dict[str, Any]
"""What an evaluation may read: prefix ("*req", "*opts", "*vars" …) → map, list, struct or message."""

# Fields that hold structures even where an exporter or a database made text of them (spec/agents.md §A3).
_JSON_FIELDS = frozenset({"CostDetails", "AccountSummary"})


@runtime_checkable
class Readable(Protocol):
    """A protocol's own message (Diameter, SIP, XML …) that finds its fields itself."""

    def read_path(self, path: str) -> Any:
        """The value at the path after the prefix ("A.B[1]"), or MISSING."""


def split_path(path: str) -> list[str]:
    """The names of a path: dots divide, except inside `[…]` and `<…>`: "A.B[0].C" → A, B[0], C."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(path):
        if char in "[<":
            depth += 1
        elif char in "]>":
            depth = max(0, depth - 1)
        elif char == "." and not depth:
            parts.append(path[start:at])
            start = at + 1
    parts.append(path[start:])
    return parts


@lru_cache(16384)
def path_steps(path: str) -> tuple[str | int, ...]:
    """A whole path with its indexes, for writers: "A.B[0].C" → "A", "B", 0, "C"."""
    return tuple(step for name in split_path(path) for step in steps_of(name))


@lru_cache(4096)
def steps_of(name: str) -> tuple[str | int, ...]:
    """A name with its indexes: "B[0][x]" → "B", 0, "x"."""
    head, bracket, rest = name.partition("[")
    if not bracket or not rest.endswith("]"):
        return (name,)
    indexes = rest[:-1].split("][")
    return (head, *(int(index) if index.isascii() and index.isdigit() and len(index) < 10 else index for index in indexes))


def descend(value: Any, names: Sequence[str]) -> Any:
    """What is at the end of the path, or MISSING."""
    for at, name in enumerate(names):
        if type(value) is not dict and isinstance(value, Readable):  # a protocol is slow to ask
            return value.read_path(".".join(names[at:]))
        value = _named(value, name)
        if value is MISSING:
            return MISSING
        if type(value) is str and name in _JSON_FIELDS and at + 1 < len(names):
            value = _parsed(value)
    return value


def _named(value: Any, name: str) -> Any:
    if isinstance(value, Mapping) and name in value:
        return value[name]
    for step in steps_of(name):
        value = _step(value, step)
        if value is MISSING:
            return MISSING
    return value


def _step(value: Any, step: str | int) -> Any:
    if isinstance(value, Mapping):
        found = value.get(step, MISSING)
        return value.get(str(step), MISSING) if found is MISSING else found
    if isinstance(value, (list, tuple)):
        at = step if isinstance(step, int) else int(step) if step.isascii() and step.isdigit() and len(step) < 10 else -1
        return value[at] if 0 <= at < len(value) else _by_id(value, step)
    if isinstance(value, msgspec.Struct):
        attribute = _attributes(type(value)).get(str(step))
        return MISSING if attribute is None else getattr(value, attribute, MISSING)
    return MISSING


def _by_id(items: Sequence[Any], step: str | int) -> Any:
    """Lists of the account's structures are also read by the ID or UUID of their items: BalanceSummaries.B1.Value."""
    for item in items:
        if isinstance(item, (Mapping, msgspec.Struct)) and step in (_step(item, "ID"), _step(item, "UUID")):
            return item
    return MISSING


@lru_cache(512)
def _attributes(kind: type[msgspec.Struct]) -> dict[str, str]:
    return dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))


@lru_cache(64)
def _parsed(text: str) -> Any:
    try:
        return codec.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return MISSING
