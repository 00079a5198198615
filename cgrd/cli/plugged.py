"""Commands of plugins (hook `cgrd_commands`) beside the kernel's own."""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import Any

from typer.core import TyperGroup
from typer.main import get_command

from cgrd.plugins import Plugins


class Commands(TyperGroup):
    """The kernel's commands, then those of plugins.

    Plugins are imported only when a word is none of ours or help is asked for: the kernel's own commands need not wait for them.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Every name, the kernel's first."""
        return [*super().list_commands(ctx), *sorted(self._more())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, None when nobody has one."""
        return super().get_command(ctx, cmd_name) or self._more().get(cmd_name)

    def _more(self) -> dict[str, Any]:
        if "plugged" not in self.__dict__:
            self.plugged = commands_of_plugins(taken=self.commands)
        return self.plugged


def commands_of_plugins(*, taken: Collection[str]) -> dict[str, Any]:
    """The commands of every installed plugin by name; what cannot be used is told on stderr by its distribution and left out.

    Args:
        taken: names that a plugin cannot have.
    """
    found, commands = Plugins.installed(), dict[str, Any]()
    found.load({}, everything=True)
    for plugin in found.broken():
        print(f"cgrd: {plugin.distribution} cannot be loaded: {plugin.why}", file=sys.stderr)
    for hook in found.manager.hook.cgrd_commands.get_hookimpls():
        try:
            offered: Any = hook.function()
            given = {name: _named(get_command(made), name) for name, made in offered.items()}
        except Exception as error:
            print(f"cgrd: the commands of {hook.plugin_name} cannot be used: {error}", file=sys.stderr)
            continue
        for name in sorted(given.keys() & {*taken, *commands}):
            print(f"cgrd: {hook.plugin_name} gives the command {name}, which is there already", file=sys.stderr)
        commands = given | commands
    return commands


def _named(command: Any, name: str) -> Any:
    command.name = name
    return command
