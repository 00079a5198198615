"""`cgrd load FOLDER`: a tariff plan into a running daemon, or only checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import trio
import typer
from rich.console import Console

from cgrd.cli.options import SERVER, Server, failed
from cgrd.cli.rpc import ask
from cgrd.errors import CgrdError
from cgrd.filters import Filters
from cgrd.profiles import PlanRefused, Profiles
from cgrd.profiles.plan import Load, load_files
from cgrd.profiles.source import read_source
from cgrd.profiles.tables import all_kinds


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(load)


def load(
    folder: Annotated[str, typer.Argument(help="folder, zip file, or URLs of the plan")],
    server: Server = SERVER,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="let the daemon check it against what it has, and load nothing")] = False,
    check: Annotated[bool, typer.Option("--check", help="check it here, without a daemon")] = False,
) -> None:
    """Load a tariff plan, all or nothing."""
    console = Console(stderr=True)
    try:
        if check:
            with console.status(f"checking {folder}"):
                told = trio.run(checked, folder)
            print(", ".join(f"{count} {name}" for name, count in told.counts.items()) or "nothing to load")
            return
        with console.status(f"loading {folder}"):
            ask(server, "APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(_absolute(folder)), "DryRun": dry_run})
    except PlanRefused as error:
        for fault in error.faults:
            print(fault)
        raise typer.Exit(1) from error
    except CgrdError as error:
        failed(error)
    print("the plan is good; nothing was loaded" if dry_run else "loaded")


def _absolute(folder: str) -> str | Path:
    return folder if "://" in folder else Path(folder).resolve()


async def checked(folder: str) -> Load:
    """What the plan holds.

    Raises:
        PlanRefused: what is wrong with it: file, line, column.
    """
    profiles = Profiles(kinds=all_kinds())
    profiles.use(Filters(lookup=profiles.filter))
    return await load_files(profiles, await read_source(folder, file_names=[kind.file for kind in profiles.kinds]), dry_run=True)
