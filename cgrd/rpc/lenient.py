"""JSON that does not quite fit a type, read as Go's encoding/json would: keys in any case, null as zero, unknown keys ignored.

What still does not fit is told with the field's name and what is wanted there, in plain words.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect

from cgrd.codec import convert, encode
from cgrd.errors import Wrong
from cgrd.instants import Instant, parse_rfc3339

_LARGEST = 308  # decimal exponent of the largest number that the reference can hold
_MISSING = object()


class Misfit(Exception):
    """A value of the wrong kind: where (field names from the outside in), what is there, what is wanted."""

    def __init__(self, found: Any, wanted: str) -> None:
        super().__init__(wanted)
        self.found = found
        self.wanted = wanted
        self.path: list[str] = []

    def __str__(self) -> str:
        where = ".".join(reversed(self.path)) or "the argument"
        return f"json: cannot use {_kind(self.found)} for {where}: {self.wanted} is wanted"


def fit(value: Any, wanted: Any) -> Any:
    """A tree of JSON values as the type `wanted`.

    Raises:
        Wrong: it does not fit.
    """
    try:
        return convert(_fit(value, inspect.type_info(wanted)), wanted)
    except Misfit as error:
        raise Wrong(str(error)) from error
    except (msgspec.ValidationError, ValueError, ArithmeticError) as error:
        raise Wrong(f"json: the argument cannot be used: {_plain(str(error))}") from error


def _fit(value: Any, info: inspect.Type) -> Any:
    """The value as builtins that `convert` takes."""
    if isinstance(info, inspect.Metadata):
        return _fit(value, info.type)
    reader = _READERS.get(type(info))
    return value if reader is None else reader(value, info)


def _scalar(zero: Any, words: str, *kinds: type) -> Callable[[Any, Any], Any]:
    def read(value: Any, info: Any) -> Any:
        if value is None:
            return zero
        if type(value) not in kinds:
            raise Misfit(value, words)
        return value

    return read


def _number(value: Any, info: Any) -> Any:
    if value is None:
        return 0
    if type(value) not in (int, float, Decimal):
        raise Misfit(value, "a number")
    if isinstance(value, Decimal) and abs(value.adjusted()) > _LARGEST:
        raise Misfit(value, f"a number of at most {_LARGEST} digits")
    return float(value) if isinstance(info, inspect.FloatType) else value


def _list(value: Any, info: Any) -> Any:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Misfit(value, "a list")
    return [_fit(item, info.item_type) for item in value]


def _map(value: Any, info: Any) -> Any:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Misfit(value, "an object")
    return {key: _named(key, item, info.value_type) for key, item in value.items()}


def _struct(value: Any, info: inspect.StructType) -> Any:
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise Misfit(value, f"an object with {_some(info)}")
    given = _respelled(value, info)
    out = {}
    for field in info.fields:
        found = given.get(field.encode_name, _MISSING)
        if found is None and not field.required:
            continue
        if found is not _MISSING or field.required:
            out[field.encode_name] = _named(field.encode_name, None if found is _MISSING else found, field.type)
    return out


def _respelled(value: dict[str, Any], info: inspect.StructType) -> dict[str, Any]:
    """Keys as the type spells them: an exact spelling wins over another case, the last of several over the earlier."""
    exact, folded = _spellings(info.cls)
    given = {folded[key.lower()]: item for key, item in value.items() if key not in exact and key.lower() in folded}
    return {**given, **{key: item for key, item in value.items() if key in exact}}


@lru_cache(1024)
def _spellings(cls: type) -> tuple[frozenset[str], dict[str, str]]:
    names = inspect.type_info(cls).fields  # type: ignore[attr-defined]
    return frozenset(f.encode_name for f in names), {f.encode_name.lower(): f.encode_name for f in names}


def _named(name: str, value: Any, info: inspect.Type) -> Any:
    try:
        return _fit(value, info)
    except Misfit as error:
        error.path.append(name)
        raise


def _union(value: Any, info: inspect.UnionType) -> Any:
    if value is None and any(isinstance(each, inspect.NoneType) for each in info.types):
        return None
    failure = None
    for each in info.types:
        if not isinstance(each, inspect.NoneType):
            try:
                return _fit(value, each)
            except Misfit as error:
                failure = failure or error
    raise failure or Misfit(value, "null")


def _custom(value: Any, info: inspect.CustomType) -> Any:
    if info.cls is not Instant:
        return value
    if value is None:
        return str(Instant.ZERO)
    if not isinstance(value, str) or parse_rfc3339(value) is None:
        raise Misfit(value, "a time, as 2026-01-31T08:00:00Z,")
    return value


def _raw(value: Any, info: Any) -> Any:
    return msgspec.Raw(encode(value))


_READERS: dict[type, Callable[[Any, Any], Any]] = {
    inspect.StrType: _scalar("", "a text", str),
    inspect.BoolType: _scalar(False, "true or false", bool),
    inspect.IntType: _scalar(0, "a whole number", int),
    inspect.FloatType: _number,
    inspect.DecimalType: _number,
    inspect.ListType: _list,
    inspect.SetType: _list,
    inspect.FrozenSetType: _list,
    inspect.VarTupleType: _list,
    inspect.DictType: _map,
    inspect.StructType: _struct,
    inspect.UnionType: _union,
    inspect.CustomType: _custom,
    inspect.RawType: _raw,
}


def _some(info: inspect.StructType) -> str:
    names = [field.encode_name for field in info.fields]
    return ", ".join(names[:6]) + (" …" if len(names) > 6 else "") if names else "no fields"


def _kind(value: Any) -> str:
    """A JSON value's kind in words."""
    kinds: dict[type, str] = {str: "a string", bool: "a boolean", int: "a number", float: "a number", Decimal: "a number", list: "a list", dict: "an object"}
    return kinds.get(type(value), "null")


def _plain(text: str) -> str:
    """msgspec's own words without the names of its types."""
    words = {"`str`": "a text", "`int`": "a whole number", "`float`": "a number", "`decimal`": "a number", "`bool`": "true or false",
             "`object`": "an object", "`array`": "a list", "`null`": "null"}  # fmt: skip
    for name, plain in words.items():
        text = text.replace(name, plain)
    return text[:1].lower() + text[1:].replace("$.", "").replace("$", "the argument")
