"""Native TOML, with the line of every key (which tomllib does not tell)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from cgrd.config.relaxed_json import expand
from cgrd.config.tree import Path
from cgrd.errors import ConfigurationError

_PART = r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'"""
_KEY = re.compile(rf"\s*((?:{_PART})(?:\s*\.\s*(?:{_PART}))*)\s*=")
_TABLE = re.compile(rf"\s*(\[\[?)\s*((?:{_PART})(?:\s*\.\s*(?:{_PART}))*)\s*\]")
_INLINE = re.compile(rf"[{{,]\s*((?:{_PART}))\s*=")


def parse(text: str, lines: dict[Path, int], env: Mapping[str, str]) -> dict[str, Any]:
    """The tables of a text; `*env:NAME` inside strings is replaced as in a CGRateS configuration.

    Raises:
        ConfigurationError: no TOML, or a variable that is not set.
    """
    try:
        found = tomllib.loads(text, parse_float=_decimal)
    except RecursionError as error:
        raise ConfigurationError("nested too deeply") from error
    except ValueError as error:  # TOMLDecodeError, and numbers beyond what Python reads
        raise ConfigurationError(str(error)) from error
    lines.update(_lines(text))
    made: dict[str, Any] = _plain(found, env)
    return made


def _decimal(text: str) -> Decimal:
    made = Decimal(text.replace("_", ""))
    if not made.is_finite() or abs(made.adjusted()) > 400:
        raise ValueError(f"number out of range: {text[:40]}")
    return made


def _plain(value: Any, env: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each, env) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, env) for each in value]
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return expand(value, env) if isinstance(value, str) else value


def _lines(text: str) -> dict[Path, int]:
    """Where each key is written. A line inside a text of several lines may be taken for a key; nobody asks for such a path."""
    made: dict[Path, int] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if head := _TABLE.match(line):
            table = _table_path(_parts(head[2]), counts, is_list=head[1] == "[[")
            made.setdefault(table, number)
        elif key := _KEY.match(line):
            path = (*table, *_parts(key[1]))
            made.setdefault(path, number)
            for inner in _INLINE.finditer(line, key.end()):
                made.setdefault((*path, *_parts(inner[1])), number)
    return made


def _table_path(names: Path, counts: dict[Path, int], *, is_list: bool) -> Path:
    """The path of a table: inside a list of tables it holds the index of the one that was opened last."""
    made: Path = ()
    for name in names[:-1]:
        made = (*made, name)
        if made in counts:
            made = (*made, counts[made] - 1)
    made = (*made, names[-1])
    if is_list:
        counts[made] = counts.get(made, 0) + 1
        return (*made, counts[made] - 1)
    return made


def _parts(text: str) -> Path:
    return tuple(part[1:-1] if part[0] in "\"'" else part for part in re.findall(_PART, text))
