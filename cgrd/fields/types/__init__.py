"""The vocabulary of field types, shared by templates (agents, readers, exporters) and AttributeS; plugins add theirs by `cgrd_attribute_types`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cgrd.errors import PluginError, Wrong
from cgrd.fields.reading import Roots
from cgrd.fields.types.http import HTTP
from cgrd.fields.types.numbers import NUMBERS
from cgrd.fields.types.plain import PLAIN
from cgrd.fields.types.source import FieldType, Make, Mode, Source

FIELD_TYPES: dict[str, FieldType] = {one.name: one for one in (*PLAIN, *NUMBERS, HTTP)}
"""Name → type; the vocabulary of the daemon. A type that is not written is `*variable`."""
_OURS = frozenset(FIELD_TYPES)


def field_type(name: str) -> FieldType:
    """The type of that name ("" is `*variable`, `*http#url` is `*http`).

    Raises:
        Wrong: `unsupported type: <x>`.
    """
    found = FIELD_TYPES.get("*http" if name.startswith("*http#") else name or "*variable")
    if found is None or (name == "*http"):
        raise Wrong(f"unsupported type: <{name}>", explain=f"known types: {' '.join(sorted(FIELD_TYPES))}")
    return found


def add_field_types(more: Mapping[str, FieldType | Callable[[Source], Callable[[Roots], Any]]]) -> None:
    """Put a plugin's types into the vocabulary: a `FieldType`, or a factory of source → (roots → value).

    Raises:
        PluginError: it is the name of a type of ours.
    """
    if taken := sorted(_OURS & more.keys()):
        raise PluginError(f"field type {taken[0]} is already there; a plugin cannot replace it")
    FIELD_TYPES.update({name: given if isinstance(given, FieldType) else FieldType(name=name, compile=_simple(given)) for name, given in more.items()})


def _simple(factory: Callable[[Source], Callable[[Roots], Any]]) -> Callable[[Source], Make]:
    def compile_simple(source: Source) -> Make:
        make = factory(source)
        return lambda roots, current: make(roots)

    return compile_simple


__all__ = ["FIELD_TYPES", "FieldType", "Make", "Mode", "Source", "add_field_types", "field_type"]
