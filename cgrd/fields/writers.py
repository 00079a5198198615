"""Where templates write: trees of maps (`*cgreq.Account`, `*rep.Answer[0].Name`) and ordered lists for protocols that keep order."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Protocol

import msgspec

from cgrd.errors import Wrong
from cgrd.fields.missing import MISSING
from cgrd.fields.reading import descend, path_steps, split_path
from cgrd.fields.text import text_of
from cgrd.fields.types import Mode

_LONGEST_LIST = 10_000


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """What a protocol wants to know beside path and value.

    Attributes:
        attribute_id: the XML attribute that the value goes into, "" for the element.
        new_branch: whether a new group, answer or element begins.
        tag: the field's name in errors.
    """

    attribute_id: str = ""
    new_branch: bool = False
    tag: str = ""


class Writer(Protocol):
    """A target of fields."""

    def write(self, path: str, value: Any, *, mode: Mode, spot: Spot) -> None:
        """Put a value at a path without its prefix; raises CgrdError when that cannot be."""

    def read(self, path: str) -> str | None:
        """The text that is there now, None when there is none."""


class TreeWriter:
    """Writes into a map of maps and lists; what a path needs on its way is made."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self.tree = tree

    def read(self, path: str) -> str | None:
        found = descend(self.tree, split_path(path)) if path else MISSING
        return None if found is MISSING else text_of(found)

    def write(self, path: str, value: Any, *, mode: Mode, spot: Spot | None = None) -> None:
        if mode == "remove_all":
            self.tree.clear()
            return
        steps = path_steps(path)
        if mode == "remove":
            _remove(self.tree, steps)
            return
        holder = _holder(self.tree, steps, path)
        if mode == "append":
            value = (self.read(path) or "") + text_of(value)
        elif mode == "group":
            there = holder.get(steps[-1], MISSING) if isinstance(holder, dict) else MISSING
            value = [*there, value] if isinstance(there, list) else [value] if there is MISSING else [there, value]
        _put(holder, steps[-1], value, path)


def _holder(tree: Any, steps: tuple[str | int, ...], path: str) -> Any:
    """The map or list that the last step is in; made where it is missing."""
    at = tree
    for step, following in pairwise(steps):
        at = _entered(at, step, following, path)
    return at


def _entered(at: Any, step: str | int, following: str | int, path: str) -> Any:
    empty: Any = [] if isinstance(following, int) else {}
    if isinstance(at, dict):
        there = at.get(step)
        if not isinstance(there, (dict, list)):
            there = at[step] = empty
        return there
    there = at[step] if isinstance(at, list) and isinstance(step, int) and step < len(at) else None
    if isinstance(there, (dict, list)):
        return there
    _put(at, step, empty, path)
    return empty


def _put(holder: Any, step: str | int, value: Any, path: str) -> None:
    if isinstance(holder, dict):
        holder[step] = value
    elif isinstance(holder, list) and isinstance(step, int) and step < _LONGEST_LIST:
        holder.extend(None for _ in range(len(holder), step + 1))
        holder[step] = value
    else:
        raise Wrong(f"cannot write at {path}", explain=f"there is a list where {step!r} should be put in")


def _remove(tree: Any, steps: tuple[str | int, ...]) -> None:
    holder = descend(tree, [str(step) for step in steps[:-1]]) if steps[:-1] else tree
    if isinstance(holder, dict):
        holder.pop(steps[-1], None)
    elif isinstance(holder, list) and isinstance(steps[-1], int) and steps[-1] < len(holder):
        del holder[steps[-1]]


class Written(msgspec.Struct, kw_only=True):
    """One field of an ordered target."""

    path: str
    value: Any
    spot: Spot


class OrderedWriter:
    """Keeps fields in the order they were written, a new entry for each that is not overwritten: replies, messages, rows."""

    def __init__(self) -> None:
        self.fields: list[Written] = []

    def read(self, path: str) -> str | None:
        found = self._last(path)
        return None if found is None else text_of(found.value)

    def _last(self, path: str) -> Written | None:
        return next((one for one in reversed(self.fields) if one.path == path), None)

    def write(self, path: str, value: Any, *, mode: Mode, spot: Spot | None = None) -> None:
        spot = spot or Spot()
        if mode == "remove_all":
            self.fields.clear()
        elif mode == "remove":
            self.fields = [one for one in self.fields if one.path != path]
        elif mode == "group" or spot.new_branch or (there := self._last(path)) is None or there.spot.attribute_id != spot.attribute_id:
            self.fields.append(Written(path=path, value=value, spot=spot))
        else:
            there.value = text_of(there.value) + text_of(value) if mode == "append" else value

    def texts(self) -> list[str]:
        """The values as texts, in order."""
        return [text_of(one.value) for one in self.fields]


class Targets:
    """Writers by prefix: `*cgreq.Account` goes to the writer of `*cgreq`."""

    def __init__(self, writers: Mapping[str, Writer]) -> None:
        self.writers = dict(writers)

    @classmethod
    def of(cls, trees: Mapping[str, dict[str, Any]]) -> Targets:
        """Maps as targets, the usual case."""
        return cls({prefix: TreeWriter(tree) for prefix, tree in trees.items()})

    def _writer(self, path: str) -> tuple[Writer, str]:
        prefix, _, rest = path.partition(".")
        writer = self.writers.get(prefix)
        if writer is None:
            raise Wrong(f"unsupported field prefix: <{prefix}> when set field", explain=f"fields can be written to {' '.join(self.writers)}")
        return writer, rest

    def write(self, path: str, value: Any, *, mode: Mode, spot: Spot) -> None:
        """Write to the target that the path's prefix names; raises Wrong when there is none."""
        writer, rest = self._writer(path)
        writer.write(rest, value, mode=mode, spot=spot)

    def read(self, path: str) -> str | None:
        """The text that is there now."""
        writer, rest = self._writer(path)
        return writer.read(rest)
