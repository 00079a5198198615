"""A browser's own network: a namespace with a veth pair, so that media crosses a real interface and each account has its address.

The server side has 10.99.<n>.1 for n below ACCOUNTS, the browser side 10.99.<n>.2 with a route each, so a page that calls
http://10.99.7.1 comes from 10.99.7.2: one browser, many client addresses, many accounts.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from rig.needs import program

ACCOUNTS = 64


class NoNamespace(Exception):
    """The kernel or our rights forbid a namespace with a veth pair; the text says how to get one."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """Where the two ends are. `wrap` is the command in front of the browser's."""

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
    """Make the namespace and its addresses. Needs root, also that of a user namespace (`unshare -rn`).

    Raises:
        NoNamespace: not permitted.
    """
    return _opened(_connect)


def open_island() -> Network:
    """A namespace of one machine alone: its loopback device and one interface with the address `media`, and nobody else's ports.

    Raises:
        NoNamespace: not permitted.
    """
    return _opened(_settle)


def _opened(furnish: Callable[[subprocess.Popen[str], tuple[str, ...]], None]) -> Network:
    holder = subprocess.Popen([program("unshare", "util-linux"), "--net", "sleep", "infinity"], stderr=subprocess.PIPE, text=True)
    wrap = (program("nsenter", "util-linux"), "--target", str(holder.pid), "--net")

    def close() -> None:
        # The veth pair goes with the namespace, which goes with its last process.
        holder.kill()
        holder.wait()

    try:
        _wait_until_apart(holder)
        furnish(holder, wrap)
    except subprocess.CalledProcessError as error:
        close()
        why = f"{' '.join(error.cmd)}: {(error.stderr or '').strip()}"
        raise NoNamespace(f"no network of its own for the browser ({why}); run as root, or as `unshare -rn` lets you be root") from error
    return Network(wrap=wrap, close=close)


def _wait_until_apart(holder: subprocess.Popen[str]) -> None:
    """Return when the process has left our network; raises CalledProcessError when it may not."""
    ours = os.readlink("/proc/self/ns/net")
    while holder.poll() is None:
        if os.readlink(f"/proc/{holder.pid}/ns/net") != ours:
            return
        time.sleep(0.01)
    raise subprocess.CalledProcessError(holder.returncode, ["unshare", "--net"], stderr=holder.communicate()[1])


def _there(wrap: tuple[str, ...]) -> Callable[..., None]:
    """`ip` in the namespace."""

    def run(*arguments: str) -> None:
        subprocess.run([*wrap, program("ip", "iproute2"), *arguments], check=True, capture_output=True, text=True)

    return run


def _settle(holder: subprocess.Popen[str], wrap: tuple[str, ...]) -> None:
    """Both ends of a veth pair in the namespace: a real interface, which browsers and Janus offer for media."""
    there = _there(wrap)
    there("link", "set", "lo", "up")
    there("link", "add", "net0", "type", "veth", "peer", "name", "net1")
    there("address", "add", "10.99.0.1/24", "dev", "net0")
    for device in ("net0", "net1"):
        there("link", "set", device, "up")


def _connect(holder: subprocess.Popen[str], wrap: tuple[str, ...]) -> None:
    """A veth pair between the two networks, with all addresses and routes."""
    there, outer, inner = _there(wrap), f"vc{os.getpid()}a", f"vc{os.getpid()}b"
    _ip("link", "set", "lo", "up")
    _ip("link", "add", outer, "type", "veth", "peer", "name", inner)
    _ip("link", "set", inner, "netns", str(holder.pid))
    for run, device, last in ((_ip, outer, 1), (there, inner, 2)):
        run("address", "add", f"10.99.0.{last}/24", "dev", device)
        run("link", "set", device, "up")
    there("link", "set", "lo", "up")
    for number in range(1, ACCOUNTS):
        # On the loopback device, which a browser does not offer for media: forty candidates a call would be noise.
        there("address", "add", f"10.99.{number}.2/32", "dev", "lo")
        _ip("address", "add", f"10.99.{number}.1/32", "dev", outer)
        there("route", "add", f"10.99.{number}.1/32", "via", "10.99.0.1", "src", f"10.99.{number}.2")
        _ip("route", "add", f"10.99.{number}.2/32", "via", "10.99.0.2")
