"""`cgrd trace`: events of a running daemon live, hop by hop."""

from __future__ import annotations

import sys
import time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.tree import Tree

from cgrd.cli.options import SERVER, Server, failed
from cgrd.cli.rpc import ask
from cgrd.errors import CgrdError


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(trace)


def trace(
    server: Server = SERVER,
    once: Annotated[bool, typer.Option("--once", help="print what there is and end")] = False,
    details: Annotated[bool, typer.Option("--details", help="arguments and answers too")] = False,
) -> None:
    """Show every request as a tree of calls with their times."""
    console, last = Console(), 0
    try:
        while True:
            for request in ask(server, "CoreSv1.Trace", {"After": last}):
                console.print(tree_of(request, details=details))
                last = request["Number"]
            if once:
                if not last:
                    print("nothing to show yet: requests are watched from now on, for half a minute; ask again", file=sys.stderr)
                return
            time.sleep(0.5)
    except KeyboardInterrupt:
        return
    except CgrdError as error:
        failed(error)


def tree_of(request: dict[str, Any], *, details: bool) -> Tree:
    """A request's calls, each under the one that made it."""
    tree = Tree(_label(request, details))
    for call in request.get("Calls") or ():
        tree.add(tree_of(call, details=details))
    return tree


def _label(call: dict[str, Any], details: bool) -> str:
    outcome = f"[red]{call['Error']}[/red]" if call.get("Error") else "[green]ok[/green]"
    label = f"{call['Method']} → {call['Target']}  {int(call['Took']) / 1000:.0f} µs  {outcome}"
    return f"{label}\n[dim]{call.get('Args')}\n→ {call.get('Reply')}[/dim]" if details else label
