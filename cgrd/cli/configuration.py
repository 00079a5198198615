"""`cgrd check`, `cgrd config show|explain`, `cgrd plugins`: what a configuration means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cgrd.cli.options import CONFIG, ConfigPath, failed, show_table
from cgrd.config import as_json, as_toml, explain, load
from cgrd.errors import CgrdError
from cgrd.kernel import Kernel, schemas_of
from cgrd.plugins import Plugins
from cgrd.store import SqliteStore

if TYPE_CHECKING:
    from cgrd.config import Tree


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    config = typer.Typer(no_args_is_help=True, help="What the configuration says.")
    app.add_typer(config, name="config")
    app.command()(check)
    app.command()(plugins)
    config.command("show")(show)
    config.command("explain")(explain_key)


def assembled(path: Path) -> Kernel:
    """A daemon of that configuration, on a store in memory; nothing is started."""
    try:
        found = Plugins.installed()
        tree = load(path, schemas_of(found))
        found.load(tree.sections)
        return Kernel(tree=tree, plugins=found, store=SqliteStore.in_memory())
    except CgrdError as error:
        failed(error)


def _tree(path: Path) -> Tree:
    try:
        return load(path, schemas_of(Plugins.installed()))
    except CgrdError as error:
        failed(error)


def check(config: ConfigPath = CONFIG) -> None:
    """Say whether a daemon would start with this configuration, and what is doubtful in it."""
    kernel = assembled(config)
    for warning in kernel.tree.warnings:
        print(f"warning: {warning}")
    for plugin in kernel.plugins.broken():
        print(f"broken: {plugin.distribution}: {plugin.why}")
    components = ", ".join(sorted(kernel.house.components))
    print(f"{config} is good: {components}; {len(kernel.house.graph.methods)} methods")


def plugins(config: ConfigPath = CONFIG, no_config: Annotated[bool, typer.Option("--all", help="do not look at a configuration")] = False) -> None:
    """List the installed plugins: name, version, kind, state, what each contributes, and why one is not loaded."""
    found = Plugins.installed()
    if not no_config and config.exists():
        found.load(_tree(config).sections)
    heads = ("plugin", "version", "kind", "state", "contributes", "why")
    show_table(heads, [(plugin.distribution, plugin.version, plugin.kind, plugin.state, " ".join(plugin.contributes), plugin.why) for plugin in found.found])


def show(
    config: ConfigPath = CONFIG,
    section: Annotated[str, typer.Argument(help="one section; all when left out")] = "",
    as_json_text: Annotated[bool, typer.Option("--json", help="as JSON instead of TOML")] = False,
    only_set: Annotated[bool, typer.Option("--set", help="only what differs from the defaults")] = False,
) -> None:
    """Print the whole configuration as it takes effect; secrets are masked."""
    tree = _tree(config)
    if section:
        if section not in tree.sections:
            failed(CgrdError(f"no section {section}", explain=f"there are {', '.join(tree.sections)}"))
        tree = tree.copy()
        tree.sections = {section: tree.sections[section]}
    print(as_json(tree, only_set=only_set, masked=True) if as_json_text else as_toml(tree, only_set=only_set, masked=True))


def explain_key(key: Annotated[str, typer.Argument(help="section.key")], config: ConfigPath = CONFIG) -> None:
    """Tell a key's value, where it comes from, its default and what it means."""
    try:
        print(explain(_tree(config), key))
    except CgrdError as error:
        failed(error)
