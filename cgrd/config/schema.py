"""Every section's JSON Schema: the kernel's own, and those that plugins bring.

Besides JSON Schema's words a schema may use ours; JSON Schema's own validators ignore them:

| word | meaning |
|---|---|
| `"$ref": "cgrd:conns"` | one of the shapes in schemas/shared.json: conns, field, fields, processor, processors, item, partition |
| `x-toml-default` | the default in a native TOML configuration, where it is safer than the reference's |
| `x-unset` | the key stays out of the tree until it is set; `default` says what is then used |
| `x-danger` | what the reference's default costs; a CGRateS configuration that leaves it so is told |
| `x-native` | a key or section that the reference does not have; a CGRateS configuration's GetConfig does not print it |
| `x-not-served` | setting it (or one of these values) is taken with the warning "not served yet" |
| `x-merge` | `by-id`: list elements are matched by their id; `replace-entries`: an entry of a CGRateS map replaces the former whole |
| `x-template` | a new element of a by-id list starts as a copy of the element `*default` |
| `x-blank` | what an entry of a replace-entries map starts from |
| `x-strict` | unknown keys are errors in a CGRateS configuration too |
| `x-default-from` | empty means the value of this other key beside it |
| `x-database` | a cache partition of stored records: switched off where the store is in memory anyway |
| `x-public-needs` | settings of which one must be there before this listener may be public |
| `x-secret` | not shown to people |
| `x-section` | the section's name, where it is not the plugin's |
| `x-edges` | of a plugin's section: the drivers that get a key `<plugin>_conns`, because the plugin has stages in their flows |
| `x-print`, `x-print-as` | how GetConfig of the reference writes the key (cgrd.config.render) |
| `format` | `duration`, `bytes`, `units` (a number or a duration), `listener` ("host:port") |
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

from cgrd.codec import decode
from cgrd.errors import PluginError

Node = dict[str, Any]

_WALKED = {
    *(
        "$schema",
        "$id",
        "title",
        "description",
        "type",
        "enum",
        "default",
        "properties",
        "additionalProperties",
        "items",
    ),
    *("minimum", "maximum", "format", "examples"),
}


class PluginSchema(Protocol):
    """What the plugin loader knows of a plugin before importing it."""

    @property
    def section(self) -> str:
        """Its configuration section."""

    @property
    def distribution(self) -> str:
        """The name of its package."""

    def schema(self) -> Node | None:
        """The content of its config.schema.json, if it has one."""


@lru_cache(1)
def _shipped() -> dict[str, Any]:
    folder = files("cgrd.config") / "schemas"
    return {entry.name: decode(entry.read_bytes()) for entry in folder.iterdir() if entry.name.endswith(".json")}


def inline(node: Any) -> Any:
    """The schema with every `cgrd:` reference replaced by the shared shape, its own words laid over it."""
    if isinstance(node, list):
        return [inline(each) for each in node]
    if not isinstance(node, dict):
        return node
    own = {word: value if word in ("default", "x-toml-default", "enum") else inline(value) for word, value in node.items() if word != "$ref"}
    reference = node.get("$ref", "")
    return {**_shape(reference), **own} if reference.startswith("cgrd:") else own


@lru_cache
def _shape(reference: str) -> Node:
    shared = _shipped()["shared.json"]
    name = reference.removeprefix("cgrd:")
    if name not in shared:
        raise PluginError(f"a schema refers to {reference}; the shared shapes are {', '.join(shared)}")
    shape: Node = inline(shared[name])
    return shape


@lru_cache(1)
def _kernel() -> dict[str, Node]:
    return {name.removesuffix(".schema.json"): inline(found) for name, found in sorted(_shipped().items()) if name.endswith(".schema.json")}


class Schemas:
    """The sections that a configuration may have."""

    def __init__(self) -> None:
        self._sections: dict[str, Node] = {}
        self._package: dict[str, str] = {}

    @classmethod
    def kernel(cls) -> Schemas:
        """The kernel's own sections, and those of plugins that are known but may not be installed."""
        made = cls()
        made._sections.update(_kernel())
        return made

    def add(self, section: str, schema: Node, *, package: str) -> None:
        """Take the section of a plugin.

        Raises:
            PluginError: another plugin has the section already.
        """
        if (owner := self._package.get(section)) is not None:
            raise PluginError(f"{package} brings the configuration section {section}, which {owner} has; remove one of the packages")
        self._sections[section] = inline(schema)
        self._package[section] = package

    def add_plugin(self, plugin: PluginSchema) -> None:
        """Take the section of an installed plugin, which is not imported; a plugin without a schema file serves the kernel's section."""
        if (schema := plugin.schema()) is not None:
            self.add(str(schema.get("x-section", plugin.section)), schema, package=plugin.distribution)
        elif plugin.section in self._sections:
            self._package[plugin.section] = plugin.distribution

    def add_file(self, file: Path, *, package: str) -> None:
        """Take the section of a config.schema.json, whose `x-section` names it."""
        schema = decode(file.read_bytes())
        self.add(schema["x-section"], schema, package=package)

    def add_key(self, section: str, key: str, schema: Node) -> None:
        """Give a section one more key (`blocklist_conns` for a stage that a stranger adds to a driver); a key that is there stays."""
        known = self._sections[section]
        if key not in known.get("properties", {}):
            self._sections[section] = {**known, "properties": {**known.get("properties", {}), key: inline(schema)}}

    def __getitem__(self, section: str) -> Node:
        return self._sections[section]

    def __contains__(self, section: object) -> bool:
        return section in self._sections

    def __iter__(self) -> Iterator[str]:
        return iter(self._sections)

    def package_for(self, section: str) -> str:
        """The package that must be installed for a section to be served; "" when nothing is missing or nothing is known of it."""
        needed: str = _shipped()["packages.json"].get(section, "")
        return "" if section in self._package else needed


def beyond_the_walk(node: Node) -> bool:
    """Whether a schema says more than the built-in walk checks (pattern, oneOf, …), so that jsonschema is needed."""
    if any(word not in _WALKED and not word.startswith("x-") for word in node):
        return True
    inner = [*node.get("properties", {}).values(), node.get("items"), node.get("additionalProperties")]
    return any(beyond_the_walk(each) for each in inner if isinstance(each, dict))
