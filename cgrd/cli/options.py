"""What the commands share: their common options, and how they say what went wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from cgrd.errors import CgrdError

__all__ = [
    "CONFIG",
    "SERVER",
    "ConfigPath",
    "Server",
    "failed",
    "show_table",
]

CONFIG = Path("/etc/cgrd")
ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="cgrd.toml, or a folder of TOML or of CGRateS JSON")]
SERVER = "127.0.0.1:2012"
Server = Annotated[str, typer.Option("--server", "-s", help="address of a running daemon's JSON-RPC")]


def failed(error: CgrdError) -> NoReturn:
    """Say what went wrong and end with status 1."""
    print(f"cgrd: {error}", file=sys.stderr)
    if error.explain:
        print(error.explain, file=sys.stderr)
    raise typer.Exit(1) from error


def show_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table: drawn on a terminal, lines with tabs for a program that reads on."""
    if not sys.stdout.isatty():
        for row in (heads, *rows):
            print("\t".join(row))
        return
    table = Table(*heads)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
