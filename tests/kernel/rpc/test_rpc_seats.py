"""Places at a listener: whose a connection is, who gives way, and who is turned away."""

from __future__ import annotations

import pytest

from cgrd.rpc.limits import Limits
from cgrd.rpc.seats import LOOPBACK, Seat, Seats, Standing, peer_of


def seated(seats: Seats, peer: str, standing: Standing) -> Seat:
    seat = seats.take(peer)
    assert seat is not None
    seat.standing = lambda: standing
    return seat


@pytest.mark.parametrize(
    ("host", "peer"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("127.8.9.1", LOOPBACK),
        ("::1", LOOPBACK),
        ("::ffff:127.0.0.1", LOOPBACK),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("unix", "unix"),
    ],
)
def test_whose_an_address_is(host: str, peer: str) -> None:
    assert peer_of(host) == peer


async def test_a_peer_beyond_its_share_gives_up_its_own_oldest_and_nobody_elses() -> None:
    seats = Seats(Limits(connections=10, connections_per_peer=2))
    other = seated(seats, "192.0.2.1", Standing.BEGUN)
    first, second = seated(seats, "192.0.2.2", Standing.IDLE), seated(seats, "192.0.2.2", Standing.BEGUN)
    seated(seats, "192.0.2.2", Standing.AT_WORK)
    assert [seat.scope.cancel_called for seat in (other, first, second)] == [False, False, True]


def test_a_peer_whose_connections_are_all_at_work_is_turned_away_and_others_are_not() -> None:
    seats = Seats(Limits(connections=10, connections_per_peer=2))
    for _ in range(2):
        seated(seats, "192.0.2.2", Standing.AT_WORK)
    assert seats.take("192.0.2.2") is None
    assert seats.take("192.0.2.3") is not None


def test_this_machine_has_most_of_the_places_and_leaves_some() -> None:
    seats = Seats(Limits(connections=8, connections_per_peer=2))
    for _ in range(6):
        seated(seats, LOOPBACK, Standing.AT_WORK)
    assert seats.take(LOOPBACK) is None
    assert seats.take("192.0.2.3") is not None


def test_a_place_that_was_left_is_free_again() -> None:
    seats = Seats(Limits(connections=1, connections_per_peer=0))
    for _ in range(3):
        seat = seated(seats, "192.0.2.1", Standing.AT_WORK)
        assert seats.take("192.0.2.9") is None
        seats.leave(seat)
        seats.leave(seat)
