"""Where an attribute writes: a path compiled to functions that read, write and remove one place of a draft."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from cgrd.errors import Wrong
from cgrd.fields import MISSING, compile_path, text_of
from cgrd_subsystem_attributes.events import Draft

LONGEST_TEXT = 1 << 20
"""Profiles that append a field to itself, run after run, must not fill the memory."""

Tree = Callable[[Draft], dict[str, Any]]

_TREES: dict[str, Tree] = {
    "*req": lambda draft: draft.fields,
    "*opts": lambda draft: draft.options,
    "*vars": lambda draft: draft.variables,
}


class Place(NamedTuple):
    """One place of an event."""

    read: Callable[[Draft], str | None]
    write: Callable[[Draft, str], None]
    remove: Callable[[Draft], None]


def place_of(path: str) -> Place:
    """The place that a path names; one outside of the event takes what is written and keeps nothing."""
    prefix, _, name = path.partition(".")
    if path == "*tenant":
        return Place(read=lambda draft: draft.tenant, write=_write_tenant, remove=lambda draft: _write_tenant(draft, ""))
    if prefix not in _TREES or not name:
        return Place(read=_reader(path), write=lambda draft, value: None, remove=lambda draft: None)
    tree = _TREES[prefix]
    if "." not in name:
        return _top_level(path, tree, name)
    return _nested(path, tree, name)


def _reader(path: str) -> Callable[[Draft], str | None]:
    find = compile_path(path).read

    def read(draft: Draft) -> str | None:
        value = find(draft.roots)
        return None if value is MISSING else text_of(value)

    return read


def _write_tenant(draft: Draft, value: str) -> None:
    draft.tenant = draft.roots["*tenant"] = value


def _top_level(path: str, tree: Tree, name: str) -> Place:
    def write(draft: Draft, value: str) -> None:
        tree(draft)[name] = value

    def write_field(draft: Draft, value: str) -> None:
        draft.fields[name] = value  # what nearly every attribute writes

    def remove(draft: Draft) -> None:
        tree(draft).pop(name, None)

    return Place(read=_reader(path), write=write_field if path.startswith("*req.") else write, remove=remove)


def _nested(path: str, tree: Tree, name: str) -> Place:
    *way, last = name.split(".")

    def write(draft: Draft, value: str) -> None:
        _holder(tree(draft), way, path)[last] = value

    def remove(draft: Draft) -> None:
        _holder(tree(draft), way, path).pop(last, None)

    return Place(read=_reader(path), write=write, remove=remove)


def _holder(at: dict[str, Any], way: list[str], path: str) -> dict[str, Any]:
    """The map at the end of the way. Maps inside belong to the caller's event: each is copied before it is changed."""
    for name in way:
        inner = at.get(name, {})
        if not isinstance(inner, dict):
            raise Wrong("WRONG_PATH", explain=f"{path} leads through {name}, which is no map")
        inner = at[name] = dict(inner)
        at = inner
    return at


def short_enough(text: str, path: str) -> str:
    """The text, refused when it has grown out of all proportion.

    Raises:
        Wrong: it is longer than a mebi of characters.
    """
    if len(text) > LONGEST_TEXT:
        raise Wrong(f"value of {path} is too long", explain=f"attributes made {len(text)} characters of it; {LONGEST_TEXT} are allowed")
    return text
