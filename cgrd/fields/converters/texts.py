"""Converters of texts, lists and JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus, unquote_to_bytes, urlsplit

import msgspec

from cgrd import codec
from cgrd.errors import Wrong
from cgrd.fields.converters.reading import Converter, ConverterFactory
from cgrd.fields.text import text_of

_NAMED = {"*space": " ", "*nil": "\x00", "*tab": "\t"}


def as_json(args: list[str]) -> Converter:
    """`*json`: the value as JSON; a text is quoted."""
    return lambda value: codec.encode(value).decode()


def length(args: list[str]) -> Converter:
    """`*len`: of a list its items, of anything else its text's bytes."""
    return lambda value: len(value) if isinstance(value, (list, dict)) else len(text_of(value).encode("utf-8", "replace"))


def as_list(args: list[str]) -> Converter:
    """`*slice`: the list that a JSON text holds."""

    def convert(value: Any) -> Any:
        if isinstance(value, list):
            return value
        text = text_of(value)
        if not text.startswith("["):
            raise Wrong(f"unsupported type: <{text}> to *slice", explain="*slice wants a JSON list")
        try:
            return codec.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Wrong(f"invalid JSON list: {error}") from error

    return convert


def string_to_hex(args: list[str]) -> Converter:
    """`*string2hex`: "abc" → "0x616263"."""
    return lambda value: "0x" + text_of(value).encode("utf-8", "replace").hex()


def _fault(text: str) -> str | None:
    """The first escape of a URL that is none, as Go names it."""
    at = text.find("%")
    while at >= 0:
        escape = text[at : at + 3]
        if len(escape) < 3 or not all(char in "0123456789abcdefABCDEF" for char in escape[1:]):
            return escape
        at = text.find("%", at + 3)
    return None


def url_decode(args: list[str]) -> Converter:
    """`*urldecode`: percent escapes and + for blanks."""

    def convert(value: Any) -> str:
        text = text_of(value)
        if fault := _fault(text):
            raise Wrong(f'invalid URL escape "{fault}"')
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "replace")

    return convert


def url_encode(args: list[str]) -> Converter:
    """`*urlencode`: a whole URL keeps its delimiters, any other text is escaped as a query's value."""

    def convert(value: Any) -> str:
        text = text_of(value)
        if fault := _fault(text):
            raise Wrong(f'parse "{text}": invalid URL escape "{fault}"')
        plain = unquote_to_bytes(text).decode("utf-8", "replace")
        try:
            url = urlsplit(text)
        except ValueError as error:
            raise Wrong(f'parse "{text}": {error}') from error
        if not url.scheme or not url.netloc:
            return quote_plus(plain)
        return _whole_url(text)

    return convert


def _whole_url(text: str) -> str:
    head, question, query = text.partition("?")
    path = quote(head, safe="/:@%$&+,;=~*'()!", encoding="utf-8", errors="replace")
    return path + question + quote(query, safe="/:@%$&+,;=~*'()!?[]", encoding="utf-8", errors="replace")


_SIDES: dict[str, tuple[bool, bool]] = {"*prefix": (True, False), "*suffix": (False, True), "*both": (True, True)}


def stripped(args: list[str]) -> Converter:
    """`*strip:<side>:<amount>` cuts characters; `*strip:<side>:(*space|*nil|*tab|*char:<text>)[:<times>]` cuts a text as often as it is there."""
    if not 2 <= len(args) <= 4:
        raise Wrong("strip converter: invalid number of parameters (should have 3, 4 or 5)")
    side, what, *rest = args
    if what == "*char":
        if not rest or not rest[0]:
            raise Wrong("strip converter: usage of *char implies the need of 4 or 5 non-empty params")
        return _strip_text(side, rest[0], rest[1:])
    if what in _NAMED:
        return _strip_text(side, _NAMED[what], rest)
    return _strip_amount(side, what)


def _side(side: str) -> tuple[bool, bool]:
    if side not in _SIDES:
        raise Wrong("strip converter: invalid side parameter", explain=f"{side} is none of {' '.join(_SIDES)}")
    return _SIDES[side]


def _amount(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise Wrong(f'strip converter: invalid amount parameter (strconv.Atoi: parsing "{text}": invalid syntax)') from error


def _strip_amount(side: str, text: str) -> Converter:
    amount = max(0, _amount(text))

    def convert(value: Any) -> str:
        left, right = _side(side)
        found = text_of(value)
        found = found[amount:] if left else found
        return found[: max(0, len(found) - amount)] if right else found

    return convert


def _strip_text(side: str, what: str, times: list[str]) -> Converter:
    most = _amount(times[0]) if times else -1

    def convert(value: Any) -> str:
        left, right = _side(side)
        found = text_of(value)
        found = _cut(found, str.startswith, lambda text: text[len(what) :], what, most) if left else found
        return _cut(found, str.endswith, lambda text: text[: -len(what)], what, most) if right else found

    return convert


def _cut(text: str, holds: Callable[[str, str], bool], shorten: Callable[[str], str], what: str, most: int) -> str:
    while most and text and holds(text, what):
        text, most = shorten(text), most - 1
    return text


TEXTS: dict[str, ConverterFactory] = {
    "*json": as_json,
    "*len": length,
    "*slice": as_list,
    "*string2hex": string_to_hex,
    "*urldecode": url_decode,
    "*urlencode": url_encode,
    "*strip": stripped,
}
