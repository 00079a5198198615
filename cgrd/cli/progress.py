"""A bar for each file of a plan that is loaded, on a terminal; nothing where nobody looks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

import trio
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from cgrd.errors import CgrdError
from cgrd.profiles import FileProgress

Look = Callable[[], Awaitable[Iterable[FileProgress]]]
"""Asks how far a load has come."""

PATIENCE_S = 0.3
"""A load that is over by then needs no bar."""
PAUSE_S = 0.1


class Bars:
    """Bars on a terminal; they vanish at the end.

    Args:
        console: where they are drawn.
        writes: whether rows will be written, or only read and checked.
    """

    def __init__(self, console: Console, *, writes: bool) -> None:
        self._steps = 3 if writes else 2
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"), TimeElapsedColumn())
        self._drawn = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._tasks: dict[str, TaskID] = {}

    def show(self, files: Iterable[FileProgress]) -> None:
        """Draw how far each file has come."""
        for each in files:
            if each.File not in self._tasks:
                self._drawn.start()
                self._tasks[each.File] = self._drawn.add_task(each.File, total=each.Rows * self._steps, told="")
            done = each.Read + each.Checked + (each.Written if self._steps == 3 else 0)
            self._drawn.update(self._tasks[each.File], completed=done, told=self._told(each))
        self._drawn.refresh()

    def _told(self, file: FileProgress) -> str:
        written = f", {file.Written:,} written" if self._steps == 3 else ""
        return f"{file.Read:,} read, {file.Checked:,} checked{written} of {file.Rows:,}"

    def stop(self) -> None:
        """Take them away."""
        self._drawn.stop()


@asynccontextmanager
async def watched(console: Console, look: Look, *, writes: bool) -> AsyncIterator[None]:
    """Draw bars while the block runs; without a terminal nobody is asked."""
    bars = Bars(console, writes=writes)
    try:
        async with trio.open_nursery() as nursery:
            if console.is_terminal:
                nursery.start_soon(_watch, bars, look)
            yield
            nursery.cancel_scope.cancel()
    finally:
        bars.stop()


async def _watch(bars: Bars, look: Look) -> None:
    await trio.sleep(PATIENCE_S)
    try:
        while True:
            bars.show(await look())
            await trio.sleep(PAUSE_S)
    except CgrdError:
        return  # bars are a courtesy: what became of the load, its own answer tells
