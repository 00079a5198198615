"""What a component watches ends with it: left out by a reload, replaced, refused, or failed while serving."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from cgrd import Subsystem
from cgrd.durations import SECOND
from cgrd.errors import CgrdError
from cgrd.kernel import Kernel
from cgrd.profiles.watching import Watches
from cgrd.testing import VirtualClock, call, kernel_in_memory
from cgrd.testing.memory import tree_of

ALL = ("attributes", "rals", "resources", "routes", "stats", "thresholds", "chargers", "ips", "rankings", "trends", "schedulers", "apiers")


def sections(*names: str) -> dict[str, Any]:
    return {name: {"enabled": True, **({"stats_conns": ["*internal"]} if name in ("rankings", "trends") else {})} for name in (*names, "stats")}


def watchers(kernel: Kernel) -> int:
    """How many watch anything."""
    return sum(len(table._watchers) for table in kernel.profiles.values()) + len(kernel.profiles._load_watchers)


async def reload(kernel: Kernel, *names: str) -> None:
    await kernel.apply(tree_of(sections(*names), kernel.plugins))


async def test_components_that_are_left_out_and_come_again_watch_once(virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(sections(*ALL), clock=virtual_clock) as kernel:
        at_first = watchers(kernel)
        await reload(kernel)
        without = watchers(kernel)
        assert without < at_first
        for _ in range(3):
            await reload(kernel, *ALL)
            assert watchers(kernel) == at_first
            await reload(kernel)
            assert watchers(kernel) == without


async def test_components_that_stay_go_on_watching(virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(sections(*ALL), clock=virtual_clock) as kernel:
        at_first = watchers(kernel)
        await reload(kernel, *ALL)
        assert watchers(kernel) == at_first
        await call(kernel, "APIerSv1.SetThresholdProfile", ID="T", Tenant="cgrates.org", MaxHits=-1)
        assert (await call(kernel, "ThresholdSv1.GetThreshold", ID="T", Tenant="cgrates.org"))["ID"] == "T"


async def test_a_refused_reload_leaves_nobody_watching(virtual_clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    async with kernel_in_memory(sections("attributes"), clock=virtual_clock) as kernel:
        at_first = watchers(kernel)
        wanted = kernel._collect
        with monkeypatch.context() as broken:
            broken.setattr(kernel, "_collect", lambda house: (_ for _ in ()).throw(CgrdError("two serve one name")))
            with pytest.raises(CgrdError, match="two serve one name"):
                await reload(kernel, *ALL)
        assert watchers(kernel) == at_first
        with monkeypatch.context() as broken:
            broken.setattr(kernel, "_start_new", lambda fresh, undo: (_ for _ in ()).throw(CgrdError("it does not start")))
            with pytest.raises(CgrdError, match="it does not start"):
                await reload(kernel, *ALL)
        assert watchers(kernel) == at_first
        assert kernel._collect == wanted
        await reload(kernel, *ALL)
        assert watchers(kernel) > at_first


class Restless(Subsystem, section="cores"):
    """Watches when it is built and whenever it serves; fails the first three times."""

    told: list[str] = []
    times = 0

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.services.profiles["Filter"].watch(lambda change: self.told.append("built"))

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        type(self).times += 1
        self.services.profiles["Filter"].watch(lambda change: self.told.append("serving"))
        task_status.started()
        if self.times < 4:
            raise ValueError("bad luck")
        await trio.sleep_forever()


async def test_one_that_is_served_again_watches_once(virtual_clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    from cgrd.plugins import Plugins

    real = Plugins.components
    monkeypatch.setattr(Plugins, "components", lambda self: [*(made for made in real(self) if made.section != "cores"), Restless])
    async with kernel_in_memory({"apiers": {"enabled": True}}, clock=virtual_clock) as kernel:
        await virtual_clock.advance(5 * SECOND)
        await call(kernel, "APIerSv1.SetFilter", Tenant="cgrates.org", ID="F", Rules=[{"Type": "*string", "Element": "~*req.A", "Values": ["1"]}])
        assert sorted(Restless.told) == ["built", "serving"]


def test_watches_of_a_block_that_fails_have_ended() -> None:
    ended: list[str] = []
    watches = Watches()
    watches.add(lambda: ended.append("one"))
    with pytest.raises(ValueError, match="bad luck"), watches:
        raise ValueError("bad luck")
    watches.end()
    assert ended == ["one"]
