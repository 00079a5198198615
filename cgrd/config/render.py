"""A section in the form in which the reference's GetConfig answers it.

Durations are Go texts, whose zero is written differently from key to key; the schema's `x-print` says how:

| word | zero | otherwise |
|---|---|---|
| (none) | "0s" | "1m30s" |
| `zero` | "0" | "1m30s" |
| `empty` | "" | "1m30s" |
| `blank` | "" | "" (the reference forgets the value) |
| `omit-zero` | left out | "1m30s" |
| `sign` | "0" | "1m30s", any negative one "-1" |
| `ns` | 0 | nanoseconds as a number |

Of other values: `never` is left out, `omit-empty` when empty, `null` is null when unset (others are left out), `starred` gets its `*`,
`joined` is one text, `with-OriginID` gets the index that SessionS always has.

Source: recorded answers of the reference (ConfigSv1.GetConfig of all its sections).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from cgrd.config.defaults import inside
from cgrd.config.schema import Node
from cgrd.config.tree import Tree
from cgrd.config.units import as_bytes, as_duration
from cgrd.durations import format_duration

_LEFT_OUT = object()
_ZEROS = {"zero": "0", "empty": "", "omit-zero": _LEFT_OUT, "sign": "0"}


def render(tree: Tree, section: str) -> Any:
    """The section as GetConfig shows it; of a native configuration secrets are masked and the keys the reference lacks are there too."""
    return _Writer(tree).value(tree.schemas[section], tree.sections[section], section)


def is_shown(tree: Tree, section: str) -> bool:
    """Whether GetConfig knows the section: of a CGRateS configuration only those that the reference answers."""
    return section in tree.sections and (tree.dialect == "toml" or not tree.schemas[section].get("x-native"))


class _Writer:
    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.native = tree.dialect == "toml"

    def value(self, node: Node, value: Any, key: str) -> Any:
        if self._is_left_out(node, value):
            return _LEFT_OUT
        if value is None:
            return None
        if self.native and node.get("x-secret") and value:
            return "***"
        written = _FORMATS.get(node.get("format", ""))
        return written(node, value) if written else self._plain(node, value, key)

    def _is_left_out(self, node: Node, value: Any) -> bool:
        form = node.get("x-print")
        if form == "never" or (node.get("x-native") and not self.native):
            return True
        return (value is None and form != "null") or (form == "omit-empty" and not value)

    def _plain(self, node: Node, value: Any, key: str) -> Any:
        if isinstance(value, dict):
            written = ((inside(node, name).get("x-print-as", name), self.value(inside(node, name), each, name)) for name, each in value.items())
            return {name: each for name, each in written if each is not _LEFT_OUT}
        if isinstance(value, list):
            return self._list(node, value, key)
        if node.get("x-print") == "starred":
            return "*" + str(value).lstrip("*")
        return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value

    def _list(self, node: Node, value: list[Any], key: str) -> Any:
        form = node.get("x-print")
        if form == "joined":
            return str(self.tree.value("general", "rsr_separator") or ";").join(map(str, value))
        if form == "with-OriginID" and self.tree.enabled("sessions") and "OriginID" not in value:
            value = [*value, "OriginID"]
        if key.endswith("_conns"):
            value = [_own(each) for each in value]
        return [self.value(node.get("items", {}), each, "") for each in value]


def _own(connection: Any) -> Any:
    """`*internal:*rals` is shown as it was meant: `*internal`."""
    head = connection.partition(":")[0] if isinstance(connection, str) else ""
    return head if head in ("*internal", "*birpc_internal") else connection


def _duration(node: Node, value: Any) -> Any:
    ns, form = as_duration(value), node.get("x-print", "")
    if form == "blank":
        return ""
    if form == "ns":
        return ns
    if form == "sign" and ns < 0:
        return "-1"
    return _ZEROS[form] if ns == 0 and form in _ZEROS else format_duration(ns)


def _units(_: Node, value: Any) -> str:
    return str(as_duration(value))


def _bytes(_: Node, value: Any) -> int:
    return as_bytes(value)


_FORMATS: dict[str, Callable[[Node, Any], Any]] = {"duration": _duration, "units": _units, "bytes": _bytes}
