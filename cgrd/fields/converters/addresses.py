"""Converters of network addresses and SIP texts."""

from __future__ import annotations

import ipaddress
from typing import Any

from cgrd.errors import Wrong
from cgrd.fields.converters.reading import Converter, ConverterFactory
from cgrd.fields.patterns import compile_pattern
from cgrd.fields.text import text_of

# A SIP URI in a header or alone (RFC 3261 §19.1.1): the user, the host.
_SIP_USER = compile_pattern(r"sip:([^;@>]+)@")
_SIP_HOST = compile_pattern(r"sips?:(?:[^;@>]*@)?(\[[0-9A-Fa-f:.]+\]|[^:;>?\s]+)")
_STATES = {"UP": 1, "DOWN": -1}


def ip_to_hex(args: list[str]) -> Converter:
    """`*ip2hex`: the last four bytes of the address: "10.0.0.1" → "0x0a000001"; a text that is none stays as it is."""

    def convert(value: Any) -> str:
        text = text_of(value)
        try:
            return "0x" + ipaddress.ip_address(text).packed[-4:].hex()
        except ValueError:
            return text

    return convert


def sip_user(args: list[str]) -> Converter:
    """`*sipuri_user`: "sip:alice@example.org:5060" → "alice"."""
    return lambda value: _first(_SIP_USER, text_of(value))


def sip_host(args: list[str]) -> Converter:
    """`*sipuri_host`: "sip:alice@example.org:5060" → "example.org"."""
    return lambda value: _first(_SIP_HOST, text_of(value))


def sip_method(args: list[str]) -> Converter:
    """`*sipuri_method`: "INVITE sip:x SIP/2.0" → "INVITE"."""
    return lambda value: text_of(value).partition(" ")[0]


def _first(pattern: Any, text: str) -> str:
    found = pattern.search(text)
    return str(found.group(1)) if found else ""


def connection_status(args: list[str]) -> Converter:
    """`*conn_status`: UP → 1, DOWN → -1."""

    def convert(value: Any) -> int:
        text = text_of(value)
        if text not in _STATES:
            raise Wrong(f'unsupported connection status: "{text}"')
        return _STATES[text]

    return convert


ADDRESSES: dict[str, ConverterFactory] = {
    "*ip2hex": ip_to_hex,
    "*sipuri_user": sip_user,
    "*sipuri_host": sip_host,
    "*sipuri_method": sip_method,
    "*conn_status": connection_status,
}
