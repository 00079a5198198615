"""What one peer may ask of a listener; beyond it there is a quick error, never unbounded memory or a stall."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a listener.

    Attributes:
        body: the largest JSON value, octets.
        depth: how deep maps and lists may be nested in one value.
        connections: connections at a time; for one more the oldest that asks nothing gives way. Where all are at work, it is told
            that the listener is busy, and closed.
        connections_per_peer: the same for the connections of one address; this machine's own have three quarters of
            `connections`. 0 = no bound.
        under_way: requests of one connection that are not answered yet, and requests of one batch; more are answered
            `MAX_CONCURRENT_RPC_EXCEEDED`.
        unsent: octets of answers that a slow reader has not taken; beyond them nothing more is read from it.
        value_seconds: how long one JSON value, or the body of an HTTP request, may take to arrive, from its first octet.
        send_seconds: how long a reader may take nothing while answers wait; then its connection is closed.
        stop_seconds: how long requests under way may go on when the listener stops (`cores.shutdown_timeout`).
    """

    body: int = 16 * 1024 * 1024
    depth: int = 100
    connections: int = 1000
    connections_per_peer: int = 256
    under_way: int = 1000
    unsent: int = 1024 * 1024
    value_seconds: float = 10
    send_seconds: float = 30
    stop_seconds: float = 1
