"""A browser's own network: a namespace with a veth pair, so that media crosses a real interface and each account has its address.

The server side has 10.99.<n>.1 for n below ACCOUNTS, the browser side 10.99.<n>.2 with a route each, so a page that calls
http://10.99.7.1 comes from 10.99.7.2: one browser, many client addresses, many accounts.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rig.needs import program

ACCOUNTS = 24


class NoNamespace(Exception):
    """The kernel or our rights forbid a namespace with a veth pair; the text says how to get one."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """Where the two ends are. `wrap` is the command in front of the browser's."""

    name: str
    wrap: tuple[str, ...]
    close: Callable[[], None]

    @property
    def media(self) -> str:
        """The address Janus offers for media."""
        return "10.99.0.1"

    def server(self, number: int) -> str:
        """The address under which a browser reaches the server as account `number`."""
        return f"10.99.{number}.1"

    def client(self, number: int) -> str:
        """The address the server sees then: the account's name."""
        return f"10.99.{number}.2"


def _ip(*arguments: str) -> None:
    subprocess.run([program("ip", "iproute2"), *arguments], check=True, capture_output=True, text=True)


def open_network() -> Network:
    """Make the namespace and its addresses.

    Raises:
        NoNamespace: not permitted.
    """
    name = f"cgrd-e2e-{os.getpid()}"
    outer, inner = f"vc{os.getpid()}a", f"vc{os.getpid()}b"
    try:
        _ip("netns", "add", name)
        _ip("link", "add", outer, "type", "veth", "peer", "name", inner)
        _ip("link", "set", inner, "netns", name)
        for side, device, last in (((), outer, 1), (("-n", name), inner, 2)):
            _ip(*side, "address", "add", f"10.99.0.{last}/24", "dev", device)
            _ip(*side, "link", "set", device, "up")
        _ip("-n", name, "link", "set", "lo", "up")
        for number in range(1, ACCOUNTS):
            # On the loopback device, which a browser does not offer for media: forty candidates a call would be noise.
            _ip("-n", name, "address", "add", f"10.99.{number}.2/32", "dev", "lo")
            _ip("address", "add", f"10.99.{number}.1/32", "dev", outer)
            _ip("-n", name, "route", "add", f"10.99.{number}.1/32", "via", "10.99.0.1", "src", f"10.99.{number}.2")
            _ip("route", "add", f"10.99.{number}.2/32", "via", "10.99.0.2")
    except subprocess.CalledProcessError as error:
        _remove(name, outer)
        raise NoNamespace(
            f"no network namespace for the browser ({error.stderr.strip()}); run as root, or under `unshare -rnm --mount-proc -pf`"
        ) from error
    return Network(name=name, wrap=(program("ip", "iproute2"), "netns", "exec", name), close=lambda: _remove(name, outer))


def _remove(name: str, outer: str) -> None:
    for arguments in (("link", "del", outer), ("netns", "del", name)):
        quiet: dict[str, Any] = {"check": False, "capture_output": True}
        subprocess.run([program("ip", "iproute2"), *arguments], **quiet)
