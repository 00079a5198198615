"""Stories of ResourceS, told to a daemon in memory."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from cgrd.errors import CgrdError, MandatoryMissing, NotFound, Wrong
from cgrd.kernel import Kernel
from cgrd.store import SqliteStore
from cgrd.testing import VirtualClock, call, kernel_in_memory

SECTIONS: dict[str, Any] = {"resources": {"enabled": True}, "apiers": {"enabled": True}}
SECOND = 1_000_000_000


async def resource(kernel: Kernel, id: str, *, limit: float, ttl: int = -1, **more: Any) -> None:
    await call(kernel, "APIerSv1.SetResourceProfile", ID=id, Limit=limit, UsageTTL=ttl, **more)


async def ask(kernel: Kernel, what: str, usage: str, fields: dict[str, Any] | None = None, **options: Any) -> Any:
    given = {"*rsUsageID": usage, **{f"*{name}": value for name, value in options.items()}}
    return await call(kernel, f"ResourceSv1.{what}", ID="e", Event=fields or {"Account": "1001"}, APIOpts=given)


async def used(kernel: Kernel, id: str) -> dict[str, int]:
    shown = await call(kernel, "ResourceSv1.GetResource", ID=id)
    return {name: usage["Units"] for name, usage in shown["Usages"].items()}


async def test_units_are_taken_and_given_back() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await resource(kernel, "R", limit=2, AllocationMessage="line 1")
        assert await ask(kernel, "AuthorizeResources", "u1") == "line 1"
        assert await used(kernel, "R") == {}
        assert await ask(kernel, "AllocateResources", "u1") == "line 1"
        assert await ask(kernel, "AllocateResources", "u2") == "line 1"
        with pytest.raises(CgrdError, match="RESOURCE_UNAVAILABLE"):
            await ask(kernel, "AllocateResources", "u3")
        with pytest.raises(CgrdError, match="RESOURCE_UNAUTHORIZED"):
            await ask(kernel, "AuthorizeResources", "u3")
        assert await ask(kernel, "ReleaseResources", "u1") == "OK"
        assert await ask(kernel, "AllocateResources", "u3") == "line 1"
        assert await used(kernel, "R") == {"u2": 1, "u3": 1}


async def test_the_same_usage_again_replaces_what_it_held() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await resource(kernel, "R", limit=2)
        await ask(kernel, "AllocateResources", "u", rsUnits=2)
        await ask(kernel, "AllocateResources", "u", rsUnits=1)
        assert await used(kernel, "R") == {"u": 1}


async def test_a_usage_ends_by_itself() -> None:
    clock = VirtualClock()
    async with kernel_in_memory(SECTIONS, clock=clock) as kernel:
        await resource(kernel, "R", limit=1, ttl=60 * SECOND)
        await ask(kernel, "AllocateResources", "u1")
        await clock.advance(59 * SECOND)
        with pytest.raises(CgrdError, match="RESOURCE_UNAVAILABLE"):
            await ask(kernel, "AllocateResources", "u2")
        await clock.advance(1 * SECOND)
        assert await used(kernel, "R") == {}
        assert await ask(kernel, "AllocateResources", "u2") == "R"


async def test_a_usage_of_no_time_is_granted_and_not_kept() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await resource(kernel, "R", limit=1, ttl=0)
        assert await ask(kernel, "AllocateResources", "u1") == "R"
        assert await ask(kernel, "AllocateResources", "u2") == "R"
        assert await used(kernel, "R") == {}


async def test_all_resources_of_an_event_are_used_until_a_blocker() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await resource(kernel, "FULL", limit=0, Weight=3)
        await resource(kernel, "STOP", limit=5, Weight=2, Blocker=True)
        await resource(kernel, "BELOW", limit=5, Weight=1)
        assert await ask(kernel, "AllocateResources", "u") == "STOP"
        assert (await used(kernel, "FULL"), await used(kernel, "STOP"), await used(kernel, "BELOW")) == ({"u": 1}, {"u": 1}, {})


async def test_what_was_never_taken_cannot_be_given_back() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await resource(kernel, "R", limit=1, ttl=60 * SECOND)
        with pytest.raises(Wrong, match="cannot find usage record with id: u"):
            await ask(kernel, "ReleaseResources", "u")


async def test_requests_must_be_whole() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        with pytest.raises(MandatoryMissing, match=r"\[ID Event\]"):
            await call(kernel, "ResourceSv1.AllocateResources")
        with pytest.raises(MandatoryMissing, match=r"\[UsageID\]"):
            await call(kernel, "ResourceSv1.AllocateResources", ID="e", Event={"Account": "1"})
        with pytest.raises(NotFound):
            await ask(kernel, "AllocateResources", "u")
        with pytest.raises(NotFound):
            await call(kernel, "ResourceSv1.GetResource", ID="NOPE")


async def test_the_usage_of_one_tenant_is_nothing_to_another() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await resource(kernel, "R", limit=1)
        with pytest.raises(NotFound):
            await call(kernel, "ResourceSv1.AllocateResources", Tenant="other.org", ID="e", Event={"A": "1"}, APIOpts={"*rsUsageID": "u"})
        assert await ask(kernel, "AllocateResources", "u") == "R"


async def test_usages_outlive_the_daemon(tmp_path: Path) -> None:
    clock = VirtualClock()
    async with kernel_in_memory(SECTIONS, clock=clock, store=SqliteStore.open(tmp_path / "cgrd.sqlite", clock=clock)) as kernel:
        await resource(kernel, "R", limit=2)
        await ask(kernel, "AllocateResources", "u1")
        await ask(kernel, "AllocateResources", "u2")
        await ask(kernel, "ReleaseResources", "u1")
    async with kernel_in_memory(SECTIONS, clock=clock, store=SqliteStore.open(tmp_path / "cgrd.sqlite", clock=clock)) as kernel:
        assert await used(kernel, "R") == {"u2": 1}


async def test_a_removed_resource_leaves_nothing() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await resource(kernel, "R", limit=2)
        await ask(kernel, "AllocateResources", "u")
        await call(kernel, "APIerSv1.RemoveResourceProfile", ID="R")
        await resource(kernel, "R", limit=2)
        assert await used(kernel, "R") == {}
        assert list(kernel.store.scan("resource")) == []


STEPS = st.lists(st.tuples(st.sampled_from("ar"), st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=40)


@given(steps=STEPS, limit=st.integers(0, 6))
@settings(max_examples=20, deadline=None)
def test_a_resource_never_exceeds_its_limit_however_many_ask_at_once(steps: list[tuple[str, int, int]], limit: int) -> None:
    async def story() -> None:
        async with kernel_in_memory(SECTIONS) as kernel:
            await resource(kernel, "R", limit=limit)

            async def one(what: str, id: int, units: int) -> None:
                with contextlib.suppress(CgrdError):
                    await ask(kernel, "AllocateResources" if what == "a" else "ReleaseResources", f"u{id}", rsUnits=units)
                assert sum((await used(kernel, "R")).values()) <= limit

            async with trio.open_nursery() as nursery:
                for step in steps:
                    nursery.start_soon(one, *step)

    trio.run(story)
