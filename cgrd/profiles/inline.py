"""Inline filters: `*type:element:value|value` in the place of a filter's id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgrd.errors import ServerError

if TYPE_CHECKING:
    from cgrd.profiles.kinds.filters import Filter


def split_inline(text: str) -> list[str] | None:
    """Type, element and values of an inline filter; None when it is none. Colons inside `{}` and `<>` belong to the element."""
    parts, depth, start = [], 0, 0
    for at, mark in enumerate(text):
        if mark in "{<[":
            depth += 1
        elif mark in "}>]":
            depth = max(0, depth - 1)
        elif mark == ":" and not depth and len(parts) < 2:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]] if len(parts) == 2 else None


def inline_filter(tenant: str, id: str) -> Filter:
    """The filter that an inline id stands for.

    Raises:
        ServerError: the id has not the shape of one.
    """
    from cgrd.profiles.kinds.filters import Filter, FilterRule

    parts = split_inline(id)
    if parts is None:
        raise ServerError(f"inline parse error for string: <{id}>", explain="an inline filter is *type:element:value|value")
    kind, element, values = parts
    return Filter(Tenant=tenant, ID=id, Rules=[FilterRule(Type=kind, Element=element, Values=values.split("|") if values else [])])
