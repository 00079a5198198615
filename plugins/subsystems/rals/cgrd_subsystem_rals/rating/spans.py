"""The spans of a call: rates found, call split, each span with its run of increments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from decimal import Decimal

import msgspec

from cgrd.costs import CallDescriptor, DebitInfo, Increment, TimeSpan
from cgrd.instants import Instant
from cgrd.money import ZERO
from cgrd_subsystem_rals.rating.book import RatingBook
from cgrd_subsystem_rals.rating.errors import UnauthorizedDestination
from cgrd_subsystem_rals.rating.find import Asked, Found, find_in_plan, find_rates, lookup
from cgrd_subsystem_rals.rating.split import Piece, Priced, at_one_rate, split, whole_increments
from cgrd_subsystem_rals.rating.tables import span_cost

VOICE = "*voice"
NOBODY = DebitInfo()


class RatedCall(msgspec.Struct, kw_only=True, frozen=True):
    """A call with its rates and its pieces; the wire's spans are made from it.

    Attributes:
        found: the rates at its start.
        pieces: its pieces; their times are counted from `since`.
        since: unix ns.
        usage_at_epoch: what to add to unix ns to get the usage consumed at that moment.
        zone: in which its times are told.
    """

    found: Found
    pieces: Sequence[Priced]
    since: int
    usage_at_epoch: int
    zone: tzinfo


def rate_call(book: RatingBook, call: CallDescriptor, *, subject: str, start: Instant, end: int, used: int, found: list[Found] | None = None) -> RatedCall:
    """Split a call into priced pieces.

    Args:
        book: the rates.
        call: whose tenant, category, destination and ToR hold.
        subject: whose rates.
        start: of the part to be rated.
        end: unix ns.
        used: usage of the whole call at `end`.
        found: the rates, where they were looked for already.

    Raises:
        RatingPlanNotFound, UnauthorizedDestination: no price for it.
    """
    # Less than nothing is charged as the least there is.
    asked = Asked(call.Destination, start, max(end, start.ns + 1))
    found = found or find_rates(book, tenant=call.Tenant, category=call.Category, subject=subject, asked=asked)
    if end < found[0].since:
        raise UnauthorizedDestination(explain=f"the call ends at {Instant(end, start.zone)}, before any plan of {subject} holds")
    return _priced(book, call, found, asked, usage_at_epoch=max(used, end - start.ns) - end)


def rate_by_plan(book: RatingBook, call: CallDescriptor, *, plan_id: str, subject: str) -> RatedCall:
    """Split a call into pieces priced by one plan, whatever the profiles say.

    Raises:
        RatingPlanNotFound, UnauthorizedDestination: no price for it.
    """
    asked = Asked(call.Destination, call.TimeStart, max(call.TimeEnd.ns, call.TimeStart.ns + 1))
    found = find_in_plan(book, plan_id=plan_id, subject=subject, asked=asked)
    usage_at_epoch = max(call.DurationIndex, call.duration) - call.TimeEnd.ns
    return _priced(book, call, found, asked, usage_at_epoch=usage_at_epoch)


def _priced(book: RatingBook, call: CallDescriptor, found: list[Found], asked: Asked, *, usage_at_epoch: int) -> RatedCall:
    by_clock, decimals = call.ToR == VOICE, book.policy.rounding_decimals
    since = asked.start.ns
    priced: Sequence[Priced] | None = at_one_rate(asked, found, usage_at_epoch=usage_at_epoch, by_clock=by_clock, decimals=decimals)
    if priced is None:
        since = 0
        priced = whole_increments(_pieces(asked, found, usage_at_epoch, by_clock), usage_at_epoch=usage_at_epoch, decimals=decimals)
    return RatedCall(found=found[0], pieces=priced, since=since, usage_at_epoch=usage_at_epoch, zone=asked.start.zone)


def _pieces(asked: Asked, found: list[Found], usage_at_epoch: int, by_clock: bool) -> list[Piece]:
    pieces = split(asked, found, usage_at_epoch=usage_at_epoch, by_clock=by_clock)
    if any(piece.table is None for piece in pieces):
        raise UnauthorizedDestination(
            explain=f"plan {found[0].plan} has no rate for destination {found[0].destination} during a part of the call; add a timing that covers it"
        )
    return pieces


def rated_spans(book: RatingBook, call: CallDescriptor, *, subject: str = "", found: list[Found] | None = None) -> list[TimeSpan]:
    """The spans of a call with their increments, without connect fee and account; `found` is what `find_rates` told of it already.

    Raises:
        RatingPlanNotFound, UnauthorizedDestination: no price for it.
    """
    whose = subject or call.Subject
    rated = rate_call(book, call, subject=whose, start=call.TimeStart, end=call.TimeEnd.ns, used=call.DurationIndex, found=found)
    return spans_of(book, rated)


def spans_of(book: RatingBook, rated: RatedCall) -> list[TimeSpan]:
    """The pieces of a rated call as the wire shows them."""
    most, decimals = book.policy.max_increments, book.policy.rounding_decimals
    return [span_of(rated, piece) if piece.steps <= most else unsplit_span(rated, piece, decimals) for piece in rated.pieces]


def unsplit_span(rated: RatedCall, piece: Priced, decimals: int) -> TimeSpan:
    """A piece of more increments than `rals.max_increments`: its cost as a whole, no increments."""
    return empty_span(rated, piece, increments=[], cost=span_cost(piece.slot, piece.steps, decimals))


def span_of(rated: RatedCall, piece: Priced) -> TimeSpan:
    """A piece as the wire shows it."""
    run = Increment(Duration=piece.slot.increment, Cost=piece.cost, BalanceInfo=NOBODY, CompressFactor=piece.steps)
    return empty_span(rated, piece, increments=[run], cost=piece.cost * piece.steps)


def empty_span(rated: RatedCall, piece: Priced, *, increments: list[Increment], cost: Decimal) -> TimeSpan:
    """A span over a piece with the increments given."""
    found, zone, end = rated.found, rated.zone, rated.since + piece.end
    return TimeSpan(
        TimeStart=Instant(rated.since + piece.start, zone),
        TimeEnd=Instant(end, zone),
        Cost=cost,
        RateInterval=piece.table.interval,
        DurationIndex=end + rated.usage_at_epoch,
        Increments=increments,
        MatchedSubject=found.subject,
        MatchedPrefix=found.prefix,
        MatchedDestId=found.destination,
        RatingPlanId=found.plan,
        CompressFactor=1,
    )


def zero_span(book: RatingBook, call: CallDescriptor, *, subject: str = "") -> TimeSpan | None:
    """The one span of a call of no length: what would have rated it, and no cost; None where nothing would have."""
    asked = Asked(call.Destination, call.TimeStart, call.TimeEnd.ns)
    found = lookup(book, tenant=call.Tenant, category=call.Category, subject=subject or call.Subject, asked=asked)
    first = next((part for part in found if part.tables), None)
    if first is None:
        return None
    return TimeSpan(
        TimeStart=call.TimeStart,
        TimeEnd=call.TimeEnd,
        Cost=ZERO,
        MatchedSubject=first.subject,
        MatchedPrefix=first.prefix,
        MatchedDestId=first.destination,
        RatingPlanId=first.plan,
    )
