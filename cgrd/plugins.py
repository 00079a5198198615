"""Find plugins by entry point, choose by configuration, import, check, and tell what became of each by its distribution's name."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pluggy
import structlog

from cgrd.codec import decode
from cgrd.component import Component
from cgrd.errors import PluginError
from cgrd.flows import Stage, stages_of
from cgrd.hookspecs import PROJECT, Hooks

GROUPS = {"cgrd.agents": "agent", "cgrd.subsystems": "subsystem", "cgrd.exporters": "exporter"}
KINDS_GROUP = "cgrd.kinds"
GIVEN = (
    "cgrd_components", "cgrd_stages", "cgrd_filter_types", "cgrd_converters", "cgrd_attribute_types", "cgrd_action_types", "cgrd_metrics",
    "cgrd_sortings", "cgrd_exporters", "cgrd_words",
)  # fmt: skip
"""The hooks that are asked when a plugin is loaded, once: what fails in them is the plugin's fault and breaks nobody else."""

log = structlog.get_logger("plugins")


@dataclass
class Plugin:
    """One installed plugin and what became of it.

    `state` is "off" (the configuration does not ask for it; not imported), "loaded" or "broken"; `why` says more about the latter.
    `given` is what its hooks gave, by hook.
    """

    entry: EntryPoint
    kind: str
    state: str = "off"
    why: str = ""
    module: ModuleType | None = None
    contributes: list[str] = field(default_factory=list)
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def distribution(self) -> str:
        return self.entry.dist.name if self.entry.dist else self.entry.value

    @property
    def version(self) -> str:
        return self.entry.dist.version if self.entry.dist else "?"

    @property
    def section(self) -> str:
        """Its configuration section: the entry point's name, `<name>_agent` for an agent, none for an exporter."""
        return {"agent": f"{self.name}_agent", "subsystem": self.name}.get(self.kind, "")

    def schema(self) -> dict[str, Any] | None:
        """The JSON Schema of its section, read without importing the plugin.

        Raises:
            PluginError: the file is no JSON Schema.
        """
        spec = importlib.util.find_spec(self.entry.value.partition(":")[0])
        if spec is None or spec.origin is None:
            return None
        path = Path(spec.origin).with_name("config.schema.json")
        if not path.exists():
            return None
        try:
            found = decode(path.read_bytes())
        except Exception as error:
            raise PluginError(f"{self.distribution}: {path} is no JSON: {error}") from error
        return found if isinstance(found, dict) else None


class Plugins:
    """Everything installed, and the pluggy manager of what is loaded."""

    def __init__(self, found: Iterable[Plugin]) -> None:
        self.found = list(found)
        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.add_hookspecs(Hooks)

    @classmethod
    def installed(cls) -> Plugins:
        """Find every plugin by its entry point; nothing is imported."""
        points = entry_points()
        return cls(Plugin(entry, kind) for group, kind in GROUPS.items() for entry in sorted(points.select(group=group), key=lambda e: e.name))

    def load(self, sections: Mapping[str, Mapping[str, Any]], *, everything: bool = False) -> None:
        """Import what the configuration asks for, or everything; a plugin that fails is marked broken and the others go on."""
        for plugin in self.found:
            if plugin.state == "broken":  # by an earlier configuration; it may be mended, or not be asked for any more
                plugin.state, plugin.why = "off", ""
            if plugin.state == "off" and (everything or is_wanted(plugin, sections)):
                self._load(plugin)

    def _load(self, plugin: Plugin) -> None:
        try:
            plugin.module = plugin.entry.load()
            self.manager.register(plugin.module, name=plugin.distribution)
            self._refuse_misspelt(plugin)
            kinds_of(plugin)
            plugin.given = {hook: getattr(plugin.module, hook)() for hook in GIVEN if hasattr(plugin.module, hook)}
        except Exception as error:
            plugin.state, plugin.why = "broken", f"{type(error).__name__}: {error}"
            if plugin.module is not None and self.manager.is_registered(plugin.module):
                self.manager.unregister(plugin.module)
            return
        plugin.state = "loaded"
        plugin.contributes = sorted(name for name in dir(plugin.module) if name.startswith("cgrd_") and callable(getattr(plugin.module, name)))

    def _refuse_misspelt(self, plugin: Plugin) -> None:
        try:
            self.manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginError(f"{plugin.distribution}: {error}; the hooks are listed in cgrd.hookspecs") from error
        for name, found in vars(plugin.module).items():
            if name.startswith("cgrd_") and isinstance(found, FunctionType) and not hasattr(found, f"{PROJECT}_impl"):
                raise PluginError(f"{plugin.distribution}: {name} looks like a hook but is not marked with @hookimpl")

    def broken(self) -> list[Plugin]:
        """Those that were asked for and cannot be used."""
        return [plugin for plugin in self.found if plugin.state == "broken"]

    def given(self, hook: str) -> list[tuple[Plugin, Any]]:
        """What each loaded plugin gave for a hook, in the order of their groups and names so that every start is alike."""
        return [(plugin, plugin.given[hook]) for plugin in self.found if plugin.state == "loaded" and hook in plugin.given]

    def components(self) -> list[type[Component]]:
        """The classes of all loaded plugins; agents last, for they speak when all others listen."""
        return [made for _, given in reversed(self.given("cgrd_components")) for made in given]

    def stages(self) -> list[Stage]:
        """The stages of all plugins, in the order of their names so that every start gives the same flows.

        Those of a subsystem that is off are there too: who asks for it is told that it is not connected, and not passed over in silence.
        """
        off = [made for plugin in self.found if plugin.state == "off" and plugin.kind == "subsystem" for made in _stages_of_unused(plugin)]
        return [*(made for _, given in self.given("cgrd_stages") for made in given), *off]

    def vocabulary(self, hook: str) -> dict[str, Any]:
        """The words that loaded plugins add (`cgrd_filter_types`, `cgrd_action_types`, …).

        Raises:
            PluginError: two plugins give the same word.
        """
        words: dict[str, Any] = {}
        for plugin, given in self.given(hook):
            if both := sorted(words.keys() & given.keys()):
                raise PluginError(f"{plugin.distribution} gives {both[0]} ({hook}), which another plugin gives already")
            words |= given
        return words


def light_stages(plugin: Plugin) -> list[Stage]:
    """The stages in the module `stages` of a plugin's package, which can be imported where the plugin is switched off; none without such a module."""
    name = f"{plugin.entry.value.partition(':')[0]}.stages"
    return stages_of(vars(importlib.import_module(name))) if importlib.util.find_spec(name) else []


def _stages_of_unused(plugin: Plugin) -> list[Stage]:
    try:
        return light_stages(plugin)
    except Exception as error:
        log.warning("the stages of a plugin cannot be read", distribution=plugin.distribution, error=str(error))
        return []


def is_wanted(plugin: Plugin, sections: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the configuration enables the plugin's section, or some enabled section has an edge to it or an exporter of its type."""
    if plugin.kind == "exporter":
        return _exports(plugin.name, sections.get("ees", {}))
    own = sections.get(plugin.section)
    if isinstance(own, Mapping) and own.get("enabled", True):
        return True
    if own and not isinstance(own, Mapping):  # a list of faces (`http_agent`) is enabled by having any
        return True
    edges = {f"{plugin.name}_conns", f"{plugin.name.removesuffix('s')}_conns"}
    return any(section.get(edge) for section in sections.values() if isinstance(section, Mapping) and section.get("enabled") for edge in edges)


def _exports(name: str, ees: Mapping[str, Any]) -> bool:
    types = (str(exporter.get("type", "")) for exporter in ees.get("exporters", ()))
    return bool(ees.get("enabled")) and any(name in re.split(r"[*_]+", word) for word in types)


def kinds_of(plugin: Plugin) -> list[Any]:
    """The profile kinds of one plugin's distribution.

    Raises:
        PluginError: they cannot be imported.
    """
    entries = entry_points(group=KINDS_GROUP)
    return [kind for entry in entries if entry.dist is not None and entry.dist.name == plugin.distribution for kind in _kinds_at(entry)]


def installed_kinds(*, left_out: Callable[[PluginError], object] | None = None) -> list[Any]:
    """The profile kinds of every installed plugin, enabled or not: profiles can be loaded where their service does not run.

    Args:
        left_out: told of each plugin whose kinds cannot be imported; the others' are given. Without it the first one is raised.

    Raises:
        PluginError: a plugin's kinds cannot be imported; named by its distribution.
    """
    kinds: list[Any] = []
    for entry in sorted(entry_points(group=KINDS_GROUP), key=lambda e: e.name):
        try:
            kinds.extend(_kinds_at(entry))
        except PluginError as error:
            if left_out is None:
                raise
            left_out(error)
    return kinds


def _kinds_at(entry: EntryPoint) -> list[Any]:
    try:
        return list(importlib.import_module(entry.value.partition(":")[0]).KINDS)
    except Exception as error:
        owner = entry.dist.name if entry.dist else entry.value
        raise PluginError(f"{owner}: its profile kinds cannot be loaded: {type(error).__name__}: {error}") from error
