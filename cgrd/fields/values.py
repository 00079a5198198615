"""RSR values: lists of constants and paths, each with search-and-replace rules and converters, compiled to functions.

`~*req.Destination:s/^00(\\d+)/+${1}/{*strip:*suffix:*char:#};-x` is one value of two parts.

Source: spec/agents.md §A3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from cgrd.errors import CgrdError, NotFound, Wrong
from cgrd.fields.converters import Converter, compile_converter
from cgrd.fields.missing import MISSING
from cgrd.fields.paths import Fetch, Read, compile_path
from cgrd.fields.patterns import replacer
from cgrd.fields.reading import Roots
from cgrd.fields.text import text_of


class Value:
    """A compiled value.

    Attributes:
        rule: the text it was compiled from.
        read: roots → the raw value of a single part, the joined text of several; MISSING when a field is not there.
        find: roots → the text, None when a field is not there.
        parts: the single values of a list (itself alone when it is one).
        constant: its text when it depends on nothing, else None.
        fetches: what must be asked of other subsystems before it is read (see `prefetch`).
    """

    __slots__ = ("constant", "fetches", "find", "parts", "read", "rule")

    def __init__(self, *, rule: str, read: Read, constant: str | None, fetches: tuple[Fetch, ...], parts: tuple[Value, ...] = ()) -> None:
        self.rule = rule
        self.read = read
        self.find: Callable[[Roots], str | None] = _finder(read) if constant is None else lambda roots: constant
        self.constant = constant
        self.fetches = fetches
        self.parts = parts or (self,)

    @property
    def needs_fetch(self) -> bool:
        """Whether `prefetch` has to run before it is read."""
        return bool(self.fetches)

    def get(self, roots: Roots) -> Any:
        """The raw value.

        Raises:
            NotFound: a field is not there.
            CgrdError: a converter refuses what it finds.
        """
        value = self.read(roots)
        if value is MISSING:
            raise NotFound(explain=f"no field at {self.rule}")
        return value

    def text(self, roots: Roots) -> str:
        """The text; raises as `get`."""
        found = self.find(roots)
        if found is None:
            raise NotFound(explain=f"no field at {self.rule}")
        return found

    def __repr__(self) -> str:
        return f"Value({self.rule!r})"


def _finder(read: Read) -> Callable[[Roots], str | None]:
    def find(roots: Roots) -> str | None:
        value = read(roots)
        if type(value) is str:
            return value
        return None if value is MISSING else text_of(value)

    return find


def split_rules(text: str, separator: str = ";") -> list[str]:
    """The parts of a list; between backticks the separator is an ordinary character.

    Raises:
        Wrong: a backtick is not closed, or a part is empty.
    """
    if "`" not in text:
        rules = text.split(separator)
    else:
        pieces = text.split("`")
        if len(pieces) % 2 == 0:
            raise Wrong("Unclosed unspilit syntax", explain=f"a backtick without its other in <{text}>")
        rules = []
        for at, piece in enumerate(pieces):
            rules += [piece] if at % 2 else [rule for rule in piece.split(separator) if rule]
    if not all(rules) or not rules:
        raise Wrong(f"empty RSRParser in rule: <{text}>")
    return rules


def compile_value(text: str, *, separator: str = ";") -> Value:
    """The value of a rule list.

    Args:
        text: the list.
        separator: what stands between parts (`general.rsr_separator`).

    Raises:
        CgrdError: a rule, pattern or converter of it is wrong, in the reference's words.
    """
    return _compiled(text, separator)


@lru_cache(65536)
def _compiled(text: str, separator: str) -> Value:
    return compile_rules(split_rules(text, separator), rule=text)


def compile_rules(rules: Sequence[str], *, rule: str = "") -> Value:
    """The value of a list that is split already (the `[{"Rules": …}]` of attribute profiles); raises as `compile_value`."""
    parts = tuple(compile_rule(text) for text in rules)
    if len(parts) == 1:
        return parts[0]
    constants = [part.constant for part in parts]
    known = [text for text in constants if text is not None]
    constant = "".join(known) if len(known) == len(parts) else None
    fetches = tuple(fetch for part in parts for fetch in part.fetches)
    return Value(rule=rule or ";".join(rules), read=_joined(parts), constant=constant, fetches=fetches, parts=parts)


def _joined(parts: tuple[Value, ...]) -> Read:
    finders = [part.find for part in parts]

    def read(roots: Roots) -> Any:
        found = []
        for find in finders:
            text = find(roots)
            if text is None:
                return MISSING
            found.append(text)
        return "".join(found)

    return read


def compile_rule(text: str) -> Value:
    """The value of one rule, in which the separator means nothing; raises as `compile_value`."""
    return _compiled_rule(text)


@lru_cache(4096)
def _compiled_rule(text: str) -> Value:
    if not text:
        raise Wrong("empty RSRParser in rule: <>")
    body, chain = _converters(text)
    if not body.startswith("~"):
        return _constant(text, body, chain)
    where, *replacements = body[1:].split(":s/")
    replacers = [replacer(*_members(rule)) for rule in replacements]
    path = compile_path(where, compile_part=compile_value)
    read = _converted(path.read, [*replacers, *chain]) if replacers or chain else path.read
    return Value(rule=text, read=read, constant=None, fetches=path.fetches)


def _converters(text: str) -> tuple[str, list[Converter]]:
    body, found, names = text.partition("{*")
    if not found:
        return text, []
    if not names.endswith("}"):
        raise Wrong(f"invalid converter terminator in rule: <{text}>")
    return body, [_converter(name) for name in f"*{names[:-1]}".split("&")]


def _converter(definition: str) -> Converter:
    try:
        return compile_converter(definition)
    except CgrdError as error:
        raise Wrong(f"invalid converter value in string: <{definition}>, err: {error}", explain=error.explain) from error


def _constant(rule: str, body: str, chain: list[Converter]) -> Value:
    if not chain:
        return Value(rule=rule, read=lambda roots: body, constant=body, fetches=())
    return Value(rule=rule, read=_converted(lambda roots: body, chain), constant=None, fetches=())


def _converted(read: Read, chain: Sequence[Callable[[Any], Any]]) -> Read:
    def convert(roots: Roots) -> Any:
        value = read(roots)
        if value is MISSING:
            return MISSING
        value = text_of(value)
        try:
            for step in chain:
                value = step(value)
        except ArithmeticError as error:
            raise out_of_range(error) from error
        return value

    return convert


def out_of_range(error: ArithmeticError) -> Wrong:
    """A number too large (or too small) for what is done with it."""
    return Wrong("value out of range", explain=f"the number cannot be computed with: {type(error).__name__}")


def _members(rule: str) -> tuple[str, str]:
    """The pattern and template of `pattern/template/`; the last slash that is not escaped divides them."""
    body = rule[:-1] if rule.endswith("/") else ""
    at = body.rfind("/")
    while at > 0 and body[at - 1] == "\\":
        at = body.rfind("/", 0, at)
    if at < 1:
        raise Wrong(f"not enough members in Search&Replace, ruleStr: <{rule}>, matches: [], ")
    return body[:at], body[at + 1 :].replace("\\/", "/")
