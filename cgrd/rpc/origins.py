"""Which pages of the web may call methods: those of this daemon's own addresses."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from starlette.datastructures import Headers

REFUSAL = "pages of another origin may not call methods here; where this listener has a name of its own, rpc.allowed_hosts lists it\n"


class Origins:
    """Tells the daemon's own pages from those of other sites.

    Browsers tell a page's origin with every POST and WebSocket; other clients send none. Without this check any page on the
    web could ask a daemon that listens on its reader's loopback to change balances. An origin that is the request's own host is
    not enough: whoever has a name can let it point to 127.0.0.1 for a while (DNS rebinding), so names have to be known.

    Args:
        hosts: names under which the listener is reached, beside addresses and localhost; "*" = any name.
    """

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        self._hosts = frozenset(host.lower() for host in ("localhost", *hosts) if host)

    def is_foreign(self, headers: Headers) -> bool:
        """Whether a page of another site made its reader's browser send this."""
        origin, host = headers.get("origin", ""), headers.get("host", "")
        return bool(origin) and (origin.rpartition("://")[2] != host or not self._is_known(host_of(host)))

    def _is_known(self, host: str) -> bool:
        if "*" in self._hosts or host.lower() in self._hosts:
            return True
        try:
            ip_address(host)
        except ValueError:
            return False
        return True


def host_of(address: str) -> str:
    """The host of "host:port", "[v6]:port" or a host alone."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0]
