"""`*ipnet`: the address in the field lies in one of the networks (CIDR)."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from cgrd.errors import Wrong
from cgrd.fields.reading import Roots
from cgrd.filters.rule import FilterType, Subject, Test, texts

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@lru_cache(4096)
def _network(text: str) -> Network:
    if "/" not in text:
        raise Wrong(f"invalid CIDR address: {text}")
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise Wrong(f"invalid CIDR address: {text}") from error


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def compile_ipnet(subject: Subject) -> Test:
    """The test; a field that is no address is in no network, a value that is no network is an error."""
    find, values = subject.element.find, subject.values

    def passes(roots: Roots) -> bool:
        text = find(roots)
        address = _address(text) if text is not None else None
        return address is not None and any(address in _network(network) for network in texts(values, roots))

    return passes


IPNET = FilterType(name="*ipnet", compile=compile_ipnet)
