"""A whole configuration as text for people, TOML or JSON."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

from cgrd.codec import encode
from cgrd.config.defaults import inside
from cgrd.config.schema import Node
from cgrd.config.tree import Path, Tree

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def as_json(tree: Tree, *, only_set: bool = False, masked: bool = True) -> str:
    """The tree as indented JSON; see `as_toml` for the options."""
    return msgspec.json.format(encode(_chosen(tree, only_set, masked)), indent=2).decode()


def as_toml(tree: Tree, *, only_set: bool = False, masked: bool = True) -> str:
    """The tree as a TOML file that reads back to the same tree when nothing is masked.

    Args:
        tree: the configuration.
        only_set: leave defaults out.
        masked: show `***` for secrets.
    """
    blocks: list[str] = []
    for section, value in _chosen(tree, only_set, masked).items():
        if isinstance(value, list):
            blocks.extend(_table(each, (section,), "[[{}]]") for each in value)
        else:
            blocks.append(_table(value, (section,), "[{}]"))
    return "\n\n".join(block for block in blocks if block) + "\n"


def _chosen(tree: Tree, only_set: bool, masked: bool) -> dict[str, Any]:
    """The values to show, section by section."""
    made: dict[str, Any] = {}
    for section in tree.sections:
        shown = _pick(tree, tree.schemas[section], tree.sections[section], (section,), only_set, masked)
        if shown is not None and (shown or not only_set):
            made[section] = shown
    return made


def _pick(tree: Tree, node: Node, value: Any, path: Path, only_set: bool, masked: bool) -> Any:
    if isinstance(value, dict):
        picked = {key: _pick(tree, inside(node, key), each, (*path, key), only_set, masked) for key, each in value.items()}
        return {key: each for key, each in picked.items() if each is not None and not (only_set and each == {})}
    if only_set and not tree.is_set(str(path[0]), *path[1:]) and not _inside_set(tree, path):
        return None
    if masked and node.get("x-secret") and value:
        return "***"
    if isinstance(value, list):
        return [_pick(tree, node.get("items", {}), each, (*path, index), False, masked) for index, each in enumerate(value)]
    return value


def _inside_set(tree: Tree, path: Path) -> bool:
    return any(each[: len(path)] == path for each in tree.origins)


def _table(value: dict[str, Any], path: Path, head: str) -> str:
    """A table: its plain keys, then each inner table under its own head."""
    plain = [f"{_key(key)} = {_value(each)}" for key, each in value.items() if not (isinstance(each, dict) and each)]
    inner = [_table(each, (*path, key), "[{}]") for key, each in value.items() if isinstance(each, dict) and each]
    title = head.format(".".join(_key(str(part)) for part in path))
    own = ["\n".join([title, *plain])] if plain or head == "[[{}]]" else []
    return "\n\n".join([*own, *inner])


def _key(key: str) -> str:
    return key if _BARE.match(key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, Decimal) and value == value.to_integral_value() and "E" not in str(value):
        return f"{value}" if "." in str(value) else f"{value}.0"
    return str(value)


def _text(value: str) -> str:
    return encode(value).decode().replace("\x7f", "\\u007f")
