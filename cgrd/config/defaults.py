"""The values that a schema gives where a configuration says nothing."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from cgrd.config.schema import Node

_ZERO: dict[str, Any] = {
    "object": {},
    "array": [],
    "string": "",
    "integer": 0,
    "number": 0,
    "boolean": False,
    "null": None,
}


def default_of(node: Node, dialect: str) -> Any:
    """The default of a schema node, with all that is inside; `dialect` is "toml" or "cgrates"."""
    given = node.get("x-toml-default", node.get("default")) if dialect == "toml" else node.get("default")
    if "properties" in node:
        filled = {key: default_of(each, dialect) for key, each in node["properties"].items() if "x-unset" not in each}
        return overlay(node, filled, given, dialect) if given else filled
    if given is not None:
        return overlay(node, {} if isinstance(given, dict) else [], given, dialect)
    kind = node.get("type", "object")
    return None if isinstance(kind, list) and "null" in kind else deepcopy(_ZERO[kind if isinstance(kind, str) else kind[0]])


def overlay(node: Node, base: Any, given: Any, dialect: str) -> Any:
    """`given` laid over `base`, whatever it holds completed by defaults; for values that come from schemas, which are not checked again."""
    if isinstance(given, dict):
        filled = dict(base)
        for key, value in given.items():
            inner = inside(node, key)
            filled[key] = overlay(inner, filled[key] if key in filled else default_of(inner, dialect), value, dialect)
        return filled
    if isinstance(given, list):
        inner = node.get("items", {})
        return [overlay(inner, default_of(inner, dialect), each, dialect) for each in given]
    return given


def inside(node: Node, key: str) -> Node:
    """The schema of a key inside an object: its own, that of every other key, or an empty one."""
    found = node.get("properties", {}).get(key)
    if found is None:
        found = node.get("additionalProperties")
    return found if isinstance(found, dict) else {}


def blank_of(node: Node, dialect: str) -> Any:
    """What an entry that replaces another starts from: the shape's defaults without those of its name."""
    shape = {word: value for word, value in node.items() if word != "default"}
    return overlay(shape, default_of(shape, dialect), node.get("x-blank", {}), dialect)
