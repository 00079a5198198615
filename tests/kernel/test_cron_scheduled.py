"""Profiles that are worked on by their schedule: who is on the timetable, and what a change of a profile does to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
import structlog
import trio

from cgrd.cron import ScheduledProfiles
from cgrd.durations import MINUTE
from cgrd.errors import PartiallyExecuted
from cgrd.profiles import Kind, ProfileTable, column
from cgrd.testing import VirtualClock


class Round(msgspec.Struct):
    """Something done again and again."""

    Tenant: str
    ID: str
    Schedule: str = "@every 1m"


KIND = Kind(name="Round", record=Round, file="", model="", order=1, columns=(column("Tenant"), column("ID"), column("Schedule")), stored=False)


class Story:
    """Three profiles of one tenant, and what was worked on."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.table = ProfileTable(kind=KIND)
        self.done: list[str] = []
        for id in ("A", "B", "C"):
            self.table.set(Round("t", id))
        services: Any = SimpleNamespace(clock=self.clock, profiles={"Round": self.table}, log=structlog.get_logger)
        self.scheduled = ScheduledProfiles(services=services, kind="Round", log="rounds", run=self._run)

    async def _run(self, profile: Round) -> None:
        self.done.append(profile.ID)
        if profile.ID == "C":
            raise ArithmeticError("C never works")

    async def after_minutes(self, minutes: int) -> list[str]:
        """What was done in that time."""
        self.done.clear()
        for _ in range(minutes):
            await self.clock.advance(MINUTE)
        return sorted(self.done)

    def ids(self) -> list[str]:
        return [each.id for each in self.scheduled.of("t", [])]


@asynccontextmanager
async def serving(scheduled: dict[str, list[str]] | None) -> AsyncIterator[Story]:
    story = Story()
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: story.scheduled.serve(scheduled, task_status=cast("trio.TaskStatus[None]", task_status)))
        yield story
        nursery.cancel_scope.cancel()


async def test_those_that_the_configuration_names_are_worked_on_and_no_others() -> None:
    async with serving({"t": ["A"]}) as story:
        assert await story.after_minutes(2) == ["A", "A"]


async def test_a_tenant_without_ids_means_all_of_them_and_one_that_fails_is_done_again() -> None:
    async with serving({"t": []}) as story:
        assert await story.after_minutes(2) == ["A", "A", "B", "B", "C", "C"]


async def test_what_cannot_be_scheduled_is_told_and_the_others_are() -> None:
    async with serving(None) as story:
        assert story.scheduled.schedule("t", ["B"]) == 1
        with pytest.raises(PartiallyExecuted) as told:
            story.scheduled.schedule("t", ["NOPE", "A"])
        assert "t:NOPE" in told.value.explain
        assert story.ids() == ["A", "B"]


async def test_a_profile_that_changes_takes_its_new_schedule_and_one_that_goes_is_off() -> None:
    async with serving({"t": ["A", "B"]}) as story:
        story.table.set(Round("t", "A", "@every 3m"))
        story.table.set(Round("t", "C", "@every 1m"))
        story.table.remove("t", "B")
        assert (story.ids(), await story.after_minutes(3)) == (["A"], ["A"])


async def test_a_schedule_that_becomes_none_takes_the_profile_off() -> None:
    async with serving({"t": ["A"]}) as story:
        story.table.set(Round("t", "A", "now and then"))
        assert (story.ids(), await story.after_minutes(2)) == ([], [])
