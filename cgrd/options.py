"""Reading a request's options as the reference does: lists of profile ids, truth values, and the words for what is neither."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cgrd.errors import Wrong
from cgrd.fields import text_of
from cgrd.profiles import read_flag

__all__ = ["asked_flag", "asked_ids"]


def asked_ids(given: Mapping[str, Any], name: str, default: list[str]) -> list[str]:
    """The profile ids that the option names.

    Raises:
        Wrong: it is no list.
    """
    value = given.get(name)
    if value is None:
        return default
    if isinstance(value, (list, tuple)):
        return [text_of(id) for id in value]
    kind = "string" if isinstance(value, str) else type(value).__name__
    raise Wrong(f"cannot convert field: {kind} to []string", explain=f"{name} is a list of profile ids")


def asked_flag(given: Mapping[str, Any], name: str, default: bool) -> bool:
    """The truth value of the option.

    Raises:
        Wrong: it is none, in the words of Go's ParseBool.
    """
    value = given.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        return bool(value)
    try:
        return read_flag(value)
    except ValueError:
        raise Wrong(f'strconv.ParseBool: parsing "{value}": invalid syntax', explain=f"{name} is true or false") from None
