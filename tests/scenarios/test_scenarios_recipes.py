"""The recipes of docs/RECIPES.md: each plan is loaded as it stands there, and calls are charged by it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cgrd.durations import HOUR, SECOND
from cgrd.errors import CgrdError
from cgrd.testing import web_receiver

RECIPES = Path(__file__).parents[2] / "docs" / "RECIPES.md"
_FILE = re.compile(r"^`(\w+\.csv)`.*?^```csv\n(.*?)^```", re.DOTALL | re.MULTILINE)


def cook(title: str, folder: Path, **changed: str) -> None:
    """Write the files of a recipe; `hook` stands for its web hook."""
    recipe = RECIPES.read_text().partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    for name, text in _FILE.findall(recipe):
        (folder / name).write_text(text.replace("http://127.0.0.1:9999", changed["hook"]))


async def test_who_spends_more_than_5_a_day_is_disabled_and_a_hook_is_called(office_at: Callable[..., Any], tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    plan.mkdir()
    async with web_receiver() as web, office_at(schedulers={"enabled": True}) as office:
        cook("Who spends more than 5 a day is disabled, and a web hook is called", plan, hook=web.url)
        assert {file.name for file in plan.iterdir()} == {"Actions.csv", "ActionTriggers.csv", "Timings.csv", "ActionPlans.csv", "AccountActions.csv"}
        told = await office.ask("APIerSv1.LoadPlan", FolderPath=str(plan))
        assert told["Notes"] == []
        await office.account("1001", cash="100")

        first = await spend(office, "first")
        assert not first.cut
        assert not web.posts
        await office.clock.advance(25 * HOUR)  # midnight was in between
        second = await spend(office, "second")
        assert not second.cut
        assert not web.posts
        third = await spend(office, "third")
        await web.until(lambda: web.posts)
        ((path, posted),) = web.posts
        assert (path, posted["ID"], posted["Disabled"]) == ("/hook", "cgrates.org:1001", True)
        assert third.cut
        with pytest.raises(CgrdError, match="ACCOUNT_DISABLED"):
            await office.call("later").authorize()
        await office.ask("APIerSv1.ExecuteAction", Tenant="cgrates.org", Account="1001", ActionsId="FORGIVE")
        assert not (await spend(office, "fourth")).cut


async def spend(office: Any, name: str) -> Any:
    """A call of 300 seconds, which cost 3, where it may go on for so long."""
    made = office.call(name)
    await made.start()
    await office.clock.advance(300 * SECOND)
    if not made.cut:
        await made.end()
    return made
