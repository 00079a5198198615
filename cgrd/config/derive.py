"""What follows from other keys: usual ports, names that default to addresses, templates spread out, caches of an embedded store."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from cgrd.config.schema import Node
from cgrd.config.tree import Tree

_PORTS = {"redis": 6379, "mongo": 27017, "mysql": 3306, "postgres": 5432}
_DEPTH = 8


def derive(tree: Tree) -> list[str]:
    """Complete a merged tree in place; the answer is what is wrong with it."""
    _ports(tree)
    _partitions(tree)
    for section in tree.sections:
        if section in tree.schemas:
            _borrow(tree.schemas[section], tree.sections[section])
    return _templates(tree)


def _ports(tree: Tree) -> None:
    for section in ("data_db", "stor_db"):
        found = tree.sections.get(section, {})
        if str(found.get("db_port")) == "-1":
            found["db_port"] = _PORTS.get(str(found["db_type"]).lstrip("*"), 0)


def _partitions(tree: Tree) -> None:
    """Records of an embedded store are in memory: a cache before it would only be a second copy."""
    if str(tree.value("data_db", "db_type")).lstrip("*") != "internal" or "caches" not in tree.sections:
        return
    shapes = tree.schemas["caches"]["properties"]["partitions"]["properties"]
    for name, shape in shapes.items():
        if shape.get("x-database"):
            tree.sections["caches"]["partitions"][name] = {key: 0 if key == "limit" else node["default"] for key, node in shape["properties"].items()}


def _borrow(node: Node, value: Any) -> None:
    """Fill keys that default to a neighbour (`alias` from `address`)."""
    if isinstance(value, list):
        for each in value:
            _borrow(node.get("items", {}), each)
    if not isinstance(value, dict):
        return
    for key, inner in node.get("properties", {}).items():
        if (neighbour := inner.get("x-default-from")) and not value.get(key):
            value[key] = value.get(neighbour, "")
        elif isinstance(value.get(key), (dict, list)):
            _borrow(inner, value[key])


def _templates(tree: Tree) -> list[str]:
    """Spread `{"type": "*template", "value": "*id"}` out in place, in every list of fields."""
    templates = tree.sections.get("templates", {})
    wrong: list[str] = []
    for section, value in tree.sections.items():
        for fields, where in _field_lists(value, section):
            spread = _spread(fields, templates, where, wrong, _DEPTH)
            for each in spread:
                each["tag"] = each.get("tag") or each.get("path", "")
            fields[:] = spread
    return wrong


def _field_lists(value: Any, where: str) -> Iterator[tuple[list[dict[str, Any]], str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _field_lists(each, f"{where}.{key}")
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        if "tag" in value[0] and "path" in value[0]:
            yield value, where
        else:
            for number, each in enumerate(value):
                yield from _field_lists(each, f"{where}[{number}]")


def _spread(fields: list[dict[str, Any]], templates: dict[str, Any], where: str, wrong: list[str], depth: int) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for each in fields:
        name = each.get("value", "")
        if each.get("type") != "*template":
            made.append(each)
        elif name not in templates or depth == 0:
            reason = "templates refer to one another in a circle" if name in templates else f"no template {name!r}; there are {', '.join(sorted(templates))}"
            wrong.append(f"{where}: {reason}")
        else:
            made.extend(_spread(deepcopy(templates[name]), templates, where, wrong, depth - 1))
        if len(made) > 10_000:
            wrong.append(f"{where}: the templates make more than 10000 fields")
            break
    return made
