"""Stories of IPs, told to a daemon in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cgrd_subsystem_ips.allocations import address_of

from cgrd.errors import CgrdError, MandatoryMissing, NotFound, Wrong
from cgrd.kernel import Kernel
from cgrd.store import SqliteStore
from cgrd.testing import VirtualClock, call, kernel_in_memory

SECTIONS: dict[str, Any] = {"ips": {"enabled": True}, "apiers": {"enabled": True}}
HOUR = 3_600_000_000_000


def pool(id: str, range: str, **more: Any) -> dict[str, Any]:
    return {"ID": id, "Range": range, "Message": f"from {id}", **more}


async def profile(kernel: Kernel, id: str, *pools: dict[str, Any], ttl: int = 0, **more: Any) -> None:
    await call(kernel, "APIerSv1.SetIPProfile", ID=id, TTL=ttl, Pools=list(pools), **more)


async def ask(kernel: Kernel, what: str, allocation: str, **fields: Any) -> Any:
    return await call(kernel, f"IPsV1.{what}", ID="e", Event=fields or {"Account": "1001"}, APIOpts={"*ipAllocationID": allocation})


async def held(kernel: Kernel, id: str) -> dict[str, str]:
    shown = await call(kernel, "IPsV1.GetIPAllocations", ID=id)
    return {name: each["Address"] for name, each in shown["Allocations"].items()}


async def test_an_address_is_given_kept_and_taken_back() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await profile(kernel, "IP", pool("P", "10.0.0.1/32"))
        given = {"ProfileID": "IP", "PoolID": "P", "Message": "from P", "Address": "10.0.0.1"}
        assert await ask(kernel, "AuthorizeIP", "a") == given
        assert await held(kernel, "IP") == {}
        assert await ask(kernel, "AllocateIP", "a") == given
        assert await ask(kernel, "AllocateIP", "a") == given
        with pytest.raises(CgrdError, match=r'IP_ALREADY_ALLOCATED \(allocated to "a"\)'):
            await ask(kernel, "AllocateIP", "b")
        with pytest.raises(CgrdError, match="IP_UNAUTHORIZED"):
            await ask(kernel, "AuthorizeIP", "b")
        assert await ask(kernel, "ReleaseIP", "a") == "OK"
        assert await ask(kernel, "ReleaseIP", "a") == "OK"
        assert await ask(kernel, "AllocateIP", "b") == given


async def test_pools_are_tried_by_weight_until_a_blocker() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await profile(
            kernel, "IP",
            pool("P1", "10.0.0.1/32", Weight=9, FilterIDs=["*string:~*req.Account:1002"]), pool("P2", "10.0.0.2/32", Weight=8),
            pool("P3", "10.0.0.3/32", Weight=7, Blocker=True), pool("P4", "10.0.0.4/32", Weight=6),
        )  # fmt: skip
        assert [(await ask(kernel, "AllocateIP", name))["PoolID"] for name in "ab"] == ["P2", "P3"]
        with pytest.raises(CgrdError, match='pool "P3"'):
            await ask(kernel, "AllocateIP", "c")


async def test_an_allocation_stays_with_the_profile_that_it_was_made_from() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await profile(kernel, "LIGHT", pool("P", "10.0.0.1/32"), Weight=1)
        await profile(kernel, "HEAVY", pool("P", "10.0.0.2/32"), Weight=2, FilterIDs=["*string:~*req.Account:1002"])
        assert (await ask(kernel, "AllocateIP", "a", Account="1001"))["ProfileID"] == "LIGHT"
        assert (await ask(kernel, "AllocateIP", "a", Account="1002"))["ProfileID"] == "LIGHT"
        assert (await ask(kernel, "AllocateIP", "b", Account="1002"))["ProfileID"] == "HEAVY"


async def test_an_address_comes_back_after_its_time() -> None:
    clock = VirtualClock()
    async with kernel_in_memory(SECTIONS, clock=clock) as kernel:
        await profile(kernel, "IP", pool("P", "10.0.0.1/32"), ttl=HOUR)
        await ask(kernel, "AllocateIP", "a")
        await clock.advance(HOUR // 2)
        await ask(kernel, "AllocateIP", "a")
        await clock.advance(HOUR - 1)
        assert await held(kernel, "IP") == {"a": "10.0.0.1"}
        await clock.advance(1)
        assert await held(kernel, "IP") == {}
        assert (await ask(kernel, "AllocateIP", "b"))["Address"] == "10.0.0.1"


async def test_clearing_is_all_or_nothing() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await profile(kernel, "IP", pool("P1", "10.0.0.1/32"), pool("P2", "2001:db8::5/128"))
        await ask(kernel, "AllocateIP", "a")
        await ask(kernel, "AllocateIP", "b")
        with pytest.raises(Wrong, match=r"cannot find allocation records with ids: \[x\]"):
            await call(kernel, "IPsV1.ClearIPAllocations", ID="IP", AllocationIDs=["a", "x"])
        assert len(await held(kernel, "IP")) == 2
        assert await call(kernel, "IPsV1.ClearIPAllocations", ID="IP", AllocationIDs=["a"]) == "OK"
        assert await call(kernel, "IPsV1.ClearIPAllocations", ID="IP") == "OK"
        assert await held(kernel, "IP") == {}


async def test_allocations_outlive_the_daemon(tmp_path: Path) -> None:
    clock = VirtualClock()
    async with kernel_in_memory(SECTIONS, clock=clock, store=SqliteStore.open(tmp_path / "cgrd.sqlite", clock=clock)) as kernel:
        await profile(kernel, "IP", pool("P", "10.0.0.1/32"))
        await ask(kernel, "AllocateIP", "a")
    async with kernel_in_memory(SECTIONS, clock=clock, store=SqliteStore.open(tmp_path / "cgrd.sqlite", clock=clock)) as kernel:
        assert await held(kernel, "IP") == {"a": "10.0.0.1"}


async def test_requests_must_be_whole() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        with pytest.raises(MandatoryMissing, match=r"\[ID Event\]"):
            await call(kernel, "IPsV1.AllocateIP")
        with pytest.raises(MandatoryMissing, match=r"\[AllocationID\]"):
            await call(kernel, "IPsV1.AllocateIP", ID="e", Event={"Account": "1"})
        with pytest.raises(NotFound):
            await ask(kernel, "AllocateIP", "a")


@pytest.mark.parametrize("range", ["bad", "10.0.0.1", "10.0.0.0/24", "10.0.0.1/33", ""])
def test_only_ranges_of_one_address_are_pools(range: str) -> None:
    with pytest.raises(Wrong):
        address_of(range)
