"""`cgrd methods`: what a daemon of a configuration serves, as lines or as a page beside the reference's list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from itertools import groupby
from typing import Annotated

import typer

from cgrd.arguments import Field, taken_by
from cgrd.cli.configuration import assembled
from cgrd.cli.docstrings import first_part
from cgrd.cli.options import CONFIG, ConfigPath, failed
from cgrd.component import Served
from cgrd.errors import CgrdError

HEAD = """# Methods

What a daemon with every subsystem in it serves, beside the methods of CGRateS. Made by `cgrd methods --markdown -c conf/cgrd.toml`; a test
compares this page with the daemon. `cgrd methods APIerSv1.GetCost -c conf/cgrd.toml` tells what a method takes, field by field.
Agents serve `AgentV1` to SessionS besides.
"""


def add_to(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(methods)


def methods(
    name: Annotated[str, typer.Argument(metavar="METHOD", help="tell of this one, as APIerSv1.GetCost: what it does and what it takes")] = "",
    config: ConfigPath = CONFIG,
    markdown: Annotated[bool, typer.Option("--markdown", help="as a page, with the methods of CGRateS that are not served")] = False,
) -> None:
    """List every method that a daemon of this configuration serves, and by which part; or tell what one of them takes."""
    graph = assembled(config).house.graph
    served = graph.methods
    if name:
        try:
            print(*story(graph.find(name)), sep="\n")
        except CgrdError as error:
            failed(error)
        return
    if markdown:
        print(page(served, reference_methods()), end="")
        return
    for each in sorted(served):
        print(f"{each}\t{served[each].owner}")


def story(served: Served) -> Iterator[str]:
    """What a method does and takes: a line for each field, those of objects beneath them."""
    taken = taken_by(served.args)
    yield f"{served.name} (served by {served.owner}): {first_part(served.handler)}".removesuffix(": ")
    yield f"takes {taken.Kind}{f': {taken.Meaning}' if taken.Meaning else ''}"
    yield from _lines(taken.Fields or (), depth=1)


def _lines(fields: Iterable[Field], *, depth: int) -> Iterator[str]:
    for field in fields:
        yield f"{'  ' * depth}{field.Name}: {field.Kind}"
        yield from _lines(field.Fields or (), depth=depth + 1)


def reference_methods() -> list[str]:
    """The names of CGRateS' methods, `Service.Method`."""
    return files("cgrd.cli").joinpath("reference_methods.txt").read_text().split()


def page(served: Mapping[str, Served], reference: Iterable[str]) -> str:
    """The page: a table for each service, the reference's first."""
    theirs = set(reference)
    count = sum(name in served for name in theirs)
    lines = [HEAD, f"{count} of the {len(theirs)} methods of CGRateS are served, and {len(served.keys() - theirs)} more."]
    for service, names in groupby(sorted(theirs | served.keys()), key=lambda name: name.partition(".")[0]):
        lines += ["", f"## {service}", "", "| method | served by | what it does |", "|---|---|---|", *_rows(list(names), served, theirs)]
    return "\n".join(lines) + "\n"


def _rows(names: list[str], served: Mapping[str, Served], theirs: set[str]) -> Iterator[str]:
    for name in names:
        method = served.get(name)
        own = "" if name in theirs else " (cgrd's own)"
        yield f"| {name.partition('.')[2]} | {method.owner + own if method else 'not yet'} | {first_part(method.handler) if method else ''} |"
