"""ConfigSv1: the configuration asked for and changed while the daemon runs.

A change is whole or not at all: the new tree is built beside the old one, checked, and handed to `apply`; if any of it fails, the
old tree stays. (The reference leaves a half-changed configuration behind when SetConfigFromJSON fails its checks.)
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import msgspec
import trio

from cgrd.codec import encode
from cgrd.component import Served, method, methods_of
from cgrd.config.load import defaults, overlaid
from cgrd.config.render import is_shown, render
from cgrd.config.sources import Source, dialect_of, from_text, read
from cgrd.config.tree import Tree
from cgrd.errors import ConfigurationError, MandatoryMissing, Wrong

_ALL = ("", "*all")


class SectionArgs(msgspec.Struct, kw_only=True):
    """Which section is asked for; "" and "*all" are every one."""

    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None
    Section: str = ""


class ReloadArgs(msgspec.Struct, kw_only=True):
    """Where to read from, and which section is taken; with `DryRun` it is only checked."""

    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None
    Path: str = ""
    Section: str = ""
    DryRun: bool = False


class SetConfigArgs(msgspec.Struct, kw_only=True):
    """Sections with the keys to change."""

    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None
    Config: dict[str, Any] | None = None
    DryRun: bool = False


class SetConfigFromJSONArgs(msgspec.Struct, kw_only=True):
    """The same as CGRateS JSON text."""

    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None
    Config: str = ""
    DryRun: bool = False


class ConfigService:
    """Answers ConfigSv1 and reloads.

    Args:
        tree: the configuration the daemon started with.
        apply: brings a checked tree into effect; may be async; when it raises, the old tree stays in force.
        env: where `*env:NAME` is looked up.
    """

    def __init__(
        self,
        *,
        tree: Tree,
        apply: Callable[[Tree], Awaitable[None] | None] | None = None,
        env: Mapping[str, str] = os.environ,
    ) -> None:
        self.tree = tree
        self._apply = apply
        self._env = env
        self._changing = trio.Lock()

    def served(self) -> Iterator[Served]:
        """The methods, for the graph."""
        return methods_of(self, owner="configs")

    @method("ConfigSv1.GetConfig")
    def get_config(self, args: SectionArgs) -> dict[str, Any]:
        """One section or all, by name, in the reference's form."""
        if args.Section in _ALL:
            return {name: render(self.tree, name) for name in self.tree.sections if is_shown(self.tree, name)}
        if not is_shown(self.tree, args.Section):
            raise Wrong("Invalid section", explain=f"no section {args.Section!r}; there are {', '.join(self.tree.sections)}")
        return {args.Section: render(self.tree, args.Section)}

    @method("ConfigSv1.GetConfigAsJSON")
    def get_config_as_json(self, args: SectionArgs) -> str:
        """The same as one JSON text with its keys in order."""
        return msgspec.json.encode(msgspec.json.decode(encode(self.get_config(args))), order="sorted").decode()

    @method("ConfigSv1.ReloadConfig")
    async def reload_config(self, args: ReloadArgs) -> str:
        """Read files again and take a section, or all, from them."""
        if not args.Path:
            raise MandatoryMissing("Path", explain="the directory or file to read")
        if args.Section not in _ALL:
            self._known([args.Section])
        async with self._changing:
            sources = await trio.to_thread.run_sync(self._read, args.Path)
            names = None if args.Section in _ALL else [args.Section]
            await self._take(overlaid(self._ground(names), sources, sections=names), dry=args.DryRun)
        return "OK"

    @method("ConfigSv1.SetConfig")
    async def set_config(self, args: SetConfigArgs) -> str:
        """Change keys of sections."""
        if args.Config:
            self._known(args.Config)
            async with self._changing:
                await self._take(overlaid(self.tree, [Source("SetConfig", args.Config)]), dry=args.DryRun)
        return "OK"

    @method("ConfigSv1.SetConfigFromJSON")
    async def set_config_from_json(self, args: SetConfigFromJSONArgs) -> str:
        """Change keys of sections, told as text."""
        if args.Config:
            async with self._changing:
                await self._take(overlaid(self.tree, [from_text(args.Config, self._env)]), dry=args.DryRun)
        return "OK"

    async def reload(self, path: str = "") -> None:
        """Read everything again from where the daemon started (SIGHUP), or from another place."""
        await self.reload_config(ReloadArgs(Path=path or self.tree.path))

    def _known(self, sections: Any) -> None:
        for section in sections:
            if section not in self.tree.schemas:
                raise Wrong(f"Invalid section: <{section}>", explain=f"there are {', '.join(self.tree.schemas)}")

    def _read(self, path: str) -> list[Source]:
        dialect = dialect_of(path)
        if dialect != self.tree.dialect:
            raise ConfigurationError(f"{path} is a {dialect} configuration, the daemon runs on a {self.tree.dialect} one; start it anew instead")
        return read(path, dialect, self._env)

    def _ground(self, sections: list[str] | None) -> Tree:
        """What files are laid over: what is in force, as in the reference; in TOML the defaults, so that a key removed from the file is gone."""
        if self.tree.dialect == "cgrates":
            return self.tree
        fresh = defaults(self.tree.schemas, "toml", path=self.tree.path)
        if sections is None:
            return fresh
        ground = self.tree.copy()
        for section in sections:
            ground.sections[section] = fresh.sections[section]
            ground.origins = {path: origin for path, origin in ground.origins.items() if path[0] != section}
        return ground

    async def _take(self, tree: Tree, *, dry: bool) -> None:
        if dry:
            return
        if self._apply is not None:
            done = self._apply(tree)
            if inspect.isawaitable(done):
                await done
        self.tree = tree
