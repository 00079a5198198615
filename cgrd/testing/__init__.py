"""The kit for plugin authors: a clock that tests turn, a daemon in memory, a disk and a wire that fail on demand, and the contract of plugins as a check.

pytest finds the fixtures `virtual_clock` and `kernel_at` by itself where cgrd is installed; what needs the kernel is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cgrd.testing.clock import VirtualClock

if TYPE_CHECKING:
    from cgrd.testing.contract import assert_contract
    from cgrd.testing.memory import RecordedPeer, call, kernel_in_memory
    from cgrd.testing.stores import Disk, store_on
    from cgrd.testing.wires import Wire

__all__ = [
    "Disk",
    "RecordedPeer",
    "VirtualClock",
    "Wire",
    "assert_contract",
    "call",
    "kernel_in_memory",
    "store_on",
]

_ROOMS = {
    "Wire": "wires",
    "Disk": "stores",
    "store_on": "stores",
    "assert_contract": "contract",
    "call": "memory",
    "kernel_in_memory": "memory",
    "RecordedPeer": "memory",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"cgrd.testing has no {name}; it has {', '.join(__all__)}")
    from importlib import import_module

    return getattr(import_module(f"cgrd.testing.{_ROOMS[name]}"), name)
