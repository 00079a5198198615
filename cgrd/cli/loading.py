"""`cgrd load FOLDER`: a tariff plan into a running daemon, or only checked."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import trio
import typer
from rich.console import Console

from cgrd.cli.options import SERVER, Server, failed
from cgrd.cli.progress import watched
from cgrd.cli.rpc import ask
from cgrd.codec import convert
from cgrd.errors import CgrdError
from cgrd.filters import Filters
from cgrd.profiles import FileProgress, Loaded, LoadOptions, PlanRefused, Profiles, all_kinds, load_folder


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(load)


def load(
    folder: Annotated[str, typer.Argument(help="folder, zip file, or URLs of the plan")],
    server: Server = SERVER,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="let the daemon check it against what it has, and load nothing")] = False,
    check: Annotated[bool, typer.Option("--check", help="check it here, without a daemon and what it has loaded")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="load nothing, and fail, where there is a warning")] = False,
) -> None:
    """Load a tariff plan, all or nothing; what is wrong with it is told by file, line and column, and what is odd is a warning."""
    console = Console(stderr=True)
    trying = check or dry_run or strict
    path = str(_absolute(folder))
    try:
        told = alone(partial(trio.run, partial(checked, folder, console) if check else partial(loaded, server, path, trying, console)))
        if strict and not (check or dry_run) and not warnings(told):
            told, trying = alone(partial(trio.run, partial(loaded, server, path, False, console))), False
    except PlanRefused as error:
        for fault in error.faults:
            print(fault)
        raise typer.Exit(1) from error
    except CgrdError as error:
        failed(error)
    for name in told.UnknownFiles:
        print(unknown(name), file=console.file)
    for note in told.Notes:
        print(note, file=console.file)
    print(outcome(told, only_checked=trying))
    if strict and warnings(told):
        print(f"cgrd: --strict: {warned(told)}, so this is a failure and nothing was loaded", file=sys.stderr)
        raise typer.Exit(1)


def warnings(told: Loaded) -> int:
    """How many warnings there are: what is odd, and files that nobody loads."""
    return len(told.Notes) + len(told.UnknownFiles)


def warned(told: Loaded) -> str:
    """Their number in words."""
    return f"{warnings(told)} warning{'s' * (warnings(told) != 1)}"


def outcome(told: Loaded, *, only_checked: bool) -> str:
    """What was done, in a line."""
    held = ", ".join(f"{count} {name}" for name, count in told.Records.items())
    if not held:
        return "nothing to load: no file of the plan has a row"
    if warnings(told):
        return f"the plan is good, with {warned(told)}; nothing was loaded: {held}" if only_checked else f"loaded, with {warned(told)}: {held}"
    return f"the plan is good, nothing was loaded: {held}" if only_checked else f"loaded: {held}"


def unknown(name: str) -> str:
    """What is said of a file that nobody loads."""
    meant = get_close_matches(name.rpartition("/")[2], [kind.file for kind in all_kinds()], n=1, cutoff=0.8)
    return f"{name}: left out, no installed plugin loads a file of that name{f'; is it meant to be {meant[0]}?' if meant else ''}"


def _absolute(folder: str) -> str | Path:
    return folder if "://" in folder else Path(folder).resolve()


def alone(work: Any) -> Any:
    """Do work that has a nursery; where it fails with one error, that error is raised and not a group.

    Raises:
        CgrdError: what the work raised.
    """
    try:
        return work()
    except BaseExceptionGroup as group:
        known = group.subgroup(CgrdError)
        while isinstance(known, BaseExceptionGroup):
            known = known.exceptions[0]  # type: ignore[assignment]
        if known is None:
            raise
        raise known from None


async def loaded(server: str, path: str, dry_run: bool, console: Console) -> Loaded:
    """Let a daemon load the plan.

    Raises:
        CgrdError: it cannot be reached, or refuses the plan.
    """

    async def look() -> Iterable[FileProgress]:
        found: Iterable[FileProgress] = convert(await _ask(server, "APIerSv1.GetLoadProgress", {"FolderPath": path}), list[FileProgress])
        return found

    async with watched(console, look, writes=not dry_run):
        told: Loaded = convert(await _ask(server, "APIerSv1.LoadPlan", {"FolderPath": path, "DryRun": dry_run}), Loaded)
    return told


async def _ask(server: str, method: str, params: Mapping[str, Any]) -> Any:
    return await trio.to_thread.run_sync(ask, server, method, params, abandon_on_cancel=True)


async def checked(folder: str, console: Console) -> Loaded:
    """What the plan holds.

    Raises:
        PlanRefused: what is wrong with it: file, line, column.
    """
    profiles = Profiles(kinds=all_kinds())
    profiles.use(Filters(lookup=profiles.filter))

    async def look() -> Iterable[FileProgress]:
        return [each for progress in profiles.under_way for each in progress.files.values()]

    async with watched(console, look, writes=False):
        load = await load_folder(profiles, folder, LoadOptions(dry_run=True, strict=True))
    return Loaded.of(load)
