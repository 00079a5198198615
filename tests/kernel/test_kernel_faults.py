"""A task that fails harms nobody else."""

from __future__ import annotations

from typing import Any

import pytest
import structlog.testing
import trio
import trio.testing

from cgrd import Subsystem
from cgrd.background import Background
from cgrd.durations import SECOND
from cgrd.testing import VirtualClock, call, kernel_in_memory


async def test_a_background_task_that_fails_ends_alone() -> None:
    done = trio.Event()

    async def failing() -> None:
        raise ValueError("bad luck")

    async def working() -> None:
        done.set()

    background = Background()
    with structlog.testing.capture_logs() as logs:
        async with trio.open_nursery() as nursery:
            background.open(nursery)
            background.start_soon(failing)
            background.start_soon(working)
            await done.wait()
            nursery.cancel_scope.cancel()
    assert [(each["event"], each["task"].rpartition(".")[2]) for each in logs] == [("a task failed and ends", "failing")]
    assert logs[0]["exc_info"]


async def test_plain_work_is_done_in_order_when_the_step_is_over_and_what_waits_holds_up_nobody() -> None:
    done: list[str] = []
    gate, over = trio.Event(), trio.Event()

    async def waiting() -> None:
        await gate.wait()
        done.append("waited")
        over.set()

    def failing() -> None:
        raise ValueError("bad luck")

    background = Background()
    with structlog.testing.capture_logs() as logs:
        async with trio.open_nursery() as nursery:
            background.open(nursery)
            for work in (failing, waiting, lambda: done.append("first"), lambda: done.append("second"), gate.set):
                background.do_soon(work)
            assert done == []
            await over.wait()
            nursery.cancel_scope.cancel()
    assert done == ["first", "second", "waited"]
    assert [each["task"].rpartition(".")[2] for each in logs] == ["failing"]


async def test_plain_work_that_is_wanted_when_the_daemon_stops_is_still_done() -> None:
    done: list[int] = []
    background = Background()
    async with trio.open_nursery() as nursery:
        background.open(nursery)
        for number in range(100):
            background.do_soon(done.append, number)
        nursery.cancel_scope.cancel()
    assert done == list(range(100))


async def test_plain_work_that_a_request_wants_after_the_order_to_stop_is_done_too() -> None:
    done: list[str] = []
    background = Background()

    def wanting() -> None:
        background.do_soon(done.append, "wanted last")

    async def outlives() -> None:
        with trio.CancelScope(shield=True):
            await trio.testing.wait_all_tasks_blocked()
            background.do_soon(done.append, "wanted late")

    async with trio.open_nursery() as nursery:
        background.open(nursery)
        nursery.start_soon(outlives)
        background.do_soon(wanting)
        nursery.cancel_scope.cancel()
    assert sorted(done) == ["wanted last", "wanted late"]


def test_background_work_is_refused_where_nothing_runs() -> None:
    with pytest.raises(RuntimeError, match="a daemon that does not run"):
        Background().start_soon(trio.sleep, 0)


class Shaky(Subsystem, section="cores"):
    """Fails once while it serves."""

    times = 0

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        type(self).times += 1
        task_status.started()
        if self.times == 1:
            raise ValueError("bad luck")
        await trio.sleep_forever()


async def test_a_component_that_fails_while_serving_is_served_again(virtual_clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    from cgrd.plugins import Plugins

    real = Plugins.components
    monkeypatch.setattr(Plugins, "components", lambda self: [*(made for made in real(self) if made.section != "cores"), Shaky])
    sections: dict[str, Any] = {"chargers": {"enabled": True}}
    async with kernel_in_memory(sections, clock=virtual_clock) as kernel:
        await virtual_clock.advance(2 * SECOND)
        assert Shaky.times == 2
        assert await call(kernel, "ChargerSv1.Ping") == "Pong"
