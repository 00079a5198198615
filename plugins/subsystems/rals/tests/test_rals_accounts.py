"""What accounts pay: stories, and properties of money."""

from decimal import Decimal

import pytest
from cgrd_subsystem_rals.accounts import ActionTrigger, ValueFormula, amount_of, debit_sum, fired, init_counters
from cgrd_subsystem_rals.accounts.debit import debit
from cgrd_subsystem_rals.accounts.errors import AccountDisabled, BlockedByBalance
from cgrd_subsystem_rals.accounts.operations import remove, set_balance, take, topup
from cgrd_subsystem_rals.accounts.purse import Bank, Purse
from cgrd_subsystem_rals.accounts.records import Account, Balance, BalanceFilter, SharedGroup, SharingParameters
from cgrd_subsystem_rals.accounts.refund import refund
from cgrd_subsystem_rals.accounts.transfer import transfer
from cgrd_subsystem_rals.accounts.usage import UNLIMITED, max_debit, max_session_time
from cgrd_subsystem_rals.rating import (
    DestinationRate,
    RatingBook,
    RatingPlanActivation,
    RatingPolicy,
    RatingProfile,
    profile_key,
)
from cgrd_subsystem_rals.rating.assemble import PlanLine, rating_plan
from hypothesis import given
from hypothesis import strategies as st

from cgrd.costs import CallDescriptor, RGRate, RIRate, RITiming, event_cost, refundable, trim
from cgrd.durations import MINUTE, SECOND
from cgrd.errors import InsufficientCredit
from cgrd.instants import parse_instant

NOW = parse_instant("2024-04-09T10:00:00Z")
KEY = "cgrates.org:1001"


def book_of(price="0.6", *, increment=SECOND, fee="0", cap=("0", ""), most=1_000_000):
    book = RatingBook(RatingPolicy(max_computed_usage={}, max_increments=most))
    rating = RIRate(
        ConnectFee=Decimal(fee),
        RoundingMethod="*up",
        RoundingDecimals=2,
        MaxCost=Decimal(cap[0]),
        MaxCostStrategy=cap[1],
        Rates=[RGRate(Value=Decimal(price), RateIncrement=increment, RateUnit=MINUTE)],
    )
    timing = RITiming(ID="*any", StartTime="00:00:00")
    book.put_plan(rating_plan("RP", [PlanLine([DestinationRate(destination="*any", rating=rating)], timing, Decimal(10))]))
    activation = RatingPlanActivation(RatingPlanId="RP")
    book.put_profile(RatingProfile(Id=profile_key("cgrates.org", "call", "*any"), RatingPlanActivations=[activation]))
    return book


def account_of(*balances, **flags):
    account = Account(ID=KEY, **flags)
    for kind, balance_id, value, more in balances:
        account.add(kind, Balance(Uuid=f"uuid-{balance_id}", ID=balance_id, Value=Decimal(value), **more))
    return account


def call(usage, *, tor="*voice", **more):
    return CallDescriptor(
        Tenant="cgrates.org",
        Category="call",
        Subject="1001",
        Account="1001",
        Destination="49151",
        TimeStart=NOW,
        TimeEnd=NOW.plus(usage),
        DurationIndex=usage,
        ToR=tor,
        **more,
    )


def values(account):
    return {balance.ID: balance.Value for held in (account.BalanceMap or {}).values() for balance in held or []}


def money(value, **more):
    return ("*monetary", "money", value, more)


def test_minutes_go_before_money():
    account = account_of(money("10"), ("*voice", "minutes", 30 * SECOND, {}))
    paid = debit(book_of(), Bank(), account, call(MINUTE))
    assert paid.cost.Cost == Decimal("0.3")
    assert values(paid.accounts[KEY]) == {"money": Decimal("9.7"), "minutes": 0}
    assert values(account)["money"] == 10, "the account given is unchanged"


def test_changes_are_told_for_the_ledger():
    paid = debit(book_of(), Bank(), account_of(money("10")), call(MINUTE))
    assert [(c.account, c.kind, c.id, c.before, c.after) for c in paid.changes] == [(KEY, "*monetary", "money", 10, Decimal("9.4"))]


def test_heavier_balances_pay_first():
    light = ("*monetary", "light", "10", {"Weight": Decimal(1)})
    heavy = ("*monetary", "heavy", "10", {"Weight": Decimal(2)})
    assert values(debit(book_of(), Bank(), account_of(light, heavy), call(MINUTE)).accounts[KEY])["light"] == 10


def test_what_nobody_pays_goes_to_the_default_balance():
    after = debit(book_of(), Bank(), account_of(money("0.3")), call(MINUTE)).accounts[KEY]
    assert values(after) == {"money": 0, "*default": Decimal("-0.3")}


def test_deny_negative_pays_what_can_be_paid():
    paid = debit(book_of(), Bank(), account_of(money("0.3")), call(MINUTE, DenyNegativeAccount=True))
    assert (paid.cost.Cost, paid.cost.RatedUsage) == (Decimal("0.3"), 30 * SECOND)


def test_a_blocker_that_runs_out_stops_everything():
    first = ("*monetary", "first", "0.3", {"Weight": Decimal(2), "Blocker": True})
    with pytest.raises(BlockedByBalance, match="INSUFFICIENT_CREDIT_BALANCE_BLOCKER"):
        debit(book_of(), Bank(), account_of(first, money("10")), call(MINUTE))


def test_a_disabled_account_pays_nothing():
    with pytest.raises(AccountDisabled):
        debit(book_of(), Bank(), account_of(money("10"), Disabled=True), call(MINUTE))


def test_a_debit_of_a_terabyte_is_one_run():
    octets = ("*data", "octets", 2 * 10**12, {})
    paid = debit(book_of(most=10**12), Bank(), account_of(octets), call(10**12, tor="*data"))
    (span,) = paid.cost.Timespans
    assert [(run.Duration, run.CompressFactor) for run in span.Increments] == [(1, 10**12)]


@pytest.mark.parametrize("held", [("*data", "octets", 10**12, {}), money("10")])
def test_a_call_of_too_many_increments_cannot_be_authorised(held):
    book, asked = book_of(increment=1, most=100), call(101, tor="*data")
    assert max_session_time(book, Bank(), account_of(held), asked) == 0
    assert max_session_time(book, Bank(), account_of(held), call(100, tor="*data")) == 100


def test_a_debit_of_too_many_increments_has_none_and_takes_nothing():
    paid = debit(book_of(increment=1, most=100), Bank(), account_of(("*data", "octets", 500, {})), call(101, tor="*data"))
    assert [(span.usage, span.runs()) for span in paid.cost.spans()] == [(101, [])]
    assert paid.changes == []


def test_max_session_time_is_what_money_pays():
    assert max_session_time(book_of(), Bank(), account_of(money("0.3")), call(MINUTE)) == 30 * SECOND
    assert max_session_time(book_of(), Bank(), account_of(money("0.3"), AllowNegative=True), call(MINUTE)) == UNLIMITED
    assert max_session_time(book_of(fee="1"), Bank(), account_of(money("0.3")), call(MINUTE)) == 0


def test_a_disconnecting_maximum_ends_the_session_but_not_a_debit():
    book = book_of(cap=("0.3", "*disconnect"))
    assert max_session_time(book, Bank(), account_of(money("10")), call(MINUTE)) == 30 * SECOND
    assert debit(book, Bank(), account_of(money("10")), call(MINUTE)).cost.Cost == Decimal("0.6")


def test_force_duration_wants_all_or_nothing():
    with pytest.raises(InsufficientCredit):
        max_debit(book_of(), Bank(), account_of(money("0.3")), call(MINUTE, ForceDuration=True))


def test_rounding_is_taken_from_the_payer():
    paid = debit(book_of("0.05"), Bank(), account_of(money("10")), call(130 * SECOND, PerformRounding=True))
    assert paid.cost.Cost == Decimal("0.11")
    assert values(paid.accounts[KEY])["money"] == Decimal("9.89")


def test_a_member_of_a_shared_group_pays():
    own = account_of(("*monetary", "own", "0", {"SharedGroups": {"FAMILY": True}}))
    other = Account(ID="cgrates.org:1002")
    other.add("*monetary", Balance(Uuid="uuid-other", ID="other", Value=Decimal(10), SharedGroups={"FAMILY": True}))
    family = SharedGroup(Id="FAMILY", AccountParameters={"*any": SharingParameters(Strategy="*lowest")}, MemberIds={KEY: True, other.ID: True})
    paid = debit(book_of(), Bank(accounts={other.ID: other}, groups={"FAMILY": family}), own, call(MINUTE))
    assert values(paid.accounts[other.ID])["other"] == Decimal("9.4")


def test_a_sum_is_taken_from_money_and_the_rest_from_nothing():
    done = debit_sum(book_of(), Bank(), account_of(money("0.3"), ("*voice", "minutes", 60, {})), call(MINUTE), Decimal(1))
    assert values(done.accounts[KEY]) == {"money": 0, "minutes": 60, "*default": Decimal("-0.7")}


def test_a_trigger_fires_once_its_counter_is_reached():
    trigger = ActionTrigger(UniqueID="T", ThresholdType="*max_event_counter", ThresholdValue=Decimal("0.6"), Balance=BalanceFilter(Type="*monetary"))
    account = account_of(money("10"), ActionTriggers=[trigger])
    init_counters(account)
    half = debit(book_of(), Bank(), account, call(30 * SECOND)).accounts[KEY]
    assert not fired(half, changed={"uuid-money"}, at=NOW)
    whole = debit(book_of(), Bank(), half, call(30 * SECOND)).accounts[KEY]
    (due,) = fired(whole, changed={"uuid-money"}, at=NOW)
    due.Executed = True
    assert not fired(whole, changed={"uuid-money"}, at=NOW)


def test_a_trigger_on_a_balance_looks_at_what_changed():
    trigger = ActionTrigger(UniqueID="T", ThresholdType="*min_balance", ThresholdValue=Decimal(2), Balance=BalanceFilter(Type="*monetary"))
    account = account_of(money("1"), ActionTriggers=[trigger])
    assert [each.UniqueID for each in fired(account, changed={"uuid-money"}, at=NOW)] == ["T"]
    assert not fired(account, changed=set(), at=NOW)


def test_an_amount_shared_out_over_the_month():
    formula = ValueFormula(Method="*incremental", Params={"Units": 300, "Interval": "month", "Increment": "day"})
    assert amount_of(formula, now=NOW) == 10


def test_orders_on_balances():
    purse = Purse(account_of(money("10")), Bank(new_uuid=lambda: "new"))
    by_name = BalanceFilter(Type="*monetary", ID="money")
    topup(purse, by_name, Decimal(5), at=NOW)
    take(purse, by_name, Decimal(3), at=NOW)
    assert values(purse.own) == {"money": 12}
    set_balance(purse, BalanceFilter(Type="*voice", ID="minutes"), Decimal(-60), at=NOW)
    assert values(purse.own)["minutes"] == 60
    remove(purse, by_name, at=NOW)
    assert {(change.id, change.after) for change in purse.changes()} == {("money", 0), ("minutes", 60)}


def test_a_transfer_up_to_a_reference_value():
    source, target = Purse(account_of(money("10")), Bank()), Purse(Account(ID="cgrates.org:1002"), Bank())
    moved = transfer(source, target, source_balance="money", target_balance="gift", units=Decimal(1), reference=Decimal(4), at=NOW)
    assert (moved, values(source.own)["money"], values(target.own)["gift"]) == (4, 6, 4)


amounts = st.decimals(min_value="0.00001", max_value=20, places=5)
usages = st.integers(min_value=1, max_value=20 * MINUTE)


@given(price=st.decimals(min_value=0, max_value=5, places=3), held=amounts, minutes=st.integers(0, 10 * MINUTE), usage=usages)
def test_with_deny_negative_nothing_goes_below_zero(price, held, minutes, usage):
    account = account_of(money(held), ("*voice", "minutes", minutes, {}))
    paid = debit(book_of(price), Bank(), account, call(usage, DenyNegativeAccount=True))
    assert all(value >= 0 for changed in paid.accounts.values() for value in values(changed).values())


@given(price=st.decimals(min_value=0, max_value=5, places=3), held=amounts, usage=usages, fee=st.sampled_from(["0", "0.2"]))
def test_a_refund_of_everything_restores_the_account(price, held, usage, fee):
    account = account_of(money(held), ("*voice", "minutes", 90 * SECOND, {}))
    paid = debit(book_of(price, fee=fee), Bank(), account, call(usage))
    spent = {KEY: account, **paid.accounts}
    _, surplus = trim(event_cost(paid.cost), 0)
    back = refund(Bank(), spent, call(usage, Increments=refundable(surplus) if surplus else []))
    restored = {**spent, **back.accounts}[KEY]
    before = values(account)
    assert {name: value for name, value in values(restored).items() if value or name in before} == before
    assert not back.lost


@given(price=st.decimals(min_value=0, max_value=5, places=3), held=amounts, usage=usages)
def test_money_is_conserved(price, held, usage):
    account = account_of(money(held))
    paid = debit(book_of(price), Bank(), account, call(usage))
    taken = sum((change.before - change.after for change in paid.changes), Decimal(0))
    assert taken == paid.cost.Cost


@given(held=amounts, usage=usages)
def test_a_maximum_debit_takes_what_was_granted(held, usage):
    account = account_of(money(held))
    granted = max_session_time(book_of(), Bank(), account, call(usage))
    paid = max_debit(book_of(), Bank(), account, call(usage))
    assert granted <= paid.cost.RatedUsage < granted + SECOND or not granted
