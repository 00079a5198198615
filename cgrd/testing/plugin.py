"""The pytest plugin that comes with cgrd: fixtures for plugin authors (`virtual_clock`, `kernel_at`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cgrd.kernel import Kernel
    from cgrd.testing.clock import VirtualClock

KernelAt = Callable[..., AbstractAsyncContextManager["Kernel"]]


@pytest.fixture
def virtual_clock() -> VirtualClock:
    """A clock that stands still until the test turns it."""
    from cgrd.testing.clock import VirtualClock

    return VirtualClock()


@pytest.fixture
def kernel_at(virtual_clock: VirtualClock) -> KernelAt:
    """`async with kernel_at(sessions={"enabled": True}, …) as kernel`: a daemon in memory on the virtual clock, no sockets."""
    from cgrd.testing.memory import kernel_in_memory

    @asynccontextmanager
    async def made(**sections: Any) -> AsyncIterator[Kernel]:
        async with kernel_in_memory(sections, clock=virtual_clock) as kernel:
            yield kernel

    return made
