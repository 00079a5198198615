"""A price asked for again is the price that rating gives."""

from decimal import Decimal

import pytest
from cgrd_subsystem_rals.quotes import Quotes
from cgrd_subsystem_rals.rating import (
    Destination,
    DestinationRate,
    RatingBook,
    RatingPlanActivation,
    RatingPolicy,
    RatingProfile,
    UnauthorizedDestination,
    cost_of,
    profile_key,
)
from cgrd_subsystem_rals.rating.assemble import PlanLine, rating_plan
from hypothesis import given
from hypothesis import strategies as st

from cgrd.codec import encode
from cgrd.costs import CallDescriptor, RGRate, RIRate, RITiming, event_cost
from cgrd.durations import DAY, HOUR, MINUTE, SECOND
from cgrd.instants import Instant, parse_instant

MIDNIGHT = parse_instant("2024-04-09T00:00:00Z")


def rating(value):
    slots = [RGRate(Value=Decimal(value), RateIncrement=SECOND, RateUnit=MINUTE)]
    slots.append(RGRate(GroupIntervalStart=MINUTE, Value=Decimal(value) / 3, RateIncrement=7 * SECOND, RateUnit=MINUTE))
    return RIRate(ConnectFee=Decimal("0.3"), RoundingMethod="*up", RoundingDecimals=4, Rates=slots)


def book_of(value="0.6", *, starts=("00:00:00",)):
    book = RatingBook(RatingPolicy(max_computed_usage={}))
    book.put_destination(Destination(Id="GERMANY", Prefixes=["49", "4930"]))
    timings = [RITiming(ID=start, StartTime=start) for start in starts]
    rates = [DestinationRate(destination="GERMANY", rating=rating(value))]
    book.put_plan(rating_plan("RP", [PlanLine(rates=rates, timing=timing, weight=Decimal(10)) for timing in timings]))
    activation = RatingPlanActivation(ActivationTime=parse_instant("2012-01-01T00:00:00Z"), RatingPlanId="RP")
    book.put_profile(RatingProfile(Id=profile_key("cgrates.org", "call", "*any"), RatingPlanActivations=[activation]))
    return book


def call(usage, *, at=10 * HOUR, to="49301", tor=""):
    begin = Instant(MIDNIGHT.ns + at)
    whose = {"Tenant": "cgrates.org", "Category": "call", "Subject": "1001"}
    return CallDescriptor(**whose, Destination=to, TimeStart=begin, TimeEnd=begin.plus(usage), DurationIndex=usage, ToR=tor)


def rated(book, asked):
    return encode(event_cost(cost_of(book, asked), decimals=book.policy.rounding_decimals))


USAGES = st.sampled_from([0, 1, MINUTE, 123 * SECOND, 3 * HOUR])
ASKED = st.tuples(USAGES, st.integers(0, DAY), st.sampled_from(["", "*voice", "*data"]))


@given(calls=st.lists(ASKED, max_size=12), starts=st.sampled_from([("00:00:00",), ("00:00:00", "12:00:00")]))
def test_a_quote_is_what_rating_says(calls, starts):
    book = book_of(starts=starts)
    quotes = Quotes(book)
    for usage, at, tor in calls:
        asked = call(usage, at=at, tor=tor)
        assert encode(quotes.cost(asked)) == rated(book, asked)


def test_calls_at_one_rate_share_its_price_and_each_is_told_where_it_went():
    book = book_of()
    book.put_destination(Destination(Id="FRANCE", Prefixes=["33"]))
    book.plans["RP"].DestinationRates["FRANCE"] = book.plans["RP"].DestinationRates["GERMANY"]
    quotes = Quotes(book)
    for number in ("49301", "33611", "49301", "4989"):
        assert encode(quotes.cost(call(MINUTE, to=number))) == rated(book, call(MINUTE, to=number))
    assert len(quotes._known) == 1


def test_a_new_plan_is_quoted_at_once():
    book = book_of("0.6")
    quotes = Quotes(book)
    before = quotes.cost(call(MINUTE)).Cost
    book.put_plan(book_of("1.2").plans["RP"])
    assert before == Decimal("0.9")
    assert quotes.cost(call(MINUTE)).Cost == Decimal("1.5")


def test_a_new_policy_is_quoted_at_once():
    book = book_of("0.12345")
    quotes = Quotes(book)
    quotes.cost(call(SECOND))
    book.policy = RatingPolicy(rounding_decimals=2)
    assert encode(quotes.cost(call(SECOND))) == rated(book, call(SECOND))


def test_what_has_no_price_is_refused_each_time():
    quotes = Quotes(book_of())
    for _ in range(2):
        with pytest.raises(UnauthorizedDestination):
            quotes.cost(call(MINUTE, to="33"))
