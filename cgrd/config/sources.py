"""A path or URL as the files it means, each read but not yet checked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any

from cgrd.config import native, relaxed_json
from cgrd.config.tree import Path
from cgrd.errors import ConfigurationError

_URL_TIMEOUT_S = 2.0
_LARGEST = 64 << 20


@dataclass
class Source:
    """One file: its name for messages, what it holds, and the line of each key by path."""

    name: str
    data: dict[str, Any]
    lines: dict[Path, int] = field(default_factory=dict)


def dialect_of(path: str) -> str:
    """ "toml" for a .toml file or a directory that holds some, otherwise "cgrates".

    Raises:
        ConfigurationError: there is nothing at the path, or configurations of both kinds.
    """
    if is_url(path):
        return "cgrates"
    place = File(path)
    if not place.exists():
        raise ConfigurationError(
            f'path:"{path}" is not reachable',
            explain="wanted cgrd.toml, a directory with *.toml, or a CGRateS directory",
        )
    if place.is_file():
        if place.suffix != ".toml":
            raise ConfigurationError(
                f"path: {path} not a directory",
                explain="one file is read when it is *.toml; for *.json give its directory",
            )
        return "toml"
    native_files = any(place.glob("*.toml"))
    if native_files and any(place.glob("*.json")):
        raise ConfigurationError(f"{path} holds both *.toml and *.json: which is meant? keep one kind")
    return "toml" if native_files else "cgrates"


def read(path: str, dialect: str, env: Mapping[str, str]) -> list[Source]:
    """The files at a path, in the order in which they are applied.

    Raises:
        ConfigurationError: a file that cannot be read or is no TOML or JSON; names the file and line.
    """
    if is_url(path):
        return [_json(url, _fetch(url), env, place=f"url <{url}>") for url in path.split(";") if url]
    if dialect == "toml":
        place = File(path)
        files = [place] if place.is_file() else sorted(place.glob("*.toml"))
        return [_toml(str(each), _text(each), env) for each in files]
    found = [_json(name, _text(File(name)), env, place=f"file <{name}>") for name in _json_files(path)]
    if not found:
        raise ConfigurationError(f"No config file found on path {path}", explain="wanted *.json (CGRateS) or *.toml there")
    return found


def is_url(path: str) -> bool:
    """Whether a path is a list of URLs."""
    return path.startswith(("http://", "https://"))


def from_text(text: str, env: Mapping[str, str]) -> Source:
    """The CGRateS JSON of a request.

    Raises:
        ConfigurationError: no JSON object.
    """
    lines: dict[Path, int] = {}
    return Source("SetConfigFromJSON", _object(relaxed_json.parse(relaxed_json.expand(text, env), lines)), lines)


def _json_files(path: str) -> Iterator[str]:
    for folder, inner, names in os.walk(path):
        inner[:] = sorted(each for each in inner if not each.startswith("."))
        yield from (os.path.join(folder, name) for name in sorted(names) if name.endswith(".json"))


def _text(file: File) -> str:
    try:
        if file.stat().st_size > _LARGEST:
            raise ConfigurationError(f"{file} is larger than {_LARGEST >> 20} MiB")
        return file.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from error


def _fetch(url: str) -> str:
    import urllib.request  # costs 30 ms of every start, and few read their configuration from a server

    try:
        with urllib.request.urlopen(url, timeout=_URL_TIMEOUT_S) as answer:
            return str(answer.read(_LARGEST).decode("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f'path:"{url}" is not reachable', explain=str(error)) from error


def _json(name: str, text: str, env: Mapping[str, str], *, place: str) -> Source:
    lines: dict[Path, int] = {}
    try:
        return Source(name, _object(relaxed_json.parse(relaxed_json.expand(text, env), lines)), lines)
    except ConfigurationError as error:
        raise ConfigurationError(f"{place}:{error}", explain=error.explain) from error


def _toml(name: str, text: str, env: Mapping[str, str]) -> Source:
    lines: dict[Path, int] = {}
    try:
        return Source(name, native.parse(text, lines, env), lines)
    except ConfigurationError as error:
        raise ConfigurationError(f"{name}: {error}", explain=error.explain) from error


def _object(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise ConfigurationError("wanted a JSON object with a key per section")
    return found
