"""Who sits at a listener, and who gives way when another comes: so that no peer keeps the others out with connections that ask nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from enum import IntEnum
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

import trio

from cgrd.rpc.limits import Limits


class Standing(IntEnum):
    """What a connection is about; the lowest gives way first, one at work never does."""

    BEGUN = 0
    """Nothing whole has come yet, or something has begun and not ended."""
    IDLE = 1
    """It asked and was answered."""
    AT_WORK = 2
    """A request is under way, or the other end is one that we call."""


def begun() -> Standing:
    """The standing of a connection that nobody serves yet."""
    return Standing.BEGUN


class Seat:
    """One connection's place.

    Attributes:
        peer: whose it is, as `peer_of` names it.
        scope: cancelled when the connection has to give way.
        standing: tells what the connection is about now; whoever serves it puts its own here.
    """

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.scope = trio.CancelScope()
        self.standing: Callable[[], Standing] = begun


class Seats:
    """The places of one listener, all and those of each peer.

    Args:
        limits: `connections` and `connections_per_peer`.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._all: dict[Seat, None] = {}
        self._of_peer: dict[str, dict[Seat, None]] = {}

    def take(self, peer: str) -> Seat | None:
        """A place for a new connection; where there is none, the oldest that asks nothing gives its own. None when all are at work."""
        own = self._of_peer.get(peer, {})
        for taken, most in ((own, self._most(peer)), (self._all, self._limits.connections)):
            if most and len(taken) >= most and not self._make_room(taken):
                return None
        seat = Seat(peer)
        self._all[seat] = self._of_peer.setdefault(peer, {})[seat] = None
        return seat

    def leave(self, seat: Seat) -> None:
        """The connection has ended; again for one that gave way does nothing."""
        if seat in self._all:
            del self._all[seat]
            own = self._of_peer[seat.peer]
            del own[seat]
            if not own:
                del self._of_peer[seat.peer]

    def _most(self, peer: str) -> int:
        # What comes from this machine is often a proxy for many: it has most of the places, and leaves some to others.
        return self._limits.connections_per_peer and (self._limits.connections * 3 // 4 or 1 if peer == LOOPBACK else self._limits.connections_per_peer)

    def _make_room(self, taken: dict[Seat, None]) -> bool:
        idle = None
        for seat in taken:  # in the order they came
            standing = seat.standing()
            if standing == Standing.BEGUN:
                return self._give_way(seat)
            if idle is None and standing == Standing.IDLE:
                idle = seat
        return idle is not None and self._give_way(idle)

    def _give_way(self, seat: Seat) -> bool:
        self.leave(seat)
        seat.scope.cancel()
        return True


LOOPBACK: Final = "loopback"
"""The peer that is this machine."""

present: ContextVar[Seat | None] = ContextVar("present", default=None)
"""The place of the connection that the task serves; None outside of a listener."""


def peer_of(host: str) -> str:
    """Whose an address is: an IPv4 address as it is, an IPv6 address' network of 64 bits (one customer's), this machine's `LOOPBACK`."""
    try:
        address = IPv6Address(host.partition("%")[0])
    except AddressValueError:
        return _peer_of_four(host)
    if address.ipv4_mapped is not None:
        return _peer_of_four(str(address.ipv4_mapped))
    return LOOPBACK if address.is_loopback else str(IPv6Address(int(address) >> 64 << 64))


def _peer_of_four(host: str) -> str:
    try:
        return LOOPBACK if IPv4Address(host).is_loopback else host
    except AddressValueError:
        return host
