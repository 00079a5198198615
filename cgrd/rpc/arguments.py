"""The arguments of a request: strictly and fast, then as leniently as Go's encoding/json, then a clear error.

`params` is a list with one value, or (2.0) the value by name; it stays raw until the method is known. Strict means that every key is
spelled as the type spells it and that a number is no text; it is checked by a second type, the *shape*, which has the same
fields and looks at nothing else. So a client that writes `"tenant"` is understood, and one that writes `"Tenant"` does not pay for it.
"""

from __future__ import annotations

from types import GenericAlias
from typing import Any

import msgspec
from msgspec import inspect

from cgrd.codec import decode, decoder
from cgrd.errors import Wrong
from cgrd.rpc.lenient import fit
from cgrd.rpc.messages import UNREADABLE, lower_first

_readers: dict[Any, ArgumentReader] = {}


def read_arguments(wanted: Any, params: msgspec.Raw) -> Any:
    """The one argument of a method, as `wanted`; missing, empty or null params are the type's zero value.

    Raises:
        Wrong: they do not fit; the text names the field and what is wanted there.
    """
    return (_readers.get(wanted) or reader_of(wanted)).read(params)


def reader_of(wanted: Any) -> ArgumentReader:
    """What reads arguments of a type, made once."""
    reader = _readers.get(wanted)
    if reader is None:
        reader = _readers[wanted] = ArgumentReader(wanted)
    return reader


class ArgumentReader:
    """Reads arguments of one type."""

    def __init__(self, wanted: Any) -> None:
        shape = shape_of(wanted)
        self._wanted = wanted
        self._check = None if shape is msgspec.Raw else msgspec.json.Decoder(list[shape]).decode  # type: ignore[valid-type]
        self._strict = decoder(list[wanted]).decode

    def read(self, params: msgspec.Raw) -> Any:
        """The argument; see `read_arguments`."""
        try:
            if self._check is not None:
                self._check(params)
            values = self._strict(params)
            if len(values) == 1:
                return values[0]
        except UNREADABLE:
            pass
        return self._by_name(bytes(params).strip())

    def _by_name(self, params: bytes) -> Any:
        if params[:1] == b"{":
            # The same as a list of one, so that both forms are read alike.
            return self.read(msgspec.Raw(b"[" + params + b"]"))
        return fit(_only(_tree(params or b"null")), self._wanted)


def _only(params: Any) -> Any:
    """The one argument; what follows it in the list is not looked at, as in the reference."""
    if isinstance(params, list):
        return params[0] if params else None
    if params is None:
        return None
    raise Wrong("json: params is a list with one argument")


def _tree(params: bytes) -> Any:
    try:
        return decode(params)
    except UNREADABLE:
        pass
    try:  # Go reads octets that are no UTF-8 as U+FFFD
        return decode(params.decode("utf-8", "replace").encode())
    except UNREADABLE as error:
        raise Wrong(f"json: {lower_first(str(error))}") from error


def shape_of(wanted: Any) -> Any:
    """The type that has the same fields and refuses others; `msgspec.Raw` where there is nothing to check."""
    return _shape(inspect.type_info(wanted), ())


def _shape(info: inspect.Type, outer: tuple[type, ...]) -> Any:
    match info:
        case inspect.StructType(cls=cls, fields=fields, tag=None, array_like=False) if cls not in outer:
            parts: list[Any] = [(field.name, _shape(field.type, (*outer, cls)), msgspec.field(default=None, name=field.encode_name)) for field in fields]
            return msgspec.defstruct(f"{cls.__name__}Shape", parts, forbid_unknown_fields=True) | None
        case inspect.DecimalType():
            return int | float | None  # a decimal in quotes is a text, not a number
        case inspect.ListType(item_type=item) | inspect.SetType(item_type=item):
            inner = _shape(item, outer)
            return inner if inner is msgspec.Raw else GenericAlias(list, (inner,)) | None
        case inspect.DictType(value_type=value):
            inner = _shape(value, outer)
            return inner if inner is msgspec.Raw else GenericAlias(dict, (str, inner)) | None
        case inspect.UnionType(types=types):
            real = [each for each in types if not isinstance(each, inspect.NoneType)]
            return _shape(real[0], outer) if len(real) == 1 else msgspec.Raw
    return msgspec.Raw
