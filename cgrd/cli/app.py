"""Every command but `run`; each file of this room adds its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cgrd.errors import CgrdError

app = typer.Typer(name="cgrd", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

CONFIG = Path("/etc/cgrd")
ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="cgrd.toml, or a folder of TOML or of CGRateS JSON")]
Server = Annotated[str, typer.Option("--server", "-s", help="address of a running daemon's JSON-RPC")]
SERVER = "127.0.0.1:2012"


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(context: typer.Context) -> None:
    """Run one daemon in the foreground."""
    from cgrd.cli.run import main

    raise typer.Exit(main(context.args))


def failed(error: CgrdError) -> NoReturn:
    """Say what went wrong and end with status 1."""
    print(f"cgrd: {error}", file=sys.stderr)
    if error.explain:
        print(error.explain, file=sys.stderr)
    raise typer.Exit(1) from error


def _fill() -> None:
    from cgrd.cli import configuration, ledger, loading, rpc, seeing

    for room in (configuration, loading, rpc, ledger, seeing):
        room.add_to(app)


_fill()
