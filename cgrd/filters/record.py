"""The stored filter: a named list of rules, all of which must pass, in its API shape; and the inline form that needs no record."""

from __future__ import annotations

import msgspec

from cgrd.errors import Wrong
from cgrd.instants import Instant


class Interval(msgspec.Struct, kw_only=True):
    """When something is active: from ActivationTime on, before ExpiryTime; the zero time leaves a side open."""

    ActivationTime: Instant = Instant.ZERO
    ExpiryTime: Instant = Instant.ZERO

    def active_at(self, moment: Instant) -> bool:
        """Whether the moment is in it."""
        return not (self.ActivationTime and moment < self.ActivationTime) and not (self.ExpiryTime and moment >= self.ExpiryTime)


class Rule(msgspec.Struct, kw_only=True):
    """One condition: what is looked at (`~*req.Account`), how (`*string`), and what with."""

    Type: str = ""
    Element: str = ""
    Values: list[str] | None = None


class Filter(msgspec.Struct, kw_only=True):
    """A filter profile."""

    Tenant: str = ""
    ID: str = ""
    Rules: list[Rule] | None = None
    ActivationInterval: Interval | None = None


def is_inline(filter_id: str) -> bool:
    """Whether the id is a filter written out, as `*string:~*req.Account:1001`."""
    return filter_id.startswith("*")


def parse_inline(tenant: str, text: str) -> Filter:
    """The filter that an inline id writes out: `*type:element:value|value`.

    The first two colons outside of `{}`, `<>`, `[]` divide; a `*http#` type holds its URL's own colons.

    Raises:
        Wrong: there are not three parts.
    """
    kind, element, values = _parts(text)
    wanted = values.split("|") if values else []
    return Filter(Tenant=tenant, ID=text, Rules=[Rule(Type=kind, Element=element, Values=wanted)])


_OPEN = {"{": "}", "<": ">", "[": "]"}


def _parts(text: str) -> tuple[str, str, str]:
    first = _colon(text, _url_end(text))
    second = _colon(text, first + 1) if first >= 0 else -1
    if second < 0:
        raise Wrong(f"inline parse error for string: <{text}>", explain="wanted *type:element:value|value, or *type:element: without values")
    return text[:first], text[first + 1 : second], text[second + 1 :]


def _url_end(text: str) -> int:
    """Where the search for the first colon starts: behind an URL without brackets, whose end is where an element begins."""
    if not text.startswith("*http#") or text.startswith("*http#["):
        return 0
    starts = [at for at in (text.find(":~*"), text.find(":*any:")) if at >= 0]
    return min(starts, default=0)


def _colon(text: str, start: int) -> int:
    closing: list[str] = []
    for at in range(start, len(text)):
        char = text[at]
        if char == ":" and not closing:
            return at
        if closing and char == closing[-1]:
            closing.pop()
        elif char in _OPEN and _OPEN[char] in text[at:]:
            closing.append(_OPEN[char])
    return -1
