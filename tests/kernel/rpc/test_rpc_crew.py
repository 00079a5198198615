"""Tasks of a connection are used again, and go home when it ends."""

from __future__ import annotations

from functools import partial

import trio
import trio.testing

from cgrd.rpc.crew import Crew


async def test_tasks_are_used_again_and_go_home() -> None:
    seen: list[object] = []

    async def work() -> None:
        await trio.lowlevel.checkpoint()
        seen.append(trio.lowlevel.current_task())

    async with trio.open_nursery() as nursery:
        crew = Crew(nursery, keep=1)
        for _ in range(3):
            crew.do(work)
            await trio.testing.wait_all_tasks_blocked()
        crew.dismiss()
    assert len(seen) == 3
    assert len(set(seen)) == 1


async def test_work_is_begun_in_the_order_in_which_it_came() -> None:
    begun: list[int] = []

    async def work(number: int) -> None:
        begun.append(number)
        await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        crew = Crew(nursery, keep=2)
        for first in (0, 8, 16):
            for number in range(first, first + 8):
                crew.do(partial(work, number))
            await trio.testing.wait_all_tasks_blocked()
        crew.dismiss()
    assert begun == list(range(24))


async def test_a_cancelled_crew_ends() -> None:
    async with trio.open_nursery() as nursery:
        crew = Crew(nursery)
        for _ in range(3):
            crew.do(trio.lowlevel.checkpoint)
        crew.do(trio.sleep_forever)
        await trio.testing.wait_all_tasks_blocked()
        assert len(nursery.child_tasks) == 4  # three wait for work, one works
        nursery.cancel_scope.cancel()
    assert not nursery.child_tasks
    assert nursery.cancel_scope.cancelled_caught
