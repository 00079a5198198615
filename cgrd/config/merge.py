"""One file laid over what was before: checked against the schemas, merged by the rules of its dialect.

Source: the reference's merge rules (spec/config.md §2).
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from cgrd.config.check import did_you_mean, dotted, is_open, wrong_with
from cgrd.config.defaults import blank_of, default_of, inside
from cgrd.config.schema import Node
from cgrd.config.sources import Source
from cgrd.config.tree import Path


@dataclass
class Notes:
    """What came up while files were read: errors stop the start, warnings are told."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    origins: dict[Path, str] = field(default_factory=dict)


class Merge:
    """Lays one source over sections.

    Args:
        source: the file, with its lines.
        dialect: "toml" (unknown keys are errors) or "cgrates" (unknown keys are warnings, letter case does not matter).
        notes: where findings go.
    """

    def __init__(self, *, source: Source, dialect: str, notes: Notes) -> None:
        self.source, self.dialect, self.notes = source, dialect, notes

    def section(self, name: str, node: Node, old: Any) -> Any:
        """The section with the source's keys over the old ones; the old value is not changed."""
        new = self.source.data.get(name)
        return old if new is None else self._value(node, old, new, (name,), (name,))

    def place(self, at: Path) -> str:
        """ "file:line" of the innermost key on the path whose line is known."""
        for end in range(len(at), 0, -1):
            if at[:end] in self.source.lines:
                return f"{self.source.name}:{self.source.lines[at[:end]]}"
        return self.source.name

    def error(self, at: Path, text: str) -> None:
        self.notes.errors.append(f"{self.place(at)}: {dotted(at)}: {text}")

    def _value(self, node: Node, old: Any, new: Any, at: Path, to: Path) -> Any:
        """`at` is the path in the source, `to` in the tree: they differ in lists that are merged by id."""
        if new is None and self.dialect == "cgrates":
            return old
        if (wrong := wrong_with(node, new)) is not None:
            self.error(at, wrong)
            return old
        if isinstance(new, dict):
            return self._object(node, old, new, at, to)
        if isinstance(new, list):
            return self._list(node, old, new, at, to)
        self._note(node, new, at, to)
        return new

    def _object(self, node: Node, old: Any, new: Mapping[str, Any], at: Path, to: Path) -> dict[str, Any]:
        made = dict(old) if isinstance(old, dict) else {}
        self._served(node, new, at)
        replaces = node.get("x-merge") == "replace-entries" and self.dialect == "cgrates"
        for written, value in new.items():
            key = self._known(node, written, (*at, written))
            if key is None:
                continue
            inner = inside(node, key)
            before = blank_of(inner, self.dialect) if replaces else made[key] if key in made else default_of(inner, self.dialect)
            made[key] = self._value(inner, before, value, (*at, written), (*to, key))
        return made

    def _known(self, node: Node, written: str, at: Path) -> str | None:
        """The key as the schema spells it, or None and a note when there is no such key."""
        known = node.get("properties", {})
        if written in known or is_open(node):
            return written
        if self.dialect == "cgrates" and (spelt := {key.lower(): key for key in known}.get(written.lower())):
            return str(spelt)
        text = f"{self.place(at)}: {dotted(at)}: no such key{did_you_mean(written, known)}"
        strict = self.dialect == "toml" or node.get("x-strict")
        (self.notes.errors if strict else self.notes.warnings).append(text)
        return None

    def _list(self, node: Node, old: Any, new: list[Any], at: Path, to: Path) -> list[Any]:
        inner = node.get("items", {})
        made: list[Any] = list(old) if node.get("x-merge") == "by-id" else []
        if not made:
            self._forget(to)
        for number, value in enumerate(new):
            index = self._index(node, made, value)
            base = made[index] if index < len(made) else self._fresh(node, made)
            placed = self._value(inner, base, value, (*at, number), (*to, index))
            made[index : index + 1] = [placed]
        if at in self.source.lines or not new:
            self.notes.origins[to] = self.place(at)
        self._served(node, new, at)
        return made

    def _forget(self, to: Path) -> None:
        """The elements of the former list are gone, and with them who set what inside."""
        for origin in [path for path in self.notes.origins if path[: len(to)] == to]:
            del self.notes.origins[origin]

    def _index(self, node: Node, made: list[Any], value: Any) -> int:
        """Where an element goes: over the one with its id, or at the end."""
        if node.get("x-merge") == "by-id" and isinstance(value, dict):
            same = [index for index, each in enumerate(made) if each.get("id") == value.get("id", "")]
            return same[0] if same else len(made)
        return len(made)

    def _fresh(self, node: Node, made: list[Any]) -> Any:
        if node.get("x-template"):
            for each in made:
                if each.get("id") == "*default":
                    return deepcopy(each)
        return default_of(node.get("items", {}), self.dialect)

    def _note(self, node: Node, new: Any, at: Path, to: Path) -> None:
        self.notes.origins[to] = self.place(at)
        self._served(node, new, at)

    def _served(self, node: Node, new: Any, at: Path) -> None:
        unserved = node.get("x-not-served")
        if (unserved is True and new) or (isinstance(unserved, list) and new in unserved):
            self.notes.warnings.append(f"{self.place(at)}: {dotted(at)}: not served yet; the setting is kept and has no effect")
