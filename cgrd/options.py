"""Reading a request's options as the reference does: lists of profile ids, truth values, and the words for what is neither."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from cgrd.errors import Wrong
from cgrd.fields import text_of

__all__ = ["ASKED", "FALSE_UNLESS_SAID", "TEXT", "TRUE_UNLESS_SAID", "Dialect", "asked_flag", "asked_ids", "read_flag"]

_WORDS = dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True) | dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False)


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a truth value is read where it is neither true, false, nor one of the words of Go's ParseBool.

    Attributes:
        numbers: a number is true above 0; else it is read as its text, so only 1 and 0 are truth values.
        otherwise: what everything else is; None: an error. Nothing, null or "", is false where that is None.
    """

    numbers: bool = False
    otherwise: bool | None = None


TEXT: Final = Dialect()
"""Cells of a tariff plan and fields of the API that go through such a cell (spec/tariffplans.md, preamble)."""
ASKED: Final = Dialect(numbers=True)
"""Options of a request (spec/observed_events.md, AttributeS: option errors)."""
FALSE_UNLESS_SAID: Final = Dialect(numbers=True, otherwise=False)
"""Fields of an event that becomes a record, and the flags of CDRs among its options: what cannot be read asks for nothing."""
TRUE_UNLESS_SAID: Final = Dialect(numbers=True, otherwise=True)
"""`*sessionsChargeable`: what cannot be read makes nothing free of charge."""


def read_flag(value: Any, *, dialect: Dialect = TEXT) -> bool:
    """A truth value.

    Raises:
        Wrong: it is none, in the words of Go's ParseBool.
    """
    if isinstance(value, bool):
        return value
    if dialect.numbers and isinstance(value, (int, float, Decimal)):
        return value > 0
    if value is None or value == "":
        return bool(dialect.otherwise)
    text = text_of(value)
    found = _WORDS.get(text, dialect.otherwise)
    if found is None:
        raise Wrong(f'strconv.ParseBool: parsing "{text}": invalid syntax', explain=f"write true or false instead of {text}")
    return found


def asked_ids(given: Mapping[str, Any], name: str, default: list[str]) -> list[str]:
    """The profile ids that the option names.

    Raises:
        Wrong: it is no list.
    """
    value = given.get(name)
    if value is None:
        return default
    if isinstance(value, (list, tuple)):
        return [id if type(id) is str else text_of(id) for id in value]
    kind = "string" if isinstance(value, str) else type(value).__name__
    raise Wrong(f"cannot convert field: {kind} to []string", explain=f"{name} is a list of profile ids")


def asked_flag(given: Mapping[str, Any], name: str, default: bool) -> bool:
    """The truth value of the option.

    Raises:
        Wrong: it is none.
    """
    value = given.get(name)
    if value is None:
        return default
    try:
        return read_flag(value, dialect=ASKED)
    except Wrong as error:
        raise Wrong(error.word, explain=f"{name} is true or false") from None
