"""SessionSv1.Sleep is for tests of clients; it holds nobody up for ever."""

from __future__ import annotations

import pytest

from cgrd.errors import Wrong
from cgrd.testing import VirtualClock, call, kernel_in_memory


async def test_nobody_sleeps_for_more_than_a_minute(virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory({"sessions": {"enabled": True}}, clock=virtual_clock) as kernel:
        with pytest.raises(Wrong, match="a minute at most"):
            await call(kernel, "SessionSv1.Sleep", Duration=2**63 - 1)
        assert await call(kernel, "SessionSv1.Sleep", Duration=0) == "OK"
