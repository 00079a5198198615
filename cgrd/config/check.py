"""One value against its schema: the part of JSON Schema that configurations use, without the tenth of a second jsonschema's import costs."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from cgrd.config.schema import Node
from cgrd.config.tree import Path
from cgrd.config.units import as_bytes, as_duration
from cgrd.errors import ConfigurationError

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float, Decimal),
    "null": (type(None),),
}
_WORDS = {
    "object": "a table",
    "array": "a list",
    "string": "a text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
}


def wrong_with(node: Node, value: Any) -> str | None:
    """What is wrong with the value itself (not with what is inside it), or None."""
    return _type(node, value) or _choice(node, value) or _range(node, value) or _format(node, value)


def is_open(node: Node) -> bool:
    """Whether an object takes keys that its schema does not name."""
    return node.get("additionalProperties", "properties" not in node) is not False


def _type(node: Node, value: Any) -> str | None:
    wanted = node.get("type")
    kinds = [wanted] if isinstance(wanted, str) else wanted or []
    if not kinds or any(_is(value, kind) for kind in kinds):
        return None
    return f"wanted {' or '.join(_WORDS[kind] for kind in kinds if kind != 'null')}, found {_shown(value)}"


def _choice(node: Node, value: Any) -> str | None:
    if "enum" not in node or value in node["enum"]:
        return None
    options = [str(each) or "empty" for each in node["enum"]]
    return f"{_shown(value)} is none of {', '.join(options)}{did_you_mean(str(value), options)}"


def _range(node: Node, value: Any) -> str | None:
    if not _is(value, "number"):
        return None
    low, high = node.get("minimum"), node.get("maximum")
    if (low is None or value >= low) and (high is None or value <= high):
        return None
    return f"{_shown(value)} is outside of {'…' if low is None else low} to {'…' if high is None else high}"


def _format(node: Node, value: Any) -> str | None:
    check = _FORMATS.get(node.get("format", ""))
    if check is None or value is None:
        return None
    try:
        check(value)
    except ConfigurationError as error:
        return str(error)
    return None


def listener_port(value: Any) -> int:
    """The port of "host:port", -1 for "" (no listener).

    Raises:
        ConfigurationError: no address to listen at.
    """
    if value == "":
        return -1
    host, colon, port = str(value).rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or len(port) > 5 or int(port) > 65535 or any(each.isspace() for each in host):
        raise ConfigurationError(f'wanted an address as "127.0.0.1:2012", found {_shown(value)}')
    return int(port)


_FORMATS: dict[str, Callable[[Any], Any]] = {
    "duration": as_duration,
    "units": as_duration,
    "bytes": as_bytes,
    "listener": listener_port,
}


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and not (isinstance(value, bool) and kind in ("integer", "number"))


def _shown(value: Any) -> str:
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= 80 else text[:77] + "…"


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """ "; did you mean X?" when some known word is near."""
    near = difflib.get_close_matches(written[:100], list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def dotted(path: Path) -> str:
    """A path for people: sessions.stir.default_attest, ees.exporters[1].type."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
