"""What the kernel and its users may expect of a plugin, checked: `assert_contract("blocklist")` in a plugin's own tests.

Each check gives its findings as sentences, so that one run tells everything that is missing.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import unquote, urlsplit

import jsonschema

from cgrd.codec import decode
from cgrd.component import Component, declared_methods
from cgrd.config.schema import inline
from cgrd.plugins import Plugin, Plugins, light_stages
from cgrd.testing.imports import forbidden_imports

HEADINGS = ("What it does", "Configuration", "Events in", "Events out", "Errors", "Limits")


def findings(name: str) -> list[str]:
    """Everything that an installed plugin lacks, a sentence each; none when it keeps the contract.

    Args:
        name: of its entry point, or of its distribution.

    Raises:
        LookupError: no plugin of that name is installed.
    """
    plugins = Plugins.installed()
    wanted = [plugin for plugin in plugins.found if name in (plugin.name, plugin.distribution)]
    if not wanted:
        raise LookupError(f"no plugin {name} is installed; there are {', '.join(plugin.distribution for plugin in plugins.found)}")
    return [found for plugin in wanted for found in _findings(plugin)]


def assert_contract(name: str) -> None:
    """Fail with all findings of a plugin."""
    found = findings(name)
    assert not found, "\n".join([f"{name} breaks the contract of plugins:", *found])


def _findings(plugin: Plugin) -> Iterator[str]:
    yield from readme_findings(plugin)
    yield from schema_findings(plugin)
    yield from forbidden_imports(plugin)
    plugins = Plugins([plugin])
    plugins.load({}, everything=True)
    if plugin.state == "broken":
        yield f"it cannot be loaded: {plugin.why}"
        return
    yield from stage_findings(plugin)
    for component in plugins.components():
        yield from method_findings(component)


def readme_findings(plugin: Plugin) -> Iterator[str]:
    """The README has the headings that all have."""
    text = _readme(plugin)
    if not text.strip():
        yield "no README, or an empty one: write README.md, name it in pyproject.toml (readme), and install again, unless it is installed with -e"
        return
    there = {line.lstrip("# ").strip() for line in text.splitlines() if line.startswith("#")}
    for heading in (*HEADINGS, *(("Standards",) if plugin.kind == "agent" else ())):
        if heading not in there:
            yield f"README.md has no heading {heading!r}"


def _readme(plugin: Plugin) -> str:
    """As it is in the distribution's metadata; of an editable installation as it is now."""
    if plugin.entry.dist is None:
        return ""
    source = decode(plugin.entry.dist.read_text("direct_url.json") or "{}")
    if source.get("dir_info", {}).get("editable"):
        file = Path(unquote(urlsplit(source["url"]).path)) / "README.md"
        return file.read_text() if file.exists() else ""
    return str(plugin.entry.dist.metadata.json.get("description", ""))


def schema_findings(plugin: Plugin) -> Iterator[str]:
    """Its config.schema.json is a JSON Schema, and each key has a description and a default."""
    schema = plugin.schema()
    if schema is None:
        return
    jsonschema.Draft202012Validator.check_schema(schema)
    yield from _undescribed(inline(schema), plugin.section)


def _undescribed(node: Any, path: str) -> Iterator[str]:
    for key, inner in (node.get("properties") or {}).items():
        here = f"{path}.{key}"
        if not inner.get("description"):
            yield f"config.schema.json: {here} has no description"
        if "default" not in inner and "properties" not in inner:
            yield f"config.schema.json: {here} has no default"
        yield from _undescribed(inner, here)
    items = node.get("items")
    if isinstance(items, dict):
        yield from _undescribed(items, f"{path}[]")


def stage_findings(plugin: Plugin) -> Iterator[str]:
    """A subsystem's stages are found where it is switched off, too."""
    if plugin.kind != "subsystem":
        return
    package, light = plugin.entry.value.partition(":")[0], light_stages(plugin)
    for made in plugin.given.get("cgrd_stages", ()):
        if made.edge and made not in light:  # one without an edge is its own driver's part
            text = f"the stage {made.called} ({made.run.__module__}.{made.run.__qualname__}) does not stand in the module {package}.stages"
            yield f"{text}: there it is found where the plugin is switched off, and a request that asks for it is told NOT_CONNECTED"


def method_findings(component: type[Component]) -> Iterator[str]:
    """Every function that is marked as a method says what it takes and gives, and what it does."""
    for name, attribute in declared_methods(component):
        yield from (f"{name} ({component.__name__}.{attribute}) {lack}" for lack in _lacks(getattr(component, attribute)))


def _lacks(function: Any) -> Iterator[str]:
    hints = get_type_hints(function)
    parameters = list(inspect.signature(function).parameters)[1:]
    if not inspect.getdoc(function):
        yield "has no docstring"
    for parameter in parameters[:1]:
        if parameter not in hints:
            yield "does not annotate its arguments: the kernel decodes them by their type"
    if "return" not in hints:
        yield "does not annotate what it answers"
