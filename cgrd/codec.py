"""JSON on the wire and in the store: msgspec with exact decimals and nanosecond instants.

Numbers with a fraction become `Decimal` wherever no type says otherwise, and decimals are written as JSON numbers.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from cgrd.instants import Instant, parse_rfc3339

__all__ = [
    "convert",
    "decode",
    "decoder",
    "encode",
    "plain_tree",
]

T = TypeVar("T")


def _read(wanted: type, value: Any) -> Any:
    if wanted is Instant:
        if isinstance(value, Instant):
            return value
        found = parse_rfc3339(value) if isinstance(value, str) else None
        if found is None:
            raise ValueError(f"parsing time {value!r}: wanted RFC 3339, as 2026-01-31T08:00:00Z")
        return found
    raise TypeError(f"no JSON form of {wanted!r}")


def _write(value: Any) -> Any:
    if type(value) is Instant:
        return value.text or str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"no JSON form of {type(value).__name__}")


def _exact(text: str) -> Decimal:
    """A number with a fraction or an exponent; beyond what the reference's floats hold it would only be good for exhausting memory."""
    try:
        number = Decimal(text[:1000])
    except ArithmeticError:
        number = Decimal("Infinity")
    if len(text) > 1000 or not number.is_finite() or abs(number.adjusted()) > 400:
        raise msgspec.ValidationError("number out of range")
    return number


_encoder = msgspec.json.Encoder(enc_hook=_write, decimal_format="number")
encode = _encoder.encode
"""The JSON bytes of anything made of structs, maps, lists, decimals and instants."""


@lru_cache(1024)
def decoder(wanted: Any = Any) -> msgspec.json.Decoder[Any]:
    """The decoder of a type, made once."""
    return msgspec.json.Decoder(wanted, dec_hook=_read, float_hook=_exact)


def decode(data: bytes | str, wanted: type[T] | Any = Any) -> Any:
    """The value of JSON bytes as `wanted`.

    Raises:
        msgspec.DecodeError: no JSON, or maps and lists nested by the hundreds.
        msgspec.ValidationError: JSON of another shape.
    """
    known: Any = wanted
    try:
        return decoder(known).decode(data)
    except RecursionError as error:
        raise msgspec.DecodeError("maps and lists are nested too deeply") from error


def convert(value: Any, wanted: type[T] | Any) -> Any:
    """An object of one shape as another: maps to structs, structs to structs by their field names.

    Raises:
        msgspec.ValidationError: the shapes do not fit.
    """
    return msgspec.convert(value, wanted, dec_hook=_read, from_attributes=True)


def plain_tree(value: Any) -> Any:
    """Structs as maps of plain values, as JSON would show them; decimals and instants stay what they are."""
    return msgspec.to_builtins(value, builtin_types=(Decimal, Instant), enc_hook=_write)
