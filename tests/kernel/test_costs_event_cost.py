"""EventCosts: made from calls, grown by merging, cut by trimming, and told as fields."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgrd.codec import decode, encode
from cgrd.costs import (
    AccountSummary,
    BalanceSummary,
    CallCost,
    ChargingIncrement,
    ChargingInterval,
    DebitInfo,
    EventCost,
    Increment,
    MonetaryInfo,
    RateInterval,
    RGRate,
    RIRate,
    RITiming,
    TimeSpan,
    UnitInfo,
    added,
    call_cost_of,
    event_cost,
    field,
    join_increments,
    merge,
    pause_cost,
    refundable,
    trim,
)
from cgrd.costs.changing import cut_charges
from cgrd.errors import NotFound
from cgrd.instants import parse_instant

SECOND = 1_000_000_000
START = parse_instant("2024-04-09T10:00:00Z")
TARIFF = RateInterval(
    Timing=RITiming(ID="*any", StartTime="00:00:00"),
    Rating=RIRate(ConnectFee=Decimal("0.2"), RoundingMethod="*up", RoundingDecimals=4, Rates=[RGRate(RateIncrement=SECOND, RateUnit=SECOND)]),
    Weight=Decimal(10),
)


def run(count, *, cost="0.01", duration=SECOND, payer="money", unit=None):
    info = DebitInfo(AccountID="cgrates.org:1001", Monetary=MonetaryInfo(UUID=payer, ID="M") if payer else None)
    if unit:
        info.Unit = UnitInfo(UUID=unit, ID="U", Consumed=Decimal(duration), Factor=Decimal(1), ToR="*voice")
    return Increment(Duration=duration, Cost=Decimal(cost), BalanceInfo=info, CompressFactor=count)


def cost_of(*runs, start=START):
    return event_cost(call_of(*runs, start=start))


def call_of(*runs, start=START):
    length = sum(each.usage for each in runs)
    total = sum((each.total for each in runs), Decimal(0))
    span = TimeSpan(
        TimeStart=start,
        TimeEnd=start.plus(length),
        Cost=total,
        RateInterval=TARIFF,
        Increments=list(runs),
        MatchedSubject="*out:cgrates.org:call:*any",
        MatchedPrefix="49",
        MatchedDestId="GERMANY",
        RatingPlanId="RP",
        CompressFactor=1,
    )
    summary = AccountSummary(
        Tenant="cgrates.org",
        AccountID="1001",
        BalanceSummaries=[BalanceSummary(UUID="money", ID="M", Type="*monetary", Initial=Decimal(10), Value=10 - total, Disabled=False)],
    )
    return CallCost(ToR="*voice", Cost=total, Timespans=[span], AccountSummary=summary)


def test_a_cost_names_each_thing_once():
    made = cost_of(run(1, duration=0, cost="0.2"), run(60))
    assert (made.Usage, made.Cost) == (60 * SECOND, Decimal("0.8"))
    assert [len(known) for known in (made.Rating, made.Rates, made.Timings, made.RatingFilters, made.Accounting)] == [1, 1, 1, 1, 2]


def test_a_unit_charge_names_its_extra_charge():
    made = cost_of(run(3, unit="minutes"), run(2, payer=None, unit="minutes", cost="0"))
    extras = [made.Accounting[each.AccountingID].ExtraChargeID for each in made.Charges[0].Increments]
    assert made.Accounting[extras[0]].BalanceUUID == "money"
    assert extras[1] == "*none"


def test_it_survives_the_wire():
    made = cost_of(run(60))
    assert decode(encode(made), EventCost) == made
    assert b"BalanceFactor" not in encode(made)


def test_a_call_comes_back_out_of_it():
    made = cost_of(run(60))
    (span,) = call_cost_of(made, tor="*voice").Timespans
    assert (span.usage, span.Cost, span.RatingPlanId, span.Increments[0].BalanceInfo.Monetary.UUID) == (60 * SECOND, Decimal("0.6"), "RP", "money")


def test_sessions_grow_by_merging():
    first, second = cost_of(run(10)), cost_of(run(90), start=START.plus(10 * SECOND))
    merged = merge(first, second)
    assert [each.CompressFactor for each in merged.Charges[0].Increments] == [100]
    assert (merged.Usage, merged.Cost, first.Usage) == (100 * SECOND, Decimal(1), 10 * SECOND)
    assert merged.AccountSummary.BalanceSummaries[0].Initial == 10


def test_equal_debits_are_one_charge_repeated():
    merged = merge(merge(cost_of(run(60)), cost_of(run(60))), cost_of(run(60)))
    assert [(charge.CompressFactor, charge.Increments[0].CompressFactor) for charge in merged.Charges] == [(3, 60)]


@pytest.mark.parametrize(
    "later", [[run(60)], [run(1, duration=0, cost="0.2"), run(60)], [run(30, payer="other")], [run(20, unit="minutes"), run(5, unit="minutes", cost="0")]]
)
def test_adding_a_call_is_merging_its_cost(later):
    first, more = cost_of(run(1, duration=0, cost="0.2"), run(60)), call_of(*later, start=START.plus(60 * SECOND))
    before = encode(first)
    assert without_names(added(first, more)) == without_names(merge(first, event_cost(more)))
    assert without_names(added(added(first, more), more)) == without_names(merge(merge(first, event_cost(more)), event_cost(more)))
    assert encode(first) == before


def without_names(cost):
    return cost.StartTime, cost.Usage, [charge.factor for charge in cost.Charges], call_cost_of(cost, tor="*voice")


def test_more_paid_at_the_end_is_more_of_the_last_increment():
    (charge,) = added(cost_of(run(60)), call_of(run(60)), repeating=False).Charges
    assert [(charge.factor, each.factor) for each in charge.Increments] == [(1, 120)]


def test_another_payer_is_another_charge():
    assert len(merge(cost_of(run(60)), cost_of(run(30, payer="other"))).Charges) == 2


def test_a_pause_is_free_usage():
    merged = merge(cost_of(run(10)), pause_cost(start=START.plus(10 * SECOND), usage=5 * SECOND, account_key="cgrates.org:1001"))
    assert (merged.Usage, merged.Cost) == (15 * SECOND, Decimal("0.1"))
    assert merged.Rating["*pause"].RatesID == "*pause"


def test_a_straddled_increment_stays():
    kept, surplus = trim(cost_of(run(60)), 10 * SECOND + 1)
    assert (kept.Usage, surplus.usage()) == (11 * SECOND, 49 * SECOND)
    assert refundable(surplus)[0].factor == 49


def test_nothing_beyond_the_usage_is_no_surplus():
    assert trim(cost_of(run(60)), 60 * SECOND)[1] is None


def test_at_nothing_all_is_surplus():
    kept, surplus = trim(cost_of(run(1, duration=0, cost="0.2"), run(60)), 0)
    assert (kept.Cost, surplus.compute().Cost, kept.Accounting) == (0, Decimal("0.8"), {})


def test_fields_follow_ids():
    made = cost_of(run(60))
    assert field(made, "Charges[0].Rating.RatingFilter.RatingPlanID") == "RP"
    assert field(made, "Charges[0].Increments[0].Accounting.Balance.ID") == "M"
    assert field(made, "Charges[0].Rating.Rates[0].RateIncrement") == SECOND
    with pytest.raises(NotFound):
        field(made, "Charges[1].RatingID")


increments = st.builds(
    ChargingIncrement,
    Usage=st.integers(0, 7),
    Cost=st.decimals(min_value=0, max_value=3, places=5),
    AccountingID=st.just(""),
    CompressFactor=st.integers(1, 9),
)
charges = st.lists(st.builds(ChargingInterval, RatingID=st.just(""), Increments=st.lists(increments, min_size=1), CompressFactor=st.integers(1, 5)))


def expanded(cost):
    return [(each.Usage, each.Cost) for charge in cost for _ in range(charge.factor) for each in charge.Increments for _ in range(each.factor)]


@given(charges=charges, at=st.integers(0, 400))
def test_cutting_the_compressed_is_cutting_the_expanded(charges, at):
    kept, beyond = cut_charges(charges, at)
    assert expanded(kept) + expanded(beyond) == expanded(charges)
    used = sum(usage for usage, _ in expanded(kept))
    assert not beyond or used >= at
    positive = [usage for usage, _ in expanded(kept) if usage]
    assert not beyond or not positive or used - positive[-1] < at


@given(charges=charges)
def test_the_total_is_that_of_the_expanded(charges):
    made = EventCost(Charges=charges).compute()
    assert made.Cost == sum((cost for _, cost in expanded(charges)), Decimal(0))
    assert made.Usage == sum(usage for usage, _ in expanded(charges))


@given(counts=st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_joined_runs_are_the_same_increments(counts):
    joined = join_increments([run(count, cost=("0.01", "0.02")[count % 2]) for count in counts])
    assert sum(each.factor for each in joined) == sum(counts)
    assert all(one.Cost != other.Cost for one, other in itertools.pairwise(joined))


@given(first=st.integers(1, 100), second=st.integers(1, 100), at=st.integers(0, 250))
def test_merging_what_was_trimmed_gives_the_whole(first, second, at):
    whole = merge(cost_of(run(first)), cost_of(run(second)))
    kept, surplus = trim(whole, at * SECOND)
    rest = (surplus or EventCost(Charges=[])).compute()
    assert ((kept.Cost or 0) + (rest.Cost or 0), (kept.Usage or 0) + (rest.Usage or 0)) == (whole.Cost, whole.Usage)
