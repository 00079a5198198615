"""Once a daemon serves, it makes what its first requests would have to wait for."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing

from cgrd.durations import SECOND
from cgrd.rpc import arguments
from cgrd.testing import VirtualClock, call, kernel_in_memory
from cgrd.warming import CALM_NS, PAUSE_NS, warm

SECTIONS: dict[str, Any] = {"chargers": {"enabled": True}, "apiers": {"enabled": True}}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arguments, "_readers", {})


async def test_what_reads_the_arguments_of_every_method_is_there_before_anybody_asks(virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(SECTIONS, clock=virtual_clock) as kernel, trio.open_nursery() as nursery:
        nursery.start_soon(warm, kernel)
        await virtual_clock.advance(10 * SECOND)
        assert set(arguments._readers) == {served.args for served in kernel.house.graph.methods.values()}


async def test_one_piece_is_made_at_a_time_and_requests_come_in_between(virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(SECTIONS, clock=virtual_clock) as kernel, trio.open_nursery() as nursery:
        nursery.start_soon(warm, kernel)
        await trio.testing.wait_all_tasks_blocked()
        assert not arguments._readers
        await virtual_clock.advance(CALM_NS)
        for made in range(1, 5):
            await trio.testing.wait_all_tasks_blocked()
            assert len(arguments._readers) == made
            await virtual_clock.advance(PAUSE_NS)
        assert await call(kernel, "ChargerSv1.Ping") == "Pong"
        nursery.cancel_scope.cancel()
