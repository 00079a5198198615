"""Requests that only wait do so for a minute at most: one that never ends would be counted against `cores.caps` for ever."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing

from cgrd.errors import CgrdError, Wrong
from cgrd.testing import VirtualClock, call, kernel_in_memory

MINUTE = 60_000_000_000


@pytest.mark.parametrize("wanted", [MINUTE + 1, 2**63 - 1, "61s", "2562047h"])
async def test_nobody_sleeps_for_more_than_a_minute(wanted: Any, virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory({}, clock=virtual_clock) as kernel:
        with pytest.raises(Wrong, match="a minute at most"):
            await call(kernel, "CoreSv1.Sleep", Duration=wanted)
        assert await call(kernel, "CoreSv1.Sleep", Duration=-1) == "OK"


async def test_nobody_waits_for_a_lock_for_more_than_a_minute(autojump_clock: trio.testing.MockClock, virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory({}, clock=virtual_clock) as kernel:
        assert await call(kernel, "GuardianSv1.RemoteLock", ReferenceID="mine", LockIDs=["b"]) == "mine"
        with pytest.raises(CgrdError, match="LOCK_HELD"), trio.fail_after(3600):
            await call(kernel, "GuardianSv1.RemoteLock", ReferenceID="yours", LockIDs=["a", "b"])
        assert await call(kernel, "GuardianSv1.RemoteLock", ReferenceID="yours", LockIDs=["a"]) == "yours"
        assert await call(kernel, "GuardianSv1.RemoteUnlock", RefID="mine") == ["b"]
        assert await call(kernel, "GuardianSv1.RemoteLock", ReferenceID="third", LockIDs=["b"]) == "third"
