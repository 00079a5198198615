"""`cgrd words`: the words that rows, filters, attributes and exporters may hold, with what they mean, of all that is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from cgrd.cli.docstrings import first_part, whole
from cgrd.fields import CONVERTERS
from cgrd.fields.types import FIELD_TYPES
from cgrd.filters.types import BUILT_IN
from cgrd.plugins import Plugins

HEAD = """# Vocabulary

The words that tariff plans, profiles and exporters may hold, and what they mean. Made by `cgrd words --markdown` out of what is installed, plugins' words
with it; a test compares this page with those. `cgrd words "Action types"` prints one part.
"""
HEADINGS = {
    "cgrd_action_types": "Action types",
    "cgrd_filter_types": "Filter types",
    "cgrd_attribute_types": "Attribute types",
    "cgrd_converters": "Converters",
    "cgrd_metrics": "Metrics",
    "cgrd_sortings": "Sortings",
    "cgrd_exporters": "Exporters",
}
"""By the hook that adds to them."""

Words = dict[str, dict[str, tuple[str, str]]]
"""Heading → word → who gives it, and what it means."""


def add_to(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(words)


def words(
    heading: Annotated[str, typer.Argument(help='one part alone, as "Threshold types"')] = "",
    markdown: Annotated[bool, typer.Option("--markdown", help="as a page")] = False,
) -> None:
    """List the words of tariff plans and profiles: action types, threshold types, timings, filter types, metrics and the like."""
    found = vocabulary(installed())
    if markdown:
        print(page(found), end="")
        return
    chosen = {name: held for name, held in found.items() if heading.lower() in name.lower()}
    if not chosen:
        print(f"cgrd: there is no part {heading!r}; there are {', '.join(found)}", file=sys.stderr)
        raise typer.Exit(1)
    for name, held in chosen.items():
        print(f"{name}:")
        for word, (_, told) in held.items():
            print(f"  {word}\t{told}")


def installed() -> Plugins:
    """Every plugin that is installed, imported."""
    found = Plugins.installed()
    found.load({}, everything=True)
    return found


def vocabulary(plugins: Plugins) -> Words:
    """All words by heading; those of the kernel last, as they serve everybody."""
    found: Words = {}
    for plugin, given in plugins.given("cgrd_words"):
        for heading, more in given.items():
            found.setdefault(heading, {}).update(_told(more, plugin.distribution))
    for heading, more in _ours().items():
        found.setdefault(heading, {}).update(more)
    for hook, heading in HEADINGS.items():
        for plugin, given in plugins.given(hook):
            found.setdefault(heading, {}).update(_told(given, plugin.distribution))
    return found


def _told(given: Mapping[str, Any], by: str) -> Iterator[tuple[str, tuple[str, str]]]:
    for word, thing in given.items():
        alone = " Runs also without an account." if getattr(thing, "cgrd_without_account", False) else ""
        yield word, (by, whole(thing) + alone)


def _ours() -> Words:
    filters = {name: ("cgrd", told) for one in BUILT_IN for name, told in _forms(one)}
    types = {name: ("cgrd", whole(one.compile)) for name, one in FIELD_TYPES.items()}
    return {"Filter types": filters, "Attribute types": types, "Converters": {name: ("cgrd", whole(made)) for name, made in CONVERTERS.items()}}


def _forms(one: Any) -> Iterator[tuple[str, str]]:
    told = first_part(sys.modules[one.compile.__module__]).partition(": ")[2]
    also = [f"`*not{one.name[1:]}` negates it"] * one.negation + [f"`*ni{one.name[1:]}` is the same without an index"] * one.unindexed
    yield one.name, f"{told[:1].upper()}{told[1:]}" + (f" {', '.join(also)}." if also else "")


def page(found: Words) -> str:
    """The page: a table for each heading."""
    lines = [HEAD]
    for heading, held in found.items():
        lines += [f"## {heading}", "", "| word | what it means | given by |", "|---|---|---|"]
        lines += [f"| `{word}` | {told} | {by} |" for word, (by, told) in held.items()]
        lines += [""]
    return "\n".join(lines)
