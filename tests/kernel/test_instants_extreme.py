"""Instants at the ends of time: either right, or a clear error; never one that cannot be written and read back."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgrd.durations import DAY, SECOND
from cgrd.instants import Instant, TimeOutOfRange, parse_instant, parse_rfc3339

FIRST, LAST = Instant.ZERO.ns, 253_402_300_800 * SECOND - 1
ZONES = st.sampled_from([UTC, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("America/New_York"), timezone(timedelta(hours=-12))])
MOMENTS = st.integers(FIRST, LAST) | st.integers(FIRST, FIRST + DAY) | st.integers(LAST - DAY, LAST)


@given(MOMENTS, st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(-DAY, DAY), ZONES)
def test_a_later_instant_can_be_written_and_read_or_is_refused(ns: int, more: int, zone: timezone) -> None:
    try:
        later = Instant(ns, zone).plus(more)
        text = str(later)
    except TimeOutOfRange:
        return
    assert later.ns == ns + more
    assert parse_rfc3339(text) == later


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59-00:01"])
def test_a_text_before_the_first_or_behind_the_last_instant_is_refused(text: str) -> None:
    with pytest.raises(TimeOutOfRange, match="time out of range: "):
        parse_instant(text)


@pytest.mark.parametrize("text", ["*yearly", "*monthly", "*daily", "+24h", "*mo+24h", "*month_end+24h"])
def test_what_lies_behind_the_last_day_is_refused(text: str) -> None:
    with pytest.raises(TimeOutOfRange):
        parse_instant(text, now=Instant(LAST - SECOND))
