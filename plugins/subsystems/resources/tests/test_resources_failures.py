"""What ResourceS does when the disk or a threshold fails, and whom it tells."""

from __future__ import annotations

from typing import Any

import pytest

from cgrd.errors import PartiallyExecuted, StoreError
from cgrd.kernel import Kernel
from cgrd.testing import Disk, VirtualClock, call, kernel_in_memory, store_on

SECTIONS: dict[str, Any] = {
    "resources": {"enabled": True, "thresholds_conns": ["*internal"]},
    "thresholds": {"enabled": True},
    "apiers": {"enabled": True},
}


async def ask(kernel: Kernel, what: str, usage: str) -> Any:
    return await call(kernel, f"ResourceSv1.{what}", ID="e", Event={"Account": "1001"}, APIOpts={"*rsUsageID": usage})


async def used(kernel: Kernel) -> set[str]:
    return set((await call(kernel, "ResourceSv1.GetResource", ID="R"))["Usages"])


async def test_what_could_not_be_committed_was_not_taken_and_not_given_back() -> None:
    disk, clock = Disk(), VirtualClock()
    sections = {"resources": {"enabled": True}, "apiers": {"enabled": True}}
    async with kernel_in_memory(sections, clock=clock, store=store_on(disk, clock=clock)) as kernel:
        await call(kernel, "APIerSv1.SetResourceProfile", ID="R", Limit=2, UsageTTL=-1)
        await ask(kernel, "AllocateResources", "u1")
        disk.broken = "disk full"
        for what, usage in (("AllocateResources", "u2"), ("ReleaseResources", "u1")):
            with pytest.raises(StoreError):
                await ask(kernel, what, usage)
        disk.broken = ""
        assert await used(kernel) == {"u1"}
        assert await ask(kernel, "AllocateResources", "u2") == "R"


async def test_thresholds_are_told_after_every_change() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        filters = ["*string:~*opts.*eventType:ResourceUpdate", "*gte:~*req.Usage:2"]
        await call(kernel, "APIerSv1.SetThresholdProfile", ID="TH", FilterIDs=filters, MaxHits=-1)
        await call(kernel, "APIerSv1.SetResourceProfile", ID="R", Limit=5, UsageTTL=-1)
        for usage in ("u1", "u2", "u3"):
            await ask(kernel, "AllocateResources", usage)
        assert (await call(kernel, "ThresholdSv1.GetThreshold", ID="TH"))["Hits"] == 2


async def test_a_named_threshold_that_does_not_answer_is_told_and_the_usage_is_taken() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await call(kernel, "APIerSv1.SetResourceProfile", ID="R", Limit=5, UsageTTL=-1, ThresholdIDs=["NOPE"])
        with pytest.raises(PartiallyExecuted):
            await ask(kernel, "AllocateResources", "u1")
        assert await used(kernel) == {"u1"}
