"""What a method takes, told to people: the fields of its argument, and what kind of value each is.

A key that a method does not know is ignored, as in the reference; who types one by hand is told of it with this.
"""

from __future__ import annotations

import inspect as python
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import inspect

from cgrd.instants import Instant

__all__ = [
    "Field",
    "Taken",
    "taken_by",
    "unknown_keys",
]


class Field(msgspec.Struct, frozen=True):
    """A field as it is written on the wire. `Fields` are those of an object, or of each object of a list; None = any are allowed."""

    Name: str
    Kind: str
    Fields: list[Field] | None = None


class Taken(msgspec.Struct, frozen=True):
    """The one argument of a method: its kind, what its type says of it, and its fields; None = any are allowed."""

    Kind: str
    Meaning: str = ""
    Fields: list[Field] | None = None


def taken_by(wanted: Any) -> Taken:
    """What an argument of this type is."""
    info = inspect.type_info(wanted)
    meaning = python.getdoc(wanted) if isinstance(info, inspect.StructType) and wanted.__doc__ else ""
    return Taken(Kind=_kind(info), Meaning=" ".join((meaning or "").split()), Fields=_fields(info, ()))


def unknown_keys(given: Any, fields: Sequence[Field] | None) -> Iterator[tuple[str, str, list[str]]]:
    """Each key that no field reads: the path of the object it is in ("" = the argument), the key, and what is known there.

    Keys are compared without regard to case, as requests are read.
    """
    if fields is None:
        return
    for each in given if isinstance(given, list) else [given]:
        if isinstance(each, dict):
            yield from _unknown(each, fields)


def _unknown(given: dict[str, Any], fields: Sequence[Field]) -> Iterator[tuple[str, str, list[str]]]:
    known = {field.Name.lower(): field for field in fields}
    for key, value in given.items():
        field = known.get(key.lower())
        if field is None:
            yield "", key, [each.Name for each in fields]
        else:
            for path, inner, names in unknown_keys(value, field.Fields):
                yield f"{field.Name}.{path}" if path else field.Name, inner, names


def _fields(info: inspect.Type, outer: tuple[type, ...]) -> list[Field] | None:
    """The fields of an object, also inside a list or beside null; None where there is no telling, or the type holds itself."""
    match info:
        case inspect.StructType(cls=cls, fields=fields) if cls not in outer:
            return [Field(Name=each.encode_name, Kind=_kind(each.type), Fields=_fields(each.type, (*outer, cls))) for each in fields]
        case inspect.ListType(item_type=item):
            return _fields(item, outer)
        case inspect.UnionType(types=types):
            real = _real(types)
            return _fields(real[0], outer) if len(real) == 1 else None
        case inspect.Metadata(type=inner):
            return _fields(inner, outer)
    return None


def _real(types: Sequence[inspect.Type]) -> list[inspect.Type]:
    return [each for each in types if not isinstance(each, inspect.NoneType)]


def _kind(info: inspect.Type) -> str:
    match info:
        case inspect.ListType(item_type=item) | inspect.SetType(item_type=item):
            return f"list of {_kind(item)}"
        case inspect.UnionType(types=types):
            return " or ".join(dict.fromkeys(map(_kind, _real(types))))
        case inspect.Metadata(type=inner):
            return _kind(inner)
        case inspect.CustomType(cls=cls) if cls is Instant:
            return "time"
    return _KINDS.get(type(info), "any value")


_KINDS: dict[type, str] = {
    inspect.StrType: "text",
    inspect.BoolType: "true or false",
    inspect.IntType: "whole number",
    inspect.FloatType: "number",
    inspect.DecimalType: "number",
    inspect.StructType: "object",
    inspect.DictType: "object",
}
