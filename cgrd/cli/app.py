"""Every command but `run`; each file of this room adds its own, and plugins theirs."""

from __future__ import annotations

import typer

from cgrd.cli.plugged import Commands

HELP = "A charging daemon, and what helps to run it."
app = typer.Typer(name="cgrd", cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=HELP)


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(context: typer.Context) -> None:
    """Run one daemon in the foreground."""
    from cgrd.cli.run import main

    raise typer.Exit(main(context.args))


def _fill() -> None:
    from cgrd.cli import configuration, ledger, loading, methods, rpc, seeing, words

    for room in (configuration, methods, words, loading, rpc, ledger, seeing):
        room.add_to(app)


_fill()
