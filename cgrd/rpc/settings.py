"""What `rpc_conns` says of one connection, read once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from cgrd.durations import SECOND, parse_duration

GENERAL = ("connect_attempts", "reconnects", "max_reconnect_interval", "connect_timeout", "reply_timeout")
"""Keys that fall back to the section `general`."""

_SPELLINGS = {"": "*gob", "rpc_json": "*json"}  # an empty transport is *gob in the reference


class ConnectionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `rpc_conns.<id>.conns`. Lengths of time are seconds, infinite where the configuration says 0.

    Attributes:
        connect_attempts: tries of a first connection before a call gives up; -1 = for ever.
        reconnects: tries after a connection was lost; -1 = for ever.
        max_reconnect_interval: the longest pause between two tries; 0 = no bound.
    """

    name: str
    address: str
    transport: str = "*json"
    connect_attempts: int = 5
    reconnects: int = -1
    max_reconnect_interval: float = 0
    connect_timeout: float = 1
    reply_timeout: float = 2
    tls: bool = False
    client_key: str = ""
    client_certificate: str = ""
    ca_certificate: str = ""

    @classmethod
    def read(cls, pool: str, entry: Mapping[str, Any], *, general: Mapping[str, Any], tls: Mapping[str, Any]) -> ConnectionSettings:
        """The settings of one entry; what it leaves open comes from the sections `general` and `tls`."""
        found = {key: _given(entry, general, key) for key in GENERAL}
        return cls(
            name=f"rpc_conns.{pool}" + (f" ({entry['id']})" if entry.get("id") else ""),
            address=str(entry.get("address") or ""),
            transport=_SPELLINGS.get(told := str(entry.get("transport", "*json")), told),
            connect_attempts=int(found["connect_attempts"] or 0),
            reconnects=int(found["reconnects"] or 0),
            max_reconnect_interval=_seconds(found["max_reconnect_interval"]),
            connect_timeout=_seconds(found["connect_timeout"]) or float("inf"),
            reply_timeout=_seconds(found["reply_timeout"]) or float("inf"),
            tls=bool(entry.get("tls")),
            **{key: str(_given(entry, tls, key) or "") for key in ("client_key", "client_certificate", "ca_certificate")},
        )


def _given(entry: Mapping[str, Any], fallback: Mapping[str, Any], key: str) -> Any:
    found = entry.get(key)
    return fallback.get(key) if found in (None, "", 0) else found


def _seconds(told: Any) -> float:
    """A duration of the configuration, text or nanoseconds."""
    return (parse_duration(told) if isinstance(told, str) and told else int(told or 0)) / SECOND
