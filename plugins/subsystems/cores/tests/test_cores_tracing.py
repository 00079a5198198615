"""CoreSv1.Trace: requests as trees of calls, watched only while somebody asks."""

from __future__ import annotations

from typing import Any

import pytest

from cgrd.durations import SECOND
from cgrd.errors import NotFound
from cgrd.kernel import Kernel
from cgrd.testing import VirtualClock, call, kernel_in_memory

ON = {"enabled": True}
SECTIONS = {"attributes": ON, "chargers": {**ON, "attributes_conns": ["*internal"]}}


async def charge(kernel: Kernel) -> Any:
    return await call(kernel, "ChargerSv1.ProcessEvent", Tenant="cgrates.org", ID="1", Event={"Account": "1001"})


async def with_charger(kernel: Kernel) -> None:
    charger = {"Tenant": "cgrates.org", "ID": "C", "RunID": "*default", "AttributeIDs": ["*constant:*req.Class:gold"]}
    assert await call(kernel, "APIerSv1.SetChargerProfile", **charger) == "OK"


async def test_a_request_is_a_tree_of_the_calls_it_made(virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory({**SECTIONS, "apiers": ON}, clock=virtual_clock) as kernel:
        await with_charger(kernel)
        assert await call(kernel, "CoreSv1.Trace") == []
        await charge(kernel)
        (tree,) = await call(kernel, "CoreSv1.Trace")
        assert (tree["Method"], tree["Target"]) == ("ChargerSv1.ProcessEvent", "chargers")
        assert [(inner["Source"], inner["Method"]) for inner in tree["Calls"]] == [("chargers", "AttributeSv1.ProcessEvent")]
        assert await call(kernel, "CoreSv1.Trace", After=tree["Number"]) == []


async def test_nobody_is_watched_when_nobody_asks(virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory({**SECTIONS, "apiers": ON}, clock=virtual_clock) as kernel:
        await with_charger(kernel)
        await charge(kernel)
        assert await call(kernel, "CoreSv1.Trace") == []
        assert kernel.services.graph.watchers
        await virtual_clock.advance(31 * SECOND)
        await charge(kernel)
        assert not kernel.services.graph.watchers


async def test_an_error_is_told_where_it_arose(virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(SECTIONS, clock=virtual_clock) as kernel:
        await call(kernel, "CoreSv1.Trace")
        with pytest.raises(NotFound) as caught:
            await charge(kernel)
        (tree,) = await call(kernel, "CoreSv1.Trace")
        assert tree["Error"] == str(caught.value)
