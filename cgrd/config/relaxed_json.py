"""CGRateS's JSON: comments, trailing commas and `*env:NAME`, with the line of every key.

Source: the reference's file syntax (spec/config.md §1); RFC 8259 beneath it; the texts of errors are those its clients see.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

import msgspec

from cgrd.config.tree import Path
from cgrd.errors import ConfigurationError

_STRING = r'"(?:[^"\\\x00-\x1f]|\\.)*"'
_BLANK = re.compile(r"(?:[ \t\r\n]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_SCALAR = re.compile(rf"{_STRING}|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null", re.DOTALL)
_ENV = re.compile(r"\*env:([A-Za-z0-9_]*)")
_PIECES = re.compile(rf"(//[^\n]*|/\*.*?\*/)|{_STRING}|\*env:[A-Za-z0-9_]*", re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None}
_DEPTH = 64
_DIGITS = 400


def expand(text: str, env: Mapping[str, str]) -> str:
    """The text with every `*env:NAME` outside of comments replaced, also inside strings; what it stands for may be any piece of JSON.

    Raises:
        ConfigurationError: the variable is not set, or empty.
    """

    def value(found: re.Match[str]) -> str:
        if not env.get(found[1]):
            raise ConfigurationError(
                f"NOT_FOUND:ENV_VAR:{found[1]}",
                explain=f"the configuration asks for the environment variable {found[1]}; set it",
            )
        return env[found[1]]

    return _PIECES.sub(lambda piece: piece[0] if piece[1] else _ENV.sub(value, piece[0]), text) if "*env:" in text else text


def parse(text: str, lines: dict[Path, int] | None = None) -> Any:
    """The value of a text; the line of every key goes into `lines` by its path. Numbers with a fraction are `Decimal`.

    Raises:
        ConfigurationError: no JSON, with line and position.
    """
    return _Parser(text, {} if lines is None else lines).whole()


class _Parser:
    def __init__(self, text: str, lines: dict[Path, int]) -> None:
        self.text, self.lines, self.at = text, lines, 0

    def whole(self) -> Any:
        found = self.value(())
        if self.next():
            self.wrong("after top-level value")
        return found

    def next(self) -> str:
        """The next character that counts, "" at the end."""
        blank = _BLANK.match(self.text, self.at)
        self.at = blank.end() if blank else self.at
        if self.text.startswith("/*", self.at):
            raise ConfigurationError("JSON_INCOMPLETE_COMMENT", explain=f"the comment that begins in line {self.line()} has no */")
        return self.text[self.at : self.at + 1]

    def line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1

    def wrong(self, where: str) -> NoReturn:
        start = self.text.rfind("\n", 0, self.at) + 1
        place = f"around line {self.line()} and position {self.at - start + 1}\n line: {_quoted(self.text[start:].partition(chr(10))[0][:200])}"
        if not self.text[self.at :]:
            raise ConfigurationError(f"unexpected EOF {place}")
        raise ConfigurationError(f"invalid character {_character(self.text[self.at])} {where} {place}")

    def value(self, path: Path) -> Any:
        first = self.next()
        if len(path) > _DEPTH:
            raise ConfigurationError(f"exceeded max depth {_DEPTH} around line {self.line()}")
        if first == "{":
            return self.object(path)
        if first == "[":
            return self.array(path)
        return self.scalar("looking for beginning of value")

    def scalar(self, where: str) -> Any:
        found = _SCALAR.match(self.text, self.at)
        if found is None:
            self.wrong(where)
        word = found[0]
        made = _WORDS[word] if word in _WORDS else self.string(word) if word[0] == '"' else self.number(word)
        self.at = found.end()
        return made

    def string(self, word: str) -> str:
        try:
            return str(msgspec.json.decode(word.encode("utf-8", "replace"), type=str))
        except msgspec.DecodeError:
            self.wrong("in string escape code")

    def number(self, word: str) -> int | Decimal:
        if len(word) > _DIGITS or abs(int(re.split("[eE]", word)[1:][0] if re.search("[eE]", word) else 0)) > _DIGITS:
            self.wrong("in numeric literal: out of range")
        return Decimal(word) if re.search(r"[.eE]", word) else int(word)

    def object(self, path: Path) -> dict[str, Any]:
        made: dict[str, Any] = {}
        self.at += 1
        while self.next() != "}":
            if self.text[self.at : self.at + 1] != '"':
                self.wrong("looking for beginning of object key string")
            line, key = self.line(), self.scalar("looking for beginning of object key string")
            if self.next() != ":":
                self.wrong("after object key")
            self.at += 1
            self.lines[(*path, key)] = line
            made[key] = self.value((*path, key))
            self.separator("}", "after object key:value pair")
        self.at += 1
        return made

    def array(self, path: Path) -> list[Any]:
        made: list[Any] = []
        self.at += 1
        while self.next() != "]":
            self.lines[(*path, len(made))] = self.line()
            made.append(self.value((*path, len(made))))
            self.separator("]", "after array element")
        self.at += 1
        return made

    def separator(self, end: str, where: str) -> None:
        following = self.next()
        if following == ",":
            self.at += 1
        elif following != end:
            self.wrong(where)


def _quoted(line: str) -> str:
    return '"' + line.strip("\r") + '"'


def _character(char: str) -> str:
    """Go's way of writing a character in an error."""
    return "'\\''" if char == "'" else "'\"'" if char == '"' else repr(char)
