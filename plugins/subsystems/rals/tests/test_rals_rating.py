"""What calls cost by tariff: stories, and properties that hold for every tariff."""

import sys
from decimal import Decimal

import pytest
from cgrd_subsystem_rals.rating import (
    Destination,
    DestinationRate,
    MaxUsageExceeded,
    RatingBook,
    RatingPlanActivation,
    RatingPlanNotFound,
    RatingPolicy,
    RatingProfile,
    UnauthorizedDestination,
    cost_of,
    profile_key,
)
from cgrd_subsystem_rals.rating.assemble import PlanLine, rating_plan
from hypothesis import given
from hypothesis import strategies as st

from cgrd.costs import CallDescriptor, RGRate, RIRate, RITiming, event_cost
from cgrd.durations import HOUR, MINUTE, SECOND
from cgrd.instants import parse_instant

ALWAYS = RITiming(ID="*any", StartTime="00:00:00")


def rate(value, *, increment=SECOND, unit=MINUTE, fee="0", slots=(), rounding=("*up", 4), cap=("0", "")):
    first = RGRate(Value=Decimal(value), RateIncrement=increment, RateUnit=unit)
    return RIRate(
        ConnectFee=Decimal(fee),
        RoundingMethod=rounding[0],
        RoundingDecimals=rounding[1],
        MaxCost=Decimal(cap[0]),
        MaxCostStrategy=cap[1],
        Rates=[first, *slots],
    )


def book_of(*lines, policy=None, subject="*any", destinations=None):
    book = RatingBook(policy or RatingPolicy())
    for name, prefixes in (destinations or {"GERMANY": ["49"], "MOBILE": ["4915"]}).items():
        book.put_destination(Destination(Id=name, Prefixes=prefixes))
    plan_lines = [
        PlanLine(rates=[DestinationRate(destination=to, rating=rating)], timing=timing, weight=Decimal(weight)) for to, rating, timing, weight in lines
    ]
    book.put_plan(rating_plan("RP", plan_lines))
    activation = RatingPlanActivation(ActivationTime=parse_instant("2012-01-01T00:00:00Z"), RatingPlanId="RP")
    book.put_profile(RatingProfile(Id=profile_key("cgrates.org", "call", subject), RatingPlanActivations=[activation]))
    return book


def call(usage, *, start="2024-04-09T10:00:00Z", to="491234", tor="*voice", subject="1001", **more):
    begin = parse_instant(start)
    return CallDescriptor(
        Tenant="cgrates.org",
        Category="call",
        Subject=subject,
        Account=subject,
        Destination=to,
        TimeStart=begin,
        TimeEnd=begin.plus(usage),
        DurationIndex=usage,
        ToR=tor,
        **more,
    )


def test_the_longest_prefix_names_the_price():
    book = book_of(("GERMANY", rate("0.6"), ALWAYS, 10), ("MOBILE", rate("1.2"), ALWAYS, 10))
    assert cost_of(book, call(MINUTE, to="49301")).Cost == Decimal("0.6")
    assert cost_of(book, call(MINUTE, to="49151")).Cost == Decimal("1.2")


def test_a_started_increment_is_paid_whole():
    cost = cost_of(book_of(("*any", rate("0.6", increment=MINUTE), ALWAYS, 10)), call(61 * SECOND))
    assert (cost.Cost, cost.RatedUsage) == (Decimal("1.2"), 120 * SECOND)


def test_the_connect_fee_is_an_increment_of_no_length_and_only_in_the_first_loop():
    book = book_of(("*any", rate("0.6", fee="0.5"), ALWAYS, 10))
    first = cost_of(book, call(MINUTE)).Timespans[0].Increments[0]
    assert (first.Duration, first.Cost) == (0, Decimal("0.5"))
    assert cost_of(book, call(MINUTE, LoopIndex=Decimal(1))).Cost == Decimal("0.6")


def test_later_usage_falls_under_the_later_slot():
    later = RGRate(GroupIntervalStart=MINUTE, Value=Decimal("0.06"), RateIncrement=SECOND, RateUnit=MINUTE)
    cost = cost_of(book_of(("*any", rate("0.6", slots=[later]), ALWAYS, 10)), call(2 * MINUTE))
    assert [span.Cost for span in cost.Timespans] == [Decimal("0.6"), Decimal("0.06")]


def test_a_rate_of_the_evening_begins_in_the_call():
    evening = RITiming(ID="EVE", StartTime="18:00:00")
    book = book_of(("*any", rate("0.6"), ALWAYS, 10), ("*any", rate("0.06"), evening, 10))
    assert cost_of(book, call(2 * MINUTE, start="2024-04-09T17:59:00Z")).Cost == Decimal("0.66")


def test_only_voice_is_cut_by_the_clock():
    evening = RITiming(ID="EVE", StartTime="18:00:00")
    book = book_of(("*any", rate("0.6"), ALWAYS, 10), ("*any", rate("0.06"), evening, 10))
    assert len(cost_of(book, call(2 * MINUTE, start="2024-04-09T17:59:00Z", tor="*generic")).Timespans) == 1


def test_equal_halves_around_midnight_are_told_as_one_where_no_fee_is_counted_twice():
    around = {"start": "2024-04-09T23:59:00Z"}
    [joined] = cost_of(book_of(("*any", rate("0.6"), ALWAYS, 10)), call(2 * MINUTE, **around)).Timespans
    assert (joined.CompressFactor, [run.Duration for run in joined.Increments]) == (2, [0, SECOND])
    cost = cost_of(book_of(("*any", rate("0.6", fee="1"), ALWAYS, 10)), call(2 * MINUTE, **around))
    assert [span.CompressFactor for span in cost.Timespans] == [1, 1]
    assert event_cost(cost).Cost == cost.Cost == Decimal("2.2")


def test_nobody_knows_the_subject():
    with pytest.raises(RatingPlanNotFound, match="RATING_PLAN_NOT_FOUND"):
        cost_of(book_of(("*any", rate("1"), ALWAYS, 10), subject="1002"), call(MINUTE))


def test_the_plan_has_no_rate_for_the_number():
    with pytest.raises(UnauthorizedDestination) as refused:
        cost_of(book_of(("MOBILE", rate("1"), ALWAYS, 10)), call(MINUTE, to="33"))
    assert "33" in refused.value.explain
    assert "profile *out:cgrates.org:call:*any (plan RP) has none: add the destination" in refused.value.explain
    assert "FallbackSubjects" not in refused.value.explain


def test_a_subject_s_own_profile_hides_that_of_any_and_the_refusal_says_so():
    book = book_of(("GERMANY", rate("1"), ALWAYS, 10))
    book.put_plan(rating_plan("NARROW", [PlanLine([DestinationRate(destination="MOBILE", rating=rate("9"))], ALWAYS, Decimal(10))]))
    own = RatingPlanActivation(RatingPlanId="NARROW")
    book.put_profile(RatingProfile(Id=profile_key("cgrates.org", "call", "1001"), RatingPlanActivations=[own]))
    with pytest.raises(UnauthorizedDestination) as refused:
        cost_of(book, call(MINUTE, to="4930"))
    for words in ("profile *out:cgrates.org:call:1001 (plan NARROW) has none", "FallbackSubjects: *out:cgrates.org:call:*any is not asked"):
        assert words in refused.value.explain


def test_a_part_of_the_call_without_a_rate_is_refused_not_a_crash():
    weekdays = RITiming(ID="WORK", WeekDays=[1, 2, 3, 4, 5], StartTime="00:00:00")
    book = book_of(("*any", rate("1"), weekdays, 10))
    with pytest.raises(UnauthorizedDestination):
        cost_of(book, call(2 * MINUTE, start="2024-04-12T23:59:00Z"))


def test_more_usage_than_allowed_is_refused():
    with pytest.raises(MaxUsageExceeded):
        cost_of(book_of(("*any", rate("1"), ALWAYS, 10)), call(73 * HOUR))


def test_a_free_maximum_caps_the_total():
    book = book_of(("*any", rate("0.6", cap=("1", "*free")), ALWAYS, 10))
    assert cost_of(book, call(10 * MINUTE)).Cost == Decimal("1")


def test_no_usage_costs_nothing_and_never_fails():
    assert cost_of(book_of(("MOBILE", rate("1"), ALWAYS, 10)), call(0, to="33")).Cost == 0


def test_a_subject_without_a_plan_for_the_number_falls_back():
    book = book_of(("*any", rate("0.6"), ALWAYS, 10), subject="1002")
    book.put_plan(rating_plan("NARROW", [PlanLine([DestinationRate(destination="MOBILE", rating=rate("9"))], ALWAYS, Decimal(10))]))
    fallback = RatingPlanActivation(RatingPlanId="NARROW", FallbackKeys=[profile_key("cgrates.org", "call", "1002")])
    book.put_profile(RatingProfile(Id=profile_key("cgrates.org", "call", "1001"), RatingPlanActivations=[fallback]))
    assert cost_of(book, call(MINUTE, to="4930")).Cost == Decimal("0.6")
    assert cost_of(book, call(MINUTE, to="4915")).Cost == Decimal("9")


def test_a_destination_taken_out_is_not_matched_any_more():
    book = book_of(("GERMANY", rate("0.6"), ALWAYS, 10), ("MOBILE", rate("1.2"), ALWAYS, 10))
    assert book.drop_destination("MOBILE")
    assert cost_of(book, call(MINUTE, to="49151")).Cost == Decimal("0.6")


def test_what_was_found_before_does_not_outlive_a_change():
    book = book_of(("GERMANY", rate("0.6"), ALWAYS, 10), ("MOBILE", rate("1.2"), ALWAYS, 10))
    assert cost_of(book, call(MINUTE, to="49151")).Cost == Decimal("1.2")
    book.put_destination(Destination(Id="MOBILE", Prefixes=["4917"]))
    assert cost_of(book, call(MINUTE, to="49151")).Cost == Decimal("0.6")
    book.drop_profile(profile_key("cgrates.org", "call", "*any"))
    with pytest.raises(RatingPlanNotFound):
        cost_of(book, call(MINUTE, to="49151"))


DIGITS = st.text("49", max_size=7)


@given(prefixes=st.lists(DIGITS.filter(bool), min_size=1, max_size=6, unique=True), numbers=st.lists(DIGITS, min_size=1, max_size=12))
def test_numbers_asked_one_after_the_other_cost_what_each_costs_alone(prefixes, numbers):
    lines = [(prefix, rate(f"0.{at + 1}"), ALWAYS, 10) for at, prefix in enumerate(prefixes)]
    where = {prefix: [prefix] for prefix in prefixes}
    shared = book_of(*lines, destinations=where)
    for number in numbers:
        longest = max((prefix for prefix in prefixes if number.startswith(prefix)), key=len, default="")
        assert shared.prefix_of(number) == longest
        if longest:
            assert cost_of(shared, call(MINUTE, to=number)) == cost_of(book_of(*lines, destinations=where), call(MINUTE, to=number))
        else:
            with pytest.raises(UnauthorizedDestination):
                cost_of(shared, call(MINUTE, to=number))


def test_a_number_of_a_million_digits_is_looked_up_by_its_first_ones():
    book = book_of(("GERMANY", rate("0.6"), ALWAYS, 10))
    assert cost_of(book, call(MINUTE, to="49" + "1" * 1_000_000)).Cost == Decimal("0.6")
    with pytest.raises(UnauthorizedDestination):
        cost_of(book, call(MINUTE, to="3" * 1_000_000))


def test_what_a_fallback_gave_ends_with_the_subjects_next_activation():
    book = book_of(("*any", rate("0.6"), ALWAYS, 10), subject="1002")
    book.put_plan(rating_plan("OWN", [PlanLine([DestinationRate(destination="GERMANY", rating=rate("9"))], ALWAYS, Decimal(10))]))
    narrow = rating_plan("NARROW", [PlanLine([DestinationRate(destination="MOBILE", rating=rate("7"))], ALWAYS, Decimal(10))])
    book.put_plan(narrow)
    first = RatingPlanActivation(RatingPlanId="NARROW", FallbackKeys=[profile_key("cgrates.org", "call", "1002")])
    later = RatingPlanActivation(ActivationTime=parse_instant("2024-05-01T00:00:00Z"), RatingPlanId="OWN")
    book.put_profile(RatingProfile(Id=profile_key("cgrates.org", "call", "1001"), RatingPlanActivations=[first, later]))
    assert cost_of(book, call(MINUTE)).Cost == Decimal("0.6")
    assert cost_of(book, call(MINUTE, start="2024-06-01T10:00:00Z")).Cost == Decimal("9")


def test_a_terabyte_by_the_byte_is_one_run():
    book = book_of(
        ("*any", rate("0.000001", increment=1, unit=1, rounding=("*up", 6)), ALWAYS, 10),
        policy=RatingPolicy(rounding_decimals=6, max_computed_usage={}, max_increments=1 << 62),
    )
    cost = cost_of(book, call(10**12, tor="*data"))
    assert [(run.Duration, run.CompressFactor) for run in cost.Timespans[0].Increments[1:]] == [(1, 10**12)]
    assert cost.Cost == Decimal(10**6)
    assert event_cost(cost, decimals=6).Cost == Decimal(10**6)


def calls_made_by(work):
    """How many functions a piece of work calls: what it takes, without a clock."""
    count = 0

    def seen(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def test_a_terabyte_by_the_byte_takes_what_a_minute_takes():
    policy = RatingPolicy(rounding_decimals=6, max_computed_usage={}, max_increments=1 << 62)
    book = book_of(("*any", rate("0.000001", increment=1, unit=1, rounding=("*up", 6)), ALWAYS, 10), policy=policy)
    cost_of(book, call(1, tor="*data"))  # what is made once for a plan is made
    short, long = (calls_made_by(lambda usage=usage: event_cost(cost_of(book, call(usage, tor="*data")))) for usage in (60, 10**12))
    assert long <= short + 5


prices = st.decimals(min_value=0, max_value=10, places=4)
steps = st.sampled_from([SECOND, 6 * SECOND, 30 * SECOND, MINUTE])
usages = st.integers(min_value=1, max_value=30 * MINUTE)


@given(price=prices, step=steps, one=usages, other=usages)
def test_longer_calls_never_cover_less(price, step, one, other):
    book = book_of(("*any", rate(price, increment=step), ALWAYS, 10))
    less, more = sorted((one, other))
    assert cost_of(book, call(less)).RatedUsage <= cost_of(book, call(more)).RatedUsage


@given(price=prices, step=steps, one=usages, other=usages)
def test_cost_grows_with_usage_up_to_the_rounding_of_an_increment(price, step, one, other):
    book = book_of(("*any", rate(price, increment=step, rounding=("", 0)), ALWAYS, 10))
    less, more = sorted((one, other))
    few, many = cost_of(book, call(less)), cost_of(book, call(more))
    slack = Decimal("0.00001") * many.Timespans[0].Increments[-1].CompressFactor
    assert few.Cost <= many.Cost + slack


@given(cents=st.integers(0, 500), step=st.integers(1, 60), parts=st.lists(st.integers(1, 90), min_size=1, max_size=6), later=st.integers(1, 200))
def test_a_call_charged_in_parts_costs_what_it_costs_whole(cents, step, parts, later):
    """Prices that are even by the increment, so that no rounding stands between the parts and the whole."""
    increment, unit = step * SECOND, MINUTE
    second = RGRate(GroupIntervalStart=later * increment, Value=Decimal(cents + 7) * 60, RateIncrement=increment, RateUnit=unit)
    book = book_of(("*any", rate(Decimal(cents) * 60, increment=increment, unit=unit, fee="3", slots=(second,), rounding=("", 0)), ALWAYS, 10))
    total, used = Decimal(0), 0
    for index, part in enumerate(parts):
        asked = call(part * increment, LoopIndex=Decimal(index))
        asked.TimeStart, asked.TimeEnd = asked.TimeStart.plus(used), asked.TimeStart.plus(used + part * increment)
        used += part * increment
        asked.DurationIndex = used
        before, total = total, total + cost_of(book, asked).Cost
        assert total >= before
    assert total == cost_of(book, call(used)).Cost


@given(price=prices, step=steps, usage=usages)
def test_cost_is_the_sum_of_its_increments(price, step, usage):
    cost = cost_of(book_of(("*any", rate(price, increment=step, rounding=("", 0)), ALWAYS, 10)), call(usage))
    assert cost.Cost == sum(run.total for span in cost.Timespans for run in span.Increments)
    assert event_cost(cost).Cost == cost.Cost
    assert event_cost(cost).Usage == cost.RatedUsage
