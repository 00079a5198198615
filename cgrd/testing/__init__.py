"""The kit for plugin authors: a clock that tests turn, a daemon in memory, the contract of plugins as a check; disk, wire, web and mail server fail on demand.

pytest finds the fixtures `virtual_clock` and `kernel_at` by itself where cgrd is installed; what needs the kernel is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cgrd.testing.clock import VirtualClock

if TYPE_CHECKING:
    from cgrd.testing.contract import assert_contract
    from cgrd.testing.memory import RecordedPeer, call, kernel_in_memory
    from cgrd.testing.receivers import MailReceiver, WebReceiver, mail_receiver, web_receiver
    from cgrd.testing.stores import Disk, store_on
    from cgrd.testing.wires import Wire

__all__ = [
    "Disk",
    "MailReceiver",
    "RecordedPeer",
    "VirtualClock",
    "WebReceiver",
    "Wire",
    "assert_contract",
    "call",
    "kernel_in_memory",
    "mail_receiver",
    "store_on",
    "web_receiver",
]

_ROOMS = {
    "Wire": "wires",
    "Disk": "stores",
    "store_on": "stores",
    "assert_contract": "contract",
    "call": "memory",
    "kernel_in_memory": "memory",
    "RecordedPeer": "memory",
    "MailReceiver": "receivers",
    "WebReceiver": "receivers",
    "mail_receiver": "receivers",
    "web_receiver": "receivers",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"cgrd.testing has no {name}; it has {', '.join(__all__)}")
    from importlib import import_module

    return getattr(import_module(f"cgrd.testing.{_ROOMS[name]}"), name)
