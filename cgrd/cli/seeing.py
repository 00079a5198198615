"""`cgrd trace`: events of a running daemon live, hop by hop."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
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
    method: Annotated[list[str] | None, typer.Option("--method", help="only requests of this method, as 'SessionSv1.*'; may be given again")] = None,
    without: Annotated[list[str] | None, typer.Option("--not", help="no requests of this method, as '*.Get*'; may be given again")] = None,
) -> None:
    """Show every request as a tree of calls with their times."""
    console, last = Console(), 0
    try:
        while True:
            for request in ask(server, "CoreSv1.Trace", {"After": last}):
                last = request["Number"]
                if is_wanted(request["Method"], method or ["*"], without or []):
                    console.print(tree_of(request, details=details))
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
    """A request's calls, each under the one that made it; the request itself with whom it is about."""
    tree = _branch(request, details)
    if about := about_whom(request.get("Args")):
        tree.label = f"{tree.label}  [cyan]{escape(about)}[/cyan]"
    return tree


def is_wanted(method: str, wanted: Iterable[str], unwanted: Iterable[str]) -> bool:
    """Whether a method is one of the wanted patterns, and none of the unwanted."""
    return any(fnmatchcase(method, each) for each in wanted) and not any(fnmatchcase(method, each) for each in unwanted)


def about_whom(args: Any) -> str:
    """Account, destination and call (OriginID or CGRID) that a request names, in its event or by itself; a debit names its call so."""
    if not isinstance(args, dict):
        return ""
    event = args["Event"] if isinstance(args.get("Event"), dict) else args
    names = [event.get("Account"), event.get("Destination"), event.get("OriginID") or event.get("CGRID") or event.get("CgrID")]
    return " ".join(str(name) for name in names if name)


def _branch(request: dict[str, Any], details: bool) -> Tree:
    tree = Tree(_label(request, details))
    for call in request.get("Calls") or ():
        tree.add(_branch(call, details))
    return tree


def _label(call: dict[str, Any], details: bool) -> str:
    outcome = f"[red]{call['Error']}[/red]" if call.get("Error") else "[green]ok[/green]"
    label = f"{call['Method']} → {call['Target']}  {int(call['Took']) / 1000:.0f} µs  {outcome}"
    return f"{label}\n[dim]{call.get('Args')}\n→ {call.get('Reply')}[/dim]" if details else label
