"""Stories of accounts in a running daemon: balances, the ledger beneath them, triggers, and what survives."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from cgrd_subsystem_rals.publishing import announce, announce_balances
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgrd import CGREvent
from cgrd.codec import convert
from cgrd.component import served_as
from cgrd.errors import CgrdError, InsufficientCredit, PartiallyExecuted
from cgrd.kernel import Kernel
from cgrd.profiles import load_files
from cgrd.store import SqliteStore
from cgrd.testing import VirtualClock, call, kernel_in_memory

SECTIONS: dict[str, Any] = {"rals": {"enabled": True}, "apiers": {"enabled": True}}
START = "2026-01-31T08:00:00Z"
PLAN = {
    "Destinations.csv": "GERMANY,49\n",
    "Rates.csv": "CENT,0,0.6,60s,1s,0s\n",
    "DestinationRates.csv": "RATES,*any,CENT,*up,5,0,\n",
    "RatingPlans.csv": "PLAN,RATES,*any,10\n",
    "RatingProfiles.csv": "cgrates.org,call,*any,2014-01-14T00:00:00Z,PLAN,\n",
    "SharedGroups.csv": "FAMILY,*any,*lowest,\n",
}
"""A cent a second."""


async def loaded(kernel: Kernel, more: dict[str, str] | None = None) -> None:
    profiles: Any = kernel.profiles
    await load_files(profiles, list({**PLAN, **(more or {})}.items()))


async def give(kernel: Kernel, account: str, value: Any, *, id: str = "main", kind: str = "*monetary", **balance: Any) -> None:
    await call(kernel, "APIerSv1.SetBalance", Account=account, BalanceType=kind, Value=value, Balance={"ID": id, **balance})


async def held(kernel: Kernel, account: str, kind: str = "*monetary") -> dict[str, Any]:
    found = await call(kernel, "APIerSv2.GetAccount", Account=account)
    return {balance["ID"]: balance["Value"] for balance in (found["BalanceMap"] or {}).get(kind) or ()}


def asked(account: str, seconds: int, **more: Any) -> dict[str, Any]:
    """A call of so many seconds."""
    minutes, rest = divmod(seconds, 60)
    end = f"2026-01-31T08:{minutes:02}:{rest:02}Z"
    named = {"Tenant": "cgrates.org", "Category": "call", "Account": account, "Destination": "49151", "ToR": "*voice"}
    return {**named, "TimeStart": START, "TimeEnd": end, "DurationIndex": seconds * 10**9, **more}


def balances(kernel: Kernel) -> dict[str, Decimal]:
    """What all accounts hold, by balance."""
    component: Any = kernel.house.components["rals"]
    accounts = component.desk.accounts.values()
    return {each.Uuid: each.Value for account in accounts for held in (account.BalanceMap or {}).values() for each in held or ()}


async def proven(kernel: Kernel) -> None:
    """The ledger adds up to what the accounts hold."""
    kernel.store.flush()
    report = await kernel.store.verify(balances(kernel))
    assert report.ok, report.faults


async def test_a_call_is_paid_by_the_second() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await loaded(kernel)
        await give(kernel, "1001", 10)
        cost = await call(kernel, "Responder.Debit", **asked("1001", 90))
        assert cost["Cost"] == Decimal("0.9")
        assert cost["AccountSummary"]["BalanceSummaries"][0]["Initial"] == 10
        assert await held(kernel, "1001") == {"main": Decimal("9.1")}
        await proven(kernel)


async def test_thirty_sessions_at_once_on_one_unit_never_overdraw_it() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await loaded(kernel)
        await give(kernel, "1001", 1)  # a hundred seconds
        granted: list[int] = []

        async def session() -> None:
            for _ in range(4):
                granted.append((await call(kernel, "Responder.MaxDebit", **asked("1001", 10)))["RatedUsage"])

        async with trio.open_nursery() as nursery:
            for _ in range(30):
                nursery.start_soon(session)
        assert sum(granted) == 100 * 10**9
        assert await held(kernel, "1001") == {"main": 0}
        await proven(kernel)


async def test_who_must_have_all_gets_all_or_nothing() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await loaded(kernel)
        await give(kernel, "1001", Decimal("0.5"))
        with pytest.raises(InsufficientCredit):
            await call(kernel, "Responder.MaxDebit", **asked("1001", 60, ForceDuration=True))
        assert await held(kernel, "1001") == {"main": Decimal("0.5")}


async def test_a_refund_brings_back_what_was_paid() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await loaded(kernel)
        await give(kernel, "1001", 1)
        cost = await call(kernel, "Responder.Debit", **asked("1001", 60))
        increments = [increment for span in cost["Timespans"] for increment in span["Increments"]]
        await call(kernel, "Responder.RefundIncrements", **asked("1001", 60, Increments=increments))
        assert await held(kernel, "1001") == {"main": 1}
        await proven(kernel)


async def test_a_refund_that_names_its_call_is_given_once() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await loaded(kernel)
        await give(kernel, "1001", 1)
        named = {"CgrID": "c1", "RunID": "*default"}
        cost = await call(kernel, "Responder.Debit", **asked("1001", 60, **named))
        increments = [increment for span in cost["Timespans"] for increment in span["Increments"]]
        half = [{**increment, "CompressFactor": 30} for increment in increments]
        for part in (half, half):
            await call(kernel, "Responder.RefundIncrements", **asked("1001", 30, Increments=part, **named))
        for again in (half, increments):
            with pytest.raises(CgrdError, match="EXISTS") as refused:
                await call(kernel, "Responder.RefundIncrements", **asked("1001", 30, Increments=again, **named))
            assert "call c1 *default has 0 left" in refused.value.explain
        assert await held(kernel, "1001") == {"main": 1}
        await proven(kernel)


async def test_a_refund_of_a_call_that_the_ledger_does_not_know_is_given_as_recorded() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await loaded(kernel)
        await give(kernel, "1001", 1)
        cost = await call(kernel, "Responder.Debit", **asked("1001", 60))
        increments = [increment for span in cost["Timespans"] for increment in span["Increments"]]
        await call(kernel, "Responder.RefundIncrements", **asked("1001", 60, Increments=increments, CgrID="c2"))
        await call(kernel, "Responder.RefundIncrements", **asked("1001", 60, Increments=increments))
        assert await held(kernel, "1001") == {"main": Decimal("1.6")}
        await proven(kernel)


async def test_a_tenant_whose_name_has_a_colon_reaches_no_account_of_another() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await give(kernel, "1001:x", 5)
        for method in ("APIerSv1.SetBalance", "APIerSv1.AddBalance", "APIerSv2.SetAccount", "APIerSv2.GetAccount", "APIerSv1.RemoveAccount"):
            with pytest.raises(CgrdError, match="a tenant's name has no colon"):
                await call(kernel, method, Tenant="cgrates.org:1001", Account="x", BalanceType="*monetary", Value=1, Balance={"ID": "main"})
        assert await held(kernel, "1001:x") == {"main": 5}


async def test_a_dry_run_changes_nothing() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await loaded(kernel)
        await give(kernel, "1001", 1)
        assert (await call(kernel, "Responder.Debit", **asked("1001", 60, DryRun=True)))["Cost"] == Decimal("0.6")
        assert await held(kernel, "1001") == {"main": 1}


async def test_members_of_a_group_pay_in_one_transaction() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await loaded(kernel)
        await give(kernel, "1001", Decimal("0.2"), SharedGroups="FAMILY")
        await give(kernel, "1002", 1, SharedGroups="FAMILY")
        await call(kernel, "Responder.Debit", **asked("1001", 60))
        left = (await held(kernel, "1001"))["main"] + (await held(kernel, "1002"))["main"]
        assert left == Decimal("0.6")
        await proven(kernel)


async def test_what_is_dropped_with_its_transaction_is_undone_in_memory() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await loaded(kernel)
        await give(kernel, "1001", 1)
        served = kernel.house.graph.find("Responder.Debit")
        with contextlib.suppress(RuntimeError), kernel.store.transaction(why="a caller that fails"):
            served.handler(convert(asked("1001", 60), served.args))
            assert sum(balances(kernel).values()) == Decimal("0.4")
            raise RuntimeError
        assert await held(kernel, "1001") == {"main": 1}
        await proven(kernel)


async def test_accounts_survive_the_daemon(tmp_path: Path) -> None:
    clock = VirtualClock()
    for expected in (Decimal("0.9"), Decimal("0.8")):
        async with kernel_in_memory(SECTIONS, clock=clock, store=SqliteStore.open(tmp_path / "cgrd.sqlite", clock=clock)) as kernel:
            if "cgrates.org:1001" not in kernel.house.components["rals"].desk.accounts:  # type: ignore[attr-defined]
                await loaded(kernel)
                await give(kernel, "1001", 1)
            await call(kernel, "Responder.Debit", **asked("1001", 10))
            assert await held(kernel, "1001") == {"main": expected}
            await proven(kernel)


async def test_a_removed_account_leaves_the_books_even() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await give(kernel, "1001", 5)
        await call(kernel, "APIerSv1.RemoveAccount", Account="1001")
        with pytest.raises(CgrdError, match="NOT_FOUND"):
            await call(kernel, "APIerSv2.GetAccount", Account="1001")
        await proven(kernel)


ACTIONS = {
    "Actions.csv": (
        "GIFT,*topup,,,gift,*monetary,,,,,,,3,,,,10\n"
        "HALF,*topup,,,half,*monetary,,,,,,,1,,,,20\n"
        "HALF,*remove_balance,,,nowhere,*data,,,,,,,,,,,10\n"
        "STOP,*disable_account,,,,,,,,,,,,,,,10\n"
        "FAR,*http_post,http://127.0.0.1:1/nobody,,,,,,,,,,,,,,20\n"
        "FAR,*topup,,,far,*monetary,,,,,,,1,,,,10\n"
    ),
    "ActionTriggers.csv": "LOW,LOW1,*min_balance,0.5,false,0,,,main,*monetary,,,,,,,,,,GIFT,10\n",
    "ActionPlans.csv": "WELCOME,GIFT,*asap,10\n",
    "AccountActions.csv": "cgrates.org,new,WELCOME,LOW,,\n",
}


async def test_a_set_that_fails_leaves_nothing_behind() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await loaded(kernel, ACTIONS)
        await give(kernel, "1001", 1)
        with pytest.raises(PartiallyExecuted):
            await call(kernel, "APIerSv1.ExecuteAction", Account="1001", ActionsId="HALF")
        assert await held(kernel, "1001") == {"main": 1}
        await proven(kernel)


async def test_a_low_balance_sets_off_its_trigger_once() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await loaded(kernel, ACTIONS)
        await give(kernel, "1001", 1)
        await call(kernel, "APIerSv1.AddAccountActionTriggers", Account="1001", ActionTriggerIDs=["LOW"])
        await call(kernel, "Responder.Debit", **asked("1001", 40))
        assert await held(kernel, "1001") == {"main": Decimal("0.6")}
        await call(kernel, "Responder.Debit", **asked("1001", 20))
        assert await held(kernel, "1001") == {"main": Decimal("0.4"), "gift": 3}
        await call(kernel, "Responder.Debit", **asked("1001", 10))
        assert (await held(kernel, "1001"))["gift"] <= 3
        await proven(kernel)


async def test_what_cannot_be_posted_yet_is_kept_and_the_balance_stays_changed() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await loaded(kernel, ACTIONS)
        assert await call(kernel, "APIerSv1.ExecuteAction", Account="1001", ActionsId="FAR") == "OK"
        assert await held(kernel, "1001") == {"far": 1}
        assert kernel.store.outbox.backlog()["*actions"].waiting == 1


async def test_actions_due_at_once_are_done_before_the_load_answers_and_never_again(tmp_path: Path) -> None:
    clock = VirtualClock()
    sections = {**SECTIONS, "schedulers": {"enabled": True}}
    for _ in range(2):
        async with kernel_in_memory(sections, clock=clock, store=SqliteStore.open(tmp_path / "cgrd.sqlite", clock=clock)) as kernel:
            if "new" not in str(list(kernel.house.components["rals"].desk.accounts)):  # type: ignore[attr-defined]
                await loaded(kernel, ACTIONS)
            assert await held(kernel, "new") == {"gift": 3}
            await proven(kernel)


async def test_thresholds_hear_of_an_account_after_it_was_changed() -> None:
    sections = {**SECTIONS, "rals": {"enabled": True, "thresholds_conns": ["*internal"]}, "thresholds": {"enabled": True}}
    async with kernel_in_memory(sections) as kernel:
        filters = ["*string:~*opts.*eventType:AccountUpdate", "*string:~*req.AccountID:1001"]
        await call(kernel, "APIerSv1.SetThresholdProfile", ID="HEARD", MaxHits=-1, FilterIDs=filters)
        await give(kernel, "1001", 1)
        assert (await call(kernel, "ThresholdSv1.GetThreshold", ID="HEARD"))["Hits"] == 1
        await loaded(kernel)
        await call(kernel, "Responder.Debit", **asked("1001", 10))
        with trio.fail_after(5):
            while (await call(kernel, "ThresholdSv1.GetThreshold", ID="HEARD"))["Hits"] < 2:
                await trio.lowlevel.checkpoint()


async def test_an_event_of_an_account_is_made_where_somebody_may_heed_it_or_watches() -> None:
    listening = {name: {"enabled": True} for name in ("thresholds", "stats")}
    sections = {**SECTIONS, **listening, "rals": {"enabled": True, "thresholds_conns": ["*internal"], "stats_conns": ["*internal"]}}
    async with kernel_in_memory(sections) as kernel:
        await loaded(kernel)
        await give(kernel, "1001", 10)
        desk: Any = kernel.house.components["rals"].desk  # type: ignore[attr-defined]

        def left(key: str = "cgrates.org:1001") -> int:
            work = desk.work("a change")
            announce(desk, work, key)
            announce_balances(desk, work, key)
            return len(work.later)

        assert left() == 0
        await call(kernel, "APIerSv1.SetThresholdProfile", ID="OF_CALLS", FilterIDs=["*string:~*req.Destination:1002"])
        assert left() == 0
        await call(kernel, "APIerSv1.SetThresholdProfile", ID="OF_BALANCES", FilterIDs=["*string:~*req.BalanceID:main"])
        assert left() == 1
        await call(kernel, "APIerSv1.SetStatQueueProfile", ID="OF_ALL", QueueLength=1, Metrics=[{"MetricID": "*sum#1"}])
        assert left() == 2
        assert left("another.org:1001") == 0
        kernel.house.graph.watch(lambda hop: None)
        assert left("another.org:1001") == 2


async def test_watchers_that_fail_or_wait_hold_up_no_debit_and_hear_of_all_in_their_order() -> None:
    listening = {name: {"enabled": True} for name in ("thresholds", "stats")}
    sections = {**SECTIONS, **listening, "rals": {"enabled": True, "thresholds_conns": ["*internal"], "stats_conns": ["*internal"]}}
    heard: list[Decimal] = []
    waited: list[Decimal] = []
    gate = trio.Event()

    def value(event: CGREvent) -> Decimal:
        found: Decimal = event.Event["BalanceSummaries"][0]["Value"]
        return found

    def hear(event: CGREvent) -> list[str]:
        heard.append(value(event))
        if len(heard) == 2:
            raise ValueError("a fault of the watcher")
        return []

    async def wait(event: CGREvent) -> list[str]:
        await gate.wait()
        waited.append(value(event))
        return []

    async with kernel_in_memory(sections) as kernel:
        await loaded(kernel)
        await give(kernel, "1001", 10)
        for name, handler in (("ThresholdSv1.ProcessEvent", hear), ("StatSv1.ProcessEvent", wait)):
            kernel.house.graph.methods[name] = served_as(name, handler, owner="watcher", args=CGREvent)
        for _ in range(4):
            await call(kernel, "Responder.Debit", **asked("1001", 10))
        await trio.testing.wait_all_tasks_blocked()
        assert (len(heard), waited) == (4, [])
        assert heard == sorted(heard, reverse=True)
        gate.set()
        await trio.testing.wait_all_tasks_blocked()
        assert sorted(waited, reverse=True) == [heard[0], heard[2], heard[3]]


AMOUNTS = st.integers(1, 90)
NAMES = st.sampled_from(["1001", "1002"])
ORDERS = st.one_of(
    st.tuples(st.just("Responder.Debit"), NAMES, AMOUNTS),
    st.tuples(st.just("Responder.MaxDebit"), NAMES, AMOUNTS),
    st.tuples(st.just("APIerSv1.AddBalance"), NAMES, AMOUNTS),
    st.tuples(st.just("APIerSv1.DebitBalance"), NAMES, AMOUNTS),
    st.tuples(st.just("APIerSv1.SetBalance"), NAMES, AMOUNTS),
    st.tuples(st.just("APIerSv1.RemoveBalances"), NAMES, AMOUNTS),
    st.tuples(st.just("APIerSv1.RemoveAccount"), NAMES, AMOUNTS),
)


def arguments(method: str, account: str, amount: int) -> dict[str, Any]:
    if method.startswith("Responder"):
        return asked(account, amount)
    if method.endswith("RemoveAccount"):
        return {"Account": account}
    kind = "*monetary" if amount % 3 else "*voice"
    value = Decimal(amount) / 10 if amount % 3 else amount * 10**9
    return {"Account": account, "BalanceType": kind, "Value": value, "Balance": {"ID": f"b{amount % 2}"}}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(orders=st.lists(ORDERS, max_size=12))
def test_whatever_is_ordered_the_ledger_adds_up_to_what_accounts_hold(orders: list[tuple[str, str, int]]) -> None:
    async def play() -> None:
        async with kernel_in_memory(SECTIONS) as kernel:
            await loaded(kernel)
            for order in orders:
                with contextlib.suppress(CgrdError):
                    await call(kernel, order[0], **arguments(*order))
            await proven(kernel)

    trio.run(partial(play))
