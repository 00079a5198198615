"""What a call costs by tariff alone, nobody's balance touched.

Source: spec/rating.md §6, observed_rating.md (numbers, rating).
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from cgrd.costs import CallCost, CallDescriptor, Increment, TimeSpan
from cgrd.money import ZERO, round_decimal
from cgrd_subsystem_rals.rating.book import RatingBook
from cgrd_subsystem_rals.rating.find import ANY, Found
from cgrd_subsystem_rals.rating.spans import NOBODY, VOICE, rate_by_plan, rated_spans, spans_of, zero_span


def cost_of(book: RatingBook, call: CallDescriptor, *, found: list[Found] | None = None) -> CallCost:
    """The cost of a call with its spans compressed; `found` is what `find_rates` told of it already.

    Raises:
        MaxUsageExceeded: longer than `max_computed_usage` allows.
        RatingPlanNotFound, UnauthorizedDestination: no price for it.
    """
    book.policy.check_usage(call.ToR, call.duration)
    subject = call.Subject or call.Account
    if call.duration == 0:
        span = zero_span(book, call, subject=subject)
        return call_cost(call, subject=subject, spans=[span] if span else [], cost=ZERO)
    call = _with_defaults(call)
    return _cost_of_spans(call, subject, rated_spans(book, call, subject=subject, found=found))


def cost_by_plan(book: RatingBook, call: CallDescriptor, *, plan_id: str, subject: str = "") -> CallCost:
    """The cost of a call by one rating plan, whatever the profiles say.

    Args:
        book: the rates.
        call: to be rated; of no length it costs nothing.
        plan_id: by which plan.
        subject: what the spans shall name as the matched profile.

    Raises:
        MaxUsageExceeded, RatingPlanNotFound, UnauthorizedDestination: no price for it.
    """
    book.policy.check_usage(call.ToR, call.duration)
    call = _with_defaults(call)
    whose = call.Subject or call.Account
    spans = spans_of(book, rate_by_plan(book, call, plan_id=plan_id, subject=subject)) if call.duration else []
    return _cost_of_spans(call, whose, spans)


def _with_defaults(call: CallDescriptor) -> CallDescriptor:
    if call.ToR and call.Destination:
        return call
    return msgspec.structs.replace(call, ToR=call.ToR or VOICE, Destination=call.Destination or ANY)


def _cost_of_spans(call: CallDescriptor, subject: str, spans: list[TimeSpan]) -> CallCost:
    joined = _with_fee(spans) if call.LoopIndex == ZERO and spans else compress_spans(spans)
    cost = _rounded_total(_capped(spans, call.MaxCostSoFar), spans)
    return call_cost(call, subject=subject, spans=joined, cost=cost)


def _with_fee(spans: list[TimeSpan]) -> list[TimeSpan]:
    """The spans compressed, the connect fee before the first one's increments.

    As recorded the fee comes last, and so stands once for every span that was joined: one that costs something is kept from that.
    """
    rating = spans[0].RateInterval.Rating if spans[0].RateInterval else None
    if rating is not None and rating.ConnectFee:
        add_connect_fee(spans[0])
        return compress_spans(spans)
    joined = compress_spans(spans)
    add_connect_fee(joined[0])
    return joined


def call_cost(call: CallDescriptor, *, subject: str, spans: list[TimeSpan], cost: Decimal) -> CallCost:
    """The answer's frame around spans."""
    return CallCost(
        Category=call.Category,
        Tenant=call.Tenant,
        Subject=subject,
        Account=call.Account,
        Destination=call.Destination,
        ToR=call.ToR,
        Cost=cost,
        Timespans=spans,
        RatedUsage=Decimal(sum([span.TimeEnd.ns - span.TimeStart.ns for span in spans])),
    )


def add_connect_fee(span: TimeSpan) -> None:
    """Put the connect fee, also one of 0, before the increments of a call's first span."""
    rating = span.RateInterval.Rating if span.RateInterval else None
    if rating is None:
        return
    span.Increments = [Increment(Duration=0, Cost=rating.ConnectFee, BalanceInfo=NOBODY, CompressFactor=1), *span.runs()]
    span.Cost += rating.ConnectFee


def _capped(spans: list[TimeSpan], so_far: Decimal) -> Decimal:
    """The sum of the spans, or the cap of a `*free` maximum once it is reached.

    The running total is added to what counts for the cap at every span, as recorded answers show.
    """
    total = ZERO
    for span in spans:
        total += span.Cost
        so_far += total
        interval = span.RateInterval
        if interval is not None and (rating := interval.Rating) is not None and rating.MaxCostStrategy == "*free" and so_far >= rating.MaxCost > 0:
            total = rating.MaxCost
    return total


def _rounded_total(total: Decimal, spans: list[TimeSpan]) -> Decimal:
    """The total by the rounding of the span with the most decimals."""
    decimals, method = 0, ""
    for span in spans:
        rating = span.RateInterval.Rating if span.RateInterval else None
        if rating and rating.RoundingDecimals > decimals:
            decimals, method = rating.RoundingDecimals, rating.RoundingMethod
    return round_decimal(total, decimals, method)


def compress_spans(spans: list[TimeSpan]) -> list[TimeSpan]:
    """Neighbouring spans of the same rate and increments as one; the spans given are not changed."""
    if len(spans) < 2:
        return spans
    joined: list[TimeSpan] = []
    for span in spans:
        if joined and _same(joined[-1], span):
            last = joined[-1]
            joined[-1] = msgspec.structs.replace(
                last,
                TimeEnd=span.TimeEnd,
                Cost=last.Cost + span.Cost,
                DurationIndex=span.DurationIndex,
                CompressFactor=last.factor + span.factor,
            )
        else:
            joined.append(span)
    return joined


def _same(one: TimeSpan, other: TimeSpan) -> bool:
    return bool(
        one.Increments
        and len(one.Increments) == len(other.runs())
        and (one.RateInterval is other.RateInterval or one.RateInterval == other.RateInterval)
        and one.MatchedSubject == other.MatchedSubject
        and one.MatchedPrefix == other.MatchedPrefix
        and one.MatchedDestId == other.MatchedDestId
        and one.RatingPlanId == other.RatingPlanId
        and one.RoundIncrement == other.RoundIncrement
        and all(a.factor == b.factor and a.joins(b) for a, b in zip(one.runs(), other.runs(), strict=True))
    )
