"""How far a load has come, as it is drawn and as it is told."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pytest
import trio
from rich.console import Console
from trio.testing import MockClock

from cgrd.cli.loading import outcome, unknown
from cgrd.cli.progress import Bars, watched
from cgrd.errors import CgrdError
from cgrd.filters import Filters
from cgrd.profiles import FileProgress, Loaded, Profiles, Progress, all_kinds, all_methods, load_files

HALF = [FileProgress(File="Destinations.csv", Rows=100_000, Read=100_000, Checked=50_000, Written=0)]


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=120)


def drawn(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_bar_names_file_and_rows() -> None:
    console = terminal()
    bars = Bars(console, writes=True)
    bars.show(HALF)
    assert "Destinations.csv" in drawn(console)
    assert "100,000 read, 50,000 checked, 0 written of 100,000" in drawn(console)
    bars.stop()


def test_a_check_writes_nothing_and_says_nothing_of_it() -> None:
    console = terminal()
    bars = Bars(console, writes=False)
    bars.show(HALF)
    bars.stop()
    assert "50,000 checked of 100,000" in drawn(console)
    assert "written" not in drawn(console)


async def test_without_a_terminal_nobody_is_asked_and_nothing_is_drawn(autojump_clock: MockClock) -> None:
    async def look() -> Iterable[FileProgress]:
        raise AssertionError("nobody looks")

    console = Console(file=io.StringIO(), force_terminal=False)
    async with watched(console, look, writes=True):
        await trio.sleep(10)
    assert drawn(console) == ""


async def test_a_short_load_draws_nothing(autojump_clock: MockClock) -> None:
    async def look() -> Iterable[FileProgress]:
        return HALF

    console = terminal()
    async with watched(console, look, writes=True):
        await trio.sleep(0.1)
    assert "Destinations.csv" not in drawn(console)


@pytest.mark.parametrize("fails", [False, True])
async def test_a_long_load_is_watched_and_goes_on_where_watching_fails(fails: bool, autojump_clock: MockClock) -> None:
    looks = 0

    async def look() -> Iterable[FileProgress]:
        nonlocal looks
        looks += 1
        if fails:
            raise CgrdError("no answer")
        return HALF

    console = terminal()
    async with watched(console, look, writes=True):
        await trio.sleep(1)
    assert (looks == 1) if fails else (5 < looks < 9)
    assert ("Destinations.csv" in drawn(console)) is not fails


async def test_a_load_under_way_tells_how_many_rows_of_each_file_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cgrd.profiles.plan.PIECE_NS", -1)  # others get their turn after every step
    profiles = Profiles(kinds=all_kinds())
    profiles.use(Filters(lookup=profiles.filter))
    count = 6_000
    files = [
        ("plan/Destinations.csv", "".join(f"D{i},{i}7\n" for i in range(count))),
        ("plan/Chargers.csv", "cgrates.org,C,,,run,,0\n"),
        ("plan/Nothing.csv", "a\n"),
    ]
    progress = Progress("plan")
    seen: list[tuple[int, int, int]] = []

    async def watch() -> None:
        while True:
            await trio.lowlevel.checkpoint()
            if progress.files:
                file = progress.files["plan/Destinations.csv"]
                seen.append((file.Read, file.Checked, file.Written))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch)
        await load_files(profiles, files, progress=progress)
        nursery.cancel_scope.cancel()
    assert list(progress.files) == ["plan/Destinations.csv", "plan/Chargers.csv"]
    assert [(file.Rows, file.Read, file.Checked, file.Written) for file in progress.files.values()] == [(count,) * 4, (1,) * 4]
    assert seen == sorted(seen)
    assert len(set(seen)) > 6


async def test_who_asks_for_another_folder_is_told_nothing() -> None:
    profiles = Profiles(kinds=all_kinds())
    (method,) = [method for method in all_methods(profiles) if method.name == "APIerSv1.GetLoadProgress"]
    progress = Progress("/plans/one")
    progress.expect([("Rates.csv", "a\nb")])
    profiles.under_way.append(progress)
    assert method.handler(method.args(FolderPath="/plans/two")) == []
    assert method.handler(method.args(FolderPath="/plans/one")) == [FileProgress(File="Rates.csv", Rows=2)]


def test_a_file_of_an_unknown_name_is_told_with_what_may_be_meant() -> None:
    assert unknown("plan/Destination.csv").endswith("is it meant to be Destinations.csv?")
    assert unknown("plan/Fruit.csv").endswith("no installed plugin loads a file of that name")


def test_what_was_loaded_is_told_by_kind() -> None:
    assert outcome(Loaded({"Rates": 2, "Filter": 1}, ()), only_checked=False) == "loaded: 2 Rates, 1 Filter"
    assert outcome(Loaded({"Rates": 2}, ()), only_checked=True) == "the plan is good, nothing was loaded: 2 Rates"
    assert outcome(Loaded({}, ()), only_checked=False).startswith("nothing to load")
