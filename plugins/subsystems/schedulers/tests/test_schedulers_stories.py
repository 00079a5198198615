"""Stories of plans and the accounts that they serve, on a clock that the test turns."""

from contextlib import asynccontextmanager
from datetime import UTC

import pytest
import trio

from cgrd.durations import DAY, HOUR, MINUTE, SECOND
from cgrd.errors import CgrdError
from cgrd.store import SqliteStore
from cgrd.testing import Disk, VirtualClock, call, kernel_in_memory, store_on

SECTIONS = {"rals": {"enabled": True}, "schedulers": {"enabled": True}, "apiers": {"enabled": True, "scheduler_conns": ["*internal"]}, "cores": {}}
TOPUP = {"Identifier": "*topup", "BalanceId": "main", "BalanceType": "*monetary", "Units": "1", "Weight": 10}


@pytest.fixture(autouse=True)
def machine_in_utc(monkeypatch):
    """Plans run by the machine's clock; here it shows UTC wherever the test runs."""
    monkeypatch.setattr("cgrd.schedule.zone_of", lambda name: UTC)


@asynccontextmanager
async def daemon(*, clock=None, store=None, **changed):
    """A daemon with a set of actions that adds one unit of money."""
    sections = {name: {**section, **changed.get(name, {})} for name, section in SECTIONS.items()}
    async with kernel_in_memory(sections, clock=clock, store=store) as kernel:
        with_actions = "ADD" in kernel.services.profiles["Actions"]
        if not with_actions:
            await call(kernel, "APIerSv2.SetActions", ActionsId="ADD", Actions=[TOPUP])
        yield kernel


async def plan(kernel, *accounts, id="PLAN", actions="ADD", **timing):
    await call(kernel, "APIerSv1.SetActionPlan", Id=id, ActionPlan=[{"ActionsId": actions, "Weight": 10, **timing}], Overwrite=True)
    for account in accounts:
        await call(kernel, "APIerSv1.SetAccount", Account=account, ActionPlanID=id)


async def money(kernel, account):
    """What an account has, None when it is not there."""
    try:
        found = await call(kernel, "APIerSv2.GetAccount", Account=account)
    except CgrdError:
        return None
    return sum(balance["Value"] for balance in (found["BalanceMap"] or {}).get("*monetary", ()))


async def scheduled(kernel, **asked):
    return await call(kernel, "APIerSv1.GetScheduledActions", **asked)


async def test_a_daily_plan_adds_once_a_day():
    async with daemon() as kernel:
        await plan(kernel, "1001", Time="12:00:00")
        await kernel.clock.advance(4 * HOUR - SECOND)
        assert await money(kernel, "1001") == 0
        await kernel.clock.advance(SECOND)
        assert await money(kernel, "1001") == 1
        await kernel.clock.advance(3 * DAY)
        assert await money(kernel, "1001") == 4


async def test_accounts_bound_later_are_served_from_then_on():
    async with daemon() as kernel:
        await plan(kernel, "1001", Time="12:00:00")
        await kernel.clock.advance(DAY)
        await call(kernel, "APIerSv1.SetAccount", Account="1002", ActionPlanID="PLAN")
        await kernel.clock.advance(DAY)
        assert (await money(kernel, "1001"), await money(kernel, "1002")) == (2, 1)


async def test_every_minute_means_every_minute():
    async with daemon() as kernel:
        await plan(kernel, "1001", Time="*:*:30")
        await kernel.clock.advance(10 * MINUTE)
        assert await money(kernel, "1001") == 10


async def test_a_one_shot_runs_once_and_leaves_its_plan():
    async with daemon() as kernel:
        await plan(kernel, "1001", Time="+90s")
        await kernel.clock.advance(DAY)
        assert await money(kernel, "1001") == 1
        assert (await call(kernel, "APIerSv1.GetActionPlan", ID="PLAN"))[0]["ActionTimings"] == []
        with pytest.raises(CgrdError, match="NOT_FOUND"):
            await scheduled(kernel)


async def test_a_plan_that_is_gone_does_nothing():
    async with daemon() as kernel:
        await plan(kernel, "1001", Time="12:00:00")
        await call(kernel, "APIerSv1.RemoveActionPlan", ID="PLAN")
        await kernel.clock.advance(2 * DAY)
        assert await money(kernel, "1001") == 0


async def test_what_is_due_at_once_has_run_when_the_request_is_answered():
    async with daemon() as kernel:
        await plan(kernel, id="NOW", Time="*asap")
        await call(kernel, "APIerSv1.SetAccount", Account="1001", ActionPlanID="NOW", ReloadScheduler=True)
        assert await money(kernel, "1001") == 1
        await kernel.clock.advance(DAY)
        await call(kernel, "SchedulerSv1.Reload")
        assert await money(kernel, "1001") == 1


async def test_the_heavier_line_of_one_moment_comes_first():
    async with daemon() as kernel:
        await call(kernel, "APIerSv2.SetActions", ActionsId="RESET", Actions=[{**TOPUP, "Identifier": "*topup_reset", "Units": "7"}])
        lines = [{"ActionsId": "ADD", "Time": "12:00:00", "Weight": 5}, {"ActionsId": "RESET", "Time": "12:00:00", "Weight": 20}]
        await call(kernel, "APIerSv1.SetActionPlan", Id="PLAN", ActionPlan=lines)
        await call(kernel, "APIerSv1.SetAccount", Account="1001", ActionPlanID="PLAN")
        await kernel.clock.advance(DAY)
        assert await money(kernel, "1001") == 8


async def test_an_account_that_fails_holds_up_nobody():
    async with daemon() as kernel:
        actions = [{"Identifier": "*remove_balance", "BalanceId": "old", "BalanceType": "*sms", "Units": "1", "Weight": 20}, TOPUP]
        await call(kernel, "APIerSv2.SetActions", ActionsId="SWAP", Actions=actions)
        await plan(kernel, "1001", "1002", actions="SWAP", Time="12:00:00")
        await call(kernel, "APIerSv1.SetBalance", Account="1002", BalanceType="*sms", Value=3, Balance={"ID": "old"})
        await kernel.clock.advance(DAY)
        assert (await money(kernel, "1001"), await money(kernel, "1002")) == (0, 1)


async def test_filters_choose_the_accounts():
    async with daemon(schedulers={"filters": ["*string:~*req.Account:1002"]}) as kernel:
        await plan(kernel, "1001", "1002", Time="12:00:00")
        await kernel.clock.advance(DAY)
        assert (await money(kernel, "1001"), await money(kernel, "1002")) == (0, 1)


async def test_a_scheduler_at_rest_starts_what_was_due_once_when_it_goes_on():
    async with daemon() as kernel:
        await plan(kernel, "1001", Time="12:00:00")
        scheduler = kernel.services.components["schedulers"]
        scheduler.pause()
        await kernel.clock.advance(3 * DAY)
        assert (scheduler.running, await money(kernel, "1001")) == (False, 0)
        scheduler.resume()
        await trio.testing.wait_all_tasks_blocked()
        assert (scheduler.running, await money(kernel, "1001")) == (True, 1)
        await kernel.clock.advance(DAY)
        assert await money(kernel, "1001") == 2


async def test_a_start_missed_while_the_daemon_was_down_is_made_up_for_once(tmp_path):
    path = tmp_path / "cgrd.sqlite"
    clock = VirtualClock()
    async with daemon(clock=clock, store=SqliteStore.open(path, clock=clock)) as kernel:
        await plan(kernel, "1001", Time="12:00:00")
        await clock.advance(HOUR)
    await clock.advance(3 * DAY)
    for _ in range(2):
        async with daemon(clock=clock, store=SqliteStore.open(path, clock=clock)) as kernel:
            await trio.testing.wait_all_tasks_blocked()
            assert await money(kernel, "1001") == 1
    async with daemon(clock=clock, store=SqliteStore.open(path, clock=clock)) as kernel:
        await clock.advance(DAY)
        assert await money(kernel, "1001") == 2


async def test_a_round_cut_off_in_the_middle_goes_on_where_it_was(tmp_path):
    path = tmp_path / "cgrd.sqlite"
    clock = VirtualClock()
    async with daemon(clock=clock, store=SqliteStore.open(path, clock=clock)) as kernel:
        await plan(kernel, "1001", "1002", "1003", Time="12:00:00")
        seen = []

        def stop_after_two(hop):
            if hop.method == "RALsV1.ExecuteActions":
                seen.append(hop)
                if len(seen) == 2:
                    kernel._scopes["schedulers"].cancel()

        kernel.house.graph.watch(stop_after_two)
        await clock.advance(DAY)
        assert [await money(kernel, account) for account in ("1001", "1002", "1003")] == [1, 1, 0]
    async with daemon(clock=clock, store=SqliteStore.open(path, clock=clock)) as kernel:
        await trio.testing.wait_all_tasks_blocked()
        assert [await money(kernel, account) for account in ("1001", "1002", "1003")] == [1, 1, 1]


async def test_lines_that_went_leave_no_trace():
    async with daemon() as kernel:
        await plan(kernel, "1001", Time="12:00:00")
        agenda = kernel.services.components["schedulers"].agenda
        assert len(agenda.all()) == len(agenda.progress.uuids()) == 1
        await plan(kernel, Time="13:00:00")
        assert len(agenda.all()) == len(agenda.progress.uuids()) == 1
        await call(kernel, "APIerSv1.RemoveActionPlan", ID="PLAN")
        assert agenda.all() == []
        assert agenda.progress.uuids() == set()


async def test_what_is_scheduled_is_shown():
    async with daemon() as kernel:
        await plan(kernel, "1001", "1002", Time="12:00:00")
        await plan(kernel, "2001", id="LATER", Years="2037", Months="1", MonthDays="1", Time="00:00:00")
        everything = await scheduled(kernel)
        assert [(each["ActionPlanID"], each["ActionsID"], each["Accounts"]) for each in everything] == [("PLAN", "ADD", 2), ("LATER", "ADD", 1)]
        assert [each["ActionPlanID"] for each in await scheduled(kernel, Tenant="cgrates.org", Account="2001")] == ["LATER"]
        assert [each["ActionPlanID"] for each in await scheduled(kernel, TimeEnd="2030-01-01T00:00:00Z")] == ["PLAN"]
        assert [each["ActionPlanID"] for each in await scheduled(kernel, Offset=1)] == ["LATER"]
        for asked in ({"Account": "nobody"}, {"Tenant": "other.org"}, {"TimeStart": "2038-01-01T00:00:00Z"}):
            with pytest.raises(CgrdError, match="NOT_FOUND"):
                await scheduled(kernel, **asked)


async def test_a_plan_is_carried_out_on_demand():
    async with daemon() as kernel:
        await plan(kernel, "1001", "1002", Time="12:00:00")
        assert await call(kernel, "SchedulerSv1.ExecuteActions", ActionPlanID="PLAN") == "OK"
        assert (await money(kernel, "1001"), await money(kernel, "1002")) == (1, 1)
        with pytest.raises(CgrdError, match="NOT_FOUND"):
            await call(kernel, "SchedulerSv1.ExecuteActions", ActionPlanID="NOPE")


async def test_a_span_of_time_is_played_through():
    async with daemon() as kernel:
        await plan(kernel, "1001", Time="12:00:00")
        span = {"TimeStart": "2026-03-01T12:00:00Z", "TimeEnd": "2026-03-05T12:00:00Z"}
        assert await call(kernel, "SchedulerSv1.ExecuteActions", **span) == "OK"
        assert await money(kernel, "1001") == 5


async def test_plans_make_the_account_that_is_missing():
    async with daemon() as kernel:
        await plan(kernel, id="NOW", Time="*asap")
        await plan(kernel, Time="12:00:00")
        assert await call(kernel, "SchedulerSv1.ExecuteActionPlans", ActionPlanIDs=["NOW", "PLAN"], AccountID="1001") == "OK"
        assert await money(kernel, "1001") == 2
        await kernel.clock.advance(DAY)
        assert await money(kernel, "1001") == 2  # it was not bound to them
        with pytest.raises(CgrdError, match="NOT_FOUND"):
            await call(kernel, "SchedulerSv1.ExecuteActionPlans", ActionPlanIDs=["PLAN", "NOPE"], AccountID="1002")
        assert await money(kernel, "1002") is None


async def test_a_start_that_the_disk_refused_is_tried_again_until_it_is_kept():
    disk, clock = Disk(), VirtualClock()
    async with daemon(clock=clock, store=store_on(disk, clock=clock)) as kernel:
        await plan(kernel, "1001", "1002", Time="12:00:00")
        await clock.advance(HOUR)
        disk.broken = "disk full"
        await clock.advance(4 * HOUR)
        assert (await money(kernel, "1001"), await money(kernel, "1002")) == (0, 0)
        disk.broken = ""
        await clock.advance(HOUR)
        assert (await money(kernel, "1001"), await money(kernel, "1002")) == (1, 1)
        await clock.advance(DAY)
        assert (await money(kernel, "1001"), await money(kernel, "1002")) == (2, 2)


async def test_what_is_due_at_once_comes_by_weight():
    async with daemon() as kernel:
        await call(kernel, "APIerSv2.SetActions", ActionsId="RESET", Actions=[{**TOPUP, "Identifier": "*topup_reset", "Units": "7"}])
        lines = [{"ActionsId": "ADD", "Time": "*asap", "Weight": 5}, {"ActionsId": "RESET", "Time": "*asap", "Weight": 20}] * 3
        await call(kernel, "APIerSv1.SetActionPlan", Id="PLAN", ActionPlan=lines)
        await call(kernel, "APIerSv1.SetAccount", Account="1001", ActionPlanID="PLAN", ReloadScheduler=True)
        assert await money(kernel, "1001") == 10


async def test_filters_hold_for_what_is_due_at_once():
    async with daemon(schedulers={"filters": ["*string:~*req.Account:1002"]}) as kernel:
        await plan(kernel, id="NOW", Time="*asap")
        for account in ("1001", "1002"):
            await call(kernel, "APIerSv1.SetAccount", Account=account, ActionPlanID="NOW", ReloadScheduler=True)
        assert (await money(kernel, "1001"), await money(kernel, "1002")) == (0, 1)


async def test_a_loaded_plan_has_made_its_accounts_when_the_load_is_answered(tmp_path):
    async with daemon() as kernel:
        (tmp_path / "Actions.csv").write_text("GIVE,*topup,,,main,*monetary,,,,,,,5,,,,10\n")
        (tmp_path / "ActionPlans.csv").write_text("NOW,GIVE,*asap,10\n")
        (tmp_path / "AccountActions.csv").write_text("".join(f"cgrates.org,{number},NOW,,,\n" for number in range(2000, 2100)))
        assert await call(kernel, "APIerSv1.LoadTariffPlanFromFolder", FolderPath=str(tmp_path)) == "OK"
        assert {await money(kernel, str(number)) for number in range(2000, 2100)} == {5}
        assert list(kernel.store.scan("ActionTask")) == []
