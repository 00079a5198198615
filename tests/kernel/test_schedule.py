"""When timings start next: month ends, clock changes, wildcards."""

import calendar
import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgrd.costs import RITiming
from cgrd.durations import DAY, HOUR, MINUTE, SECOND
from cgrd.errors import Wrong
from cgrd.instants import Instant, parse_instant, zone_of
from cgrd.schedule import next_start

BERLIN = zone_of("Europe/Berlin")
DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 12, 31))
CLOCKS = st.times()


def at(text, zone=UTC):
    return parse_instant(text, zone=zone).at_zone(zone)


def starts(timing, since, count):
    """The next few starts as texts."""
    found = []
    for _ in range(count):
        since = next_start(timing, after=since)
        if since is None:
            break
        found.append(str(since))
    return found


@given(DAYS, CLOCKS)
def test_the_end_of_a_month_is_its_last_day_from_2000_to_2100(day, clock):
    now = Instant.of(datetime.combine(day, clock, tzinfo=UTC))
    found = next_start(RITiming(MonthDays=[-1], StartTime="23:30:00"), after=now).datetime()
    assert found.day == calendar.monthrange(found.year, found.month)[1]
    assert (found.hour, found.minute, found.second) == (23, 30, 0)
    assert timedelta(0) < found - datetime.combine(day, clock, tzinfo=UTC) <= timedelta(days=31)


@given(DAYS, st.integers(1, 31), st.booleans())
def test_a_monthly_day_that_a_month_lacks_is_left_out_or_estimated(day, wanted, estimated):
    timing = RITiming(ID="*monthly_estimated" if estimated else "", MonthDays=[wanted], StartTime="00:00:00")
    found = next_start(timing, after=Instant.of(datetime(day.year, day.month, day.day, tzinfo=UTC))).datetime().date()
    # The oracle tries one day after the other.
    following = day + timedelta(days=1)
    while following.day != wanted and not (estimated and following.day == calendar.monthrange(following.year, following.month)[1] < wanted):
        following += timedelta(days=1)
    assert found == following


@given(DAYS, st.sets(st.integers(1, 12), max_size=3), st.sets(st.integers(1, 31), max_size=3), st.sets(st.integers(0, 7), max_size=2), CLOCKS)
def test_a_start_is_the_first_day_that_agrees_with_everything(day, months, month_days, weekdays, clock):
    timing = RITiming(Months=sorted(months), MonthDays=sorted(month_days), WeekDays=sorted(weekdays), StartTime=f"{clock:%H:%M:%S}")
    now = datetime.combine(day, clock.replace(microsecond=0), tzinfo=UTC)
    found = next_start(timing, after=Instant.of(now))
    wanted = {each % 7 for each in weekdays}
    for ahead in range(1, 800):
        each = now + timedelta(days=ahead)
        fits = (not months or each.month in months) and (not month_days or each.day in month_days)
        if fits and (not weekdays or each.isoweekday() % 7 in wanted):
            assert found == Instant.of(each)
            return
    assert found is None or found > Instant.of(now + timedelta(days=799))


def test_29_february_waits_for_leap_years_also_over_2100():
    timing = RITiming(Months=[2], MonthDays=[29], StartTime="12:00:00")
    assert starts(timing, at("2091-01-01T00:00:00Z"), 3) == ["2092-02-29T12:00:00Z", "2096-02-29T12:00:00Z", "2104-02-29T12:00:00Z"]


def test_30_february_never_comes():
    assert next_start(RITiming(Months=[2], MonthDays=[30], StartTime="00:00:00"), after=at("2026-01-01T00:00:00Z")) is None


def test_years_that_are_over_never_come_again():
    timing = RITiming(Years=[2024, 2037], Months=[1], MonthDays=[1], StartTime="00:00:00")
    assert starts(timing, at("2026-01-01T00:00:00Z"), 2) == ["2037-01-01T00:00:00Z"]


def test_a_time_that_the_clock_skips_comes_when_the_clock_is_past_it():
    timing = RITiming(StartTime="02:30:00")
    assert starts(timing, at("2026-03-28T03:00:00", BERLIN), 2) == ["2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"]


def test_a_time_that_the_clock_shows_twice_comes_once():
    timing = RITiming(StartTime="02:30:00")
    assert starts(timing, at("2026-10-24T03:00:00", BERLIN), 2) == ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]


@pytest.mark.parametrize("night", ["2026-03-29T00:00:00", "2026-10-25T00:00:00"])
def test_every_hour_comes_once_an_hour_also_when_the_clock_is_changed(night):
    since = at(night, BERLIN)
    moments = [since := next_start(RITiming(StartTime="*:05:00"), after=since) for _ in range(8)]
    assert {later.ns - earlier.ns for earlier, later in itertools.pairwise(moments)} == {HOUR}


def test_every_minute_comes_sixty_seconds_apart():
    since = at("2026-10-25T00:58:30Z", BERLIN)
    moments = [since := next_start(RITiming(StartTime="*:*:15"), after=since) for _ in range(5)]
    assert moments[0] == at("2026-10-25T00:59:15Z")
    assert {later.ns - earlier.ns for earlier, later in itertools.pairwise(moments)} == {MINUTE}


def test_an_hour_of_any_minute_is_left_for_the_next_day():
    timing = RITiming(StartTime="08:*:00")
    assert starts(timing, at("2026-01-31T08:58:30Z"), 2) == ["2026-01-31T08:59:00Z", "2026-02-01T08:00:00Z"]


def test_one_shots_count_from_when_they_were_planned():
    assert next_start(RITiming(StartTime="+1m30s"), after=at("2026-01-01T00:00:00Z")) == at("2026-01-01T00:01:30Z")


def test_a_start_is_later_than_the_moment_itself():
    moment = at("2026-01-01T00:00:00Z")
    assert next_start(RITiming(StartTime="00:00:00"), after=moment).ns == moment.ns + DAY
    assert next_start(RITiming(StartTime="00:00:00"), after=moment.plus(-1)) == moment


@given(st.text(max_size=9))
def test_any_text_is_a_time_or_refused(text):
    try:
        found = next_start(RITiming(StartTime=text), after=at("2026-01-01T00:00:00Z"))
    except Wrong:
        return
    assert found is None or found >= at("2026-01-01T00:00:00Z") or text.startswith("+-")


def test_seconds_in_sixty_are_refused():
    with pytest.raises(Wrong):
        next_start(RITiming(StartTime="00:00:60"), after=Instant(SECOND))
