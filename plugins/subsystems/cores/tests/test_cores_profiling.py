"""Profilers are told of a folder that is none."""

from __future__ import annotations

import pytest

from cgrd.errors import Wrong
from cgrd.testing import VirtualClock, call, kernel_in_memory


@pytest.mark.parametrize("method", ["CoreSv1.StartCPUProfiling", "CoreSv1.StartMemoryProfiling"])
@pytest.mark.parametrize("path", ["/nowhere", "/" + "a" * 10_000, "a\0b"])
async def test_a_folder_that_is_none_is_told(method: str, path: str, virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory({}, clock=virtual_clock) as kernel:
        with pytest.raises(Wrong, match="is no folder"):
            await call(kernel, method, DirPath=path)
