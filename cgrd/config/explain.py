"""One key explained: its value, who set it, what it would be otherwise, what it means."""

from __future__ import annotations

from typing import Any, NamedTuple

from cgrd.codec import encode
from cgrd.config.check import did_you_mean, dotted
from cgrd.config.defaults import default_of, inside
from cgrd.config.schema import Node
from cgrd.config.tree import Path, Tree
from cgrd.errors import ConfigurationError


class Explanation(NamedTuple):
    """What `cgrd config explain KEY` tells; `origin` is "file:line" or "default"."""

    key: str
    value: Any
    origin: str
    default: Any
    description: str

    def __str__(self) -> str:
        return f"{self.key} = {encode(self.value).decode()}\n  from     {self.origin}\n  default  {encode(self.default).decode()}\n  {self.description}"


def explain(tree: Tree, key: str) -> Explanation:
    """Explain a dotted key ("sessions.debit_interval", "attributes.opts.*processRuns", "ees.exporters.0.type").

    Raises:
        ConfigurationError: no such key; names the nearest one.
    """
    section, _, rest = key.partition(".")
    if section not in tree.schemas:
        raise ConfigurationError(f"{section}: no such section{did_you_mean(section, tree.schemas)}")
    node, value = tree.schemas[section], tree.sections[section]
    path: Path = (section,)
    while rest:
        node, value, path, rest = _step(node, value, path, rest)
    shown = "***" if node.get("x-secret") and value else value
    return Explanation(
        dotted(path),
        shown,
        tree.origin(section, *path[1:]),
        default_of(node, tree.dialect),
        str(node.get("description", "")),
    )


def _step(node: Node, value: Any, path: Path, rest: str) -> tuple[Node, Any, Path, str]:
    """One key further; names may hold dots (addresses), so the longest name that fits is taken."""
    head, _, tail = rest.partition(".")
    if isinstance(value, list) and head.isascii() and head.isdigit() and int(head) < len(value):
        return node.get("items", {}), value[int(head)], (*path, int(head)), tail
    known = [*node.get("properties", {}), *(value if isinstance(value, dict) else ())]
    for name in sorted(known, key=len, reverse=True):
        if rest == name or rest.startswith(f"{name}."):
            inner = value.get(name) if isinstance(value, dict) else None
            return inside(node, name), inner, (*path, name), rest[len(name) + 1 :]
    raise ConfigurationError(f"{dotted((*path, head))}: no such key{did_you_mean(head, known)}")
