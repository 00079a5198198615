"""Where a browser is, and under which address it reached us; a reverse proxy that is trusted says it for the browser.

Source: the usual meaning of X-Forwarded-For, to which each proxy appends the address it was called from.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Any

from cgrd.errors import ConfigurationError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def client_of(scope: dict[str, Any], trusted: Sequence[Network] = ()) -> str:
    """The browser's address: the connection's or, where that is a trusted proxy's, the last one of X-Forwarded-For that is none.

    What a browser writes there itself stands before what our proxies append, so it is never believed. Where they append nothing that
    is an address, it is the proxy's own.
    """
    address = _host(scope, "client")
    for earlier in _forwarded(scope):
        if not inside(address, trusted) or not _is_address(earlier):
            break
        address = earlier
    return address


def server_of(scope: dict[str, Any]) -> str:
    """The address the client reached us under."""
    return _host(scope, "server")


def inside(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address is in one of the networks; what is no address is in none."""
    return bool(networks) and _is_address(address) and any(ipaddress.ip_address(address) in network for network in networks)


def networks_of(texts: Sequence[str], *, key: str) -> list[Network]:
    """Networks as they are configured under a key of the section; raises `ConfigurationError`."""
    try:
        return [ipaddress.ip_network(text) for text in texts]
    except ValueError as error:
        raise ConfigurationError(f"janus_agent.{key}: {error}; write a network as 192.0.2.0/24, one address as 192.0.2.7/32") from error


def _host(scope: dict[str, Any], side: str) -> str:
    return _plain((scope.get(side) or ("", 0))[0] or "")


def _plain(host: str) -> str:
    """An IPv4 address on a socket for both families is that IPv4 address."""
    return host.removeprefix("::ffff:") if "." in host else host


def _forwarded(scope: dict[str, Any]) -> Iterator[str]:
    """The addresses of X-Forwarded-For, the nearest first."""
    values = [value.decode("latin-1") for name, value in scope.get("headers", ()) if name == b"x-forwarded-for"]
    for address in reversed(",".join(values).split(",")):
        yield _plain(address.strip())


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
