"""Sets of actions on accounts: all of a set or nothing, in order of weight; triggers; profiles made by actions."""

from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from cgrd.errors import CgrdError, Exists
from cgrd.testing import call, kernel_in_memory

SECTIONS = {
    "rals": {"enabled": True, "thresholds_conns": ["*internal"], "stats_conns": ["*internal"]},
    "thresholds": {"enabled": True},
    "stats": {"enabled": True},
    "attributes": {"enabled": True},
    "apiers": {"enabled": True},
}


@asynccontextmanager
async def daemon():
    async with kernel_in_memory(SECTIONS) as kernel:
        yield kernel


async def run(kernel, *rows, account="1001", id="SET"):
    """Carry rows out on an account; each is a type and what else it says."""
    actions = [{"Identifier": kind, "Weight": 100 - at, **fields} for at, (kind, fields) in enumerate(rows)]
    await call(kernel, "APIerSv2.SetActions", ActionsId=id, Actions=actions, Overwrite=True)
    return await call(kernel, "APIerSv1.ExecuteAction", Account=account, ActionsId=id)


def money(units, **fields):
    return {"BalanceType": "*monetary", "BalanceId": "main", "Units": str(units), **fields}


async def held(kernel, account="1001", kind="*monetary"):
    """Balances of a type by id, None where there is no account."""
    try:
        found = await call(kernel, "APIerSv2.GetAccount", Account=account)
    except CgrdError:
        return None
    return {balance["ID"]: balance["Value"] for balance in (found["BalanceMap"] or {}).get(kind, ())}


async def test_a_topup_makes_the_account_and_the_balance():
    async with daemon() as kernel:
        assert await run(kernel, ("*topup", money(10))) == "OK"
        assert await held(kernel) == {"main": 10}


async def test_a_set_is_carried_out_by_weight():
    async with daemon() as kernel:
        await run(kernel, ("*topup_reset", money(5, Weight=1)), ("*topup", money(10, Weight=20)))
        assert await held(kernel) == {"main": 5}


async def test_one_failing_action_leaves_nothing_of_its_set():
    async with daemon() as kernel:
        with pytest.raises(CgrdError, match="PARTIALLY_EXECUTED"):
            await run(kernel, ("*topup", money(10)), ("*remove_balance", money(1, BalanceId="nowhere")))
        assert await held(kernel) is None


async def test_an_unknown_type_fails_its_set():
    async with daemon() as kernel:
        with pytest.raises(CgrdError, match="PARTIALLY_EXECUTED"):
            await run(kernel, ("*topup", money(10)), ("*nosuch", {}))
        assert await held(kernel) is None


@pytest.mark.parametrize("kind", ["*sy_publish"])
async def test_what_this_daemon_cannot_do_is_refused_and_says_why(kind):
    async with daemon() as kernel:
        with pytest.raises(CgrdError, match="PARTIALLY_EXECUTED") as refused:
            await run(kernel, (kind, {}))
        assert "NOT_IMPLEMENTED" in refused.value.explain


async def test_filters_look_at_the_account():
    async with daemon() as kernel:
        await run(kernel, ("*topup", money(10)))
        poor = {"Filters": "*lt:~*req.BalanceMap.*monetary[0].Value:5"}
        rich = {"Filters": "*gt:~*req.BalanceMap.*monetary[0].Value:5"}
        await run(kernel, ("*topup", money(1, **poor)), ("*topup", money(2, **rich)))
        assert await held(kernel) == {"main": 12}


async def test_money_moves_to_another_account_or_stays():
    async with daemon() as kernel:
        await run(kernel, ("*topup", money(10)))
        await run(kernel, ("*topup", money(1)), account="1002")
        extra = '{"DestinationAccountID": "cgrates.org:1002", "DestinationBalanceID": "main"}'
        await run(kernel, ("*transfer_balance", {"BalanceId": "main", "Units": "4", "ExtraParameters": extra}))
        assert (await held(kernel), await held(kernel, "1002")) == ({"main": 6}, {"main": 5})
        with pytest.raises(CgrdError, match="PARTIALLY_EXECUTED"):
            await run(kernel, ("*transfer_balance", {"BalanceId": "main", "Units": "40", "ExtraParameters": extra}))
        assert (await held(kernel), await held(kernel, "1002")) == ({"main": 6}, {"main": 5})


async def test_the_ledger_holds_what_actions_did():
    async with daemon() as kernel:
        await run(kernel, ("*topup", money(10)), ("*debit", money(3)))
        entries = kernel.store.ledger(account="cgrates.org:1001")
        assert [entry.change for entry in entries] == [10, -3]
        assert entries[-1].after == 7


async def test_a_removed_account_leaves_its_plans_and_a_balanced_ledger():
    async with daemon() as kernel:
        await run(kernel, ("*topup", money(10)))
        await call(kernel, "APIerSv1.SetActionPlan", Id="PLAN", ActionPlan=[{"ActionsId": "SET", "Time": "12:00:00", "Weight": 10}])
        await call(kernel, "APIerSv1.SetAccount", Account="1001", ActionPlanID="PLAN")
        await run(kernel, ("*remove_account", {}), id="GONE")
        assert await held(kernel) is None
        assert not (await call(kernel, "APIerSv1.GetActionPlan", ID="PLAN"))[0]["AccountIDs"]
        assert sum(entry.change for entry in kernel.store.ledger(account="cgrates.org:1001")) == 0


async def trigger(kernel, **fields):
    told = {"ThresholdType": "*max_balance", "ThresholdValue": 10, "BalanceType": "*monetary", "ActionsID": "BONUS", **fields}
    await call(kernel, "APIerSv2.SetActions", ActionsId="BONUS", Actions=[{"Identifier": "*topup", **money(1, BalanceId="bonus"), "Weight": 10}])
    await call(kernel, "APIerSv2.SetAccount", Account="1001")
    await call(kernel, "APIerSv1.SetAccountActionTriggers", Account="1001", GroupID="GROUP", UniqueID="ONE", ActionTrigger=told)


async def test_a_trigger_fires_once_until_it_is_reset():
    async with daemon() as kernel:
        await trigger(kernel)
        await run(kernel, ("*topup", money(5)))
        assert await held(kernel) == {"main": 5}
        await run(kernel, ("*topup", money(5)))
        await run(kernel, ("*topup", money(5)))
        assert await held(kernel) == {"main": 15, "bonus": 1}
        await run(kernel, ("*reset_triggers", {}), id="RESET")
        await run(kernel, ("*topup", money(5)))
        assert await held(kernel) == {"main": 20, "bonus": 2}


async def test_a_recurrent_trigger_fires_each_time():
    async with daemon() as kernel:
        await trigger(kernel, Recurrent=True, BalanceID="main")
        for _ in range(3):
            await run(kernel, ("*topup", money(10)))
        assert await held(kernel) == {"main": 30, "bonus": 3}


async def test_a_trigger_fires_in_the_set_that_sets_it_off_and_falls_with_it():
    async with daemon() as kernel:
        await trigger(kernel)
        with pytest.raises(CgrdError, match="PARTIALLY_EXECUTED"):
            await run(kernel, ("*topup", money(10)), ("*remove_balance", money(1, BalanceId="nowhere")))
        assert await held(kernel) == {}
        assert not (await call(kernel, "APIerSv2.GetAccount", Account="1001"))["ActionTriggers"][0]["Executed"]


async def test_a_change_is_told_to_thresholds_whose_actions_may_change_the_account_again():
    async with daemon() as kernel:
        await call(kernel, "APIerSv2.SetActions", ActionsId="OFF", Actions=[{"Identifier": "*disable_account", "Weight": 10}])
        profile = {"ID": "LIMIT", "FilterIDs": ["*string:~*opts.*eventType:AccountUpdate", "*gte:~*req.BalanceSummaries[0].Value:20"]}
        await call(kernel, "APIerSv1.SetThresholdProfile", MaxHits=-1, ActionIDs=["OFF"], **profile)
        await run(kernel, ("*topup", money(30)), ("*publish_account", {}))
        assert (await call(kernel, "APIerSv2.GetAccount", Account="1001"))["Disabled"]


async def test_an_action_makes_a_threshold_and_adds_to_it():
    async with daemon() as kernel:
        await run(kernel, ("*dynamic_threshold", {"ExtraParameters": "*tenant;T_<~*req.ID>;*string:~*req.Account:1001;;-1;1;1s;false;10;A1;true;;"}))
        await run(kernel, ("*dynamic_threshold", {"ExtraParameters": "*tenant;T_<~*req.ID>;*string:~*req.X:1&*string:~*req.Y:2;;;;;;;A2;;;"}))
        made = await call(kernel, "APIerSv1.GetThresholdProfile", Tenant="cgrates.org", ID="T_cgrates.org:1001")
        assert (made["MaxHits"], made["MinSleep"], made["Async"]) == (-1, 1_000_000_000, True)
        assert sorted(made["ActionIDs"]) == ["A1", "A2"]
        assert sorted(made["FilterIDs"]) == ["*string:~*req.Account:1001", "*string:~*req.X:1", "*string:~*req.Y:2"]


@pytest.mark.parametrize(
    ("kind", "text", "method", "asked"),
    [
        ("*dynamic_destination", "D1;49&44", "APIerSv1.GetDestination", "D1"),
        ("*dynamic_action", "A1;*topup;\fa;b\f;;main;*monetary;;;;;*unlimited;;5;;;;10;true", "APIerSv1.GetActions", "A1"),
        ("*dynamic_action_plan", "P1;SET;*daily;10;true", "APIerSv1.GetActionPlan", {"ID": "P1"}),
        ("*dynamic_action_plan_accounts", "P1;SET;*daily;10;true;cgrates.org:1001", "APIerSv1.GetAccountActionPlan", {"Account": "1001"}),
        ("*dynamic_action_trigger", "G1;U1;*max_balance;5;true;1s;;;;*monetary;;;;;;;;;;A1;10", "APIerSv1.GetActionTriggers", {"GroupIDs": ["G1"]}),
        ("*dynamic_filter", "*tenant;F1;*string;~*req.Account;1001;;", "APIerSv1.GetFilter", {"Tenant": "cgrates.org", "ID": "F1"}),
        ("*dynamic_stats", "*tenant;S1;;;10;-1;0;*tcc&*asr;;false;false;10;*none;", "APIerSv1.GetStatQueueProfile", {"Tenant": "cgrates.org", "ID": "S1"}),
        (
            "*dynamic_attribute",
            "*tenant;AT1;*any;;;;*req.X;*constant;1;false;10;",
            "APIerSv1.GetAttributeProfile",
            {"Tenant": "cgrates.org", "ID": "AT1"},
        ),
    ],
)
async def test_actions_make_what_plans_are_made_of(kind, text, method, asked):
    async with daemon() as kernel:
        assert await run(kernel, (kind, {"ExtraParameters": text})) == "OK"
        found = await (call(kernel, method, **asked) if isinstance(asked, dict) else plain(kernel, method, asked))
        assert found


async def plain(kernel, method, argument):
    """Call a method whose argument is a bare text."""
    return kernel.house.graph.find(method).handler(argument)


async def test_a_wrong_number_of_parameters_is_refused():
    async with daemon() as kernel:
        with pytest.raises(CgrdError, match="PARTIALLY_EXECUTED") as refused:
            await run(kernel, ("*dynamic_destination", {"ExtraParameters": "D1"}))
        assert "invalid number of parameters <1> expected 2" in refused.value.explain


async def test_what_the_ledger_could_not_add_up_is_refused():
    async with daemon() as kernel:
        await run(kernel, ("*topup", money(10)))
        for method in ("APIerSv1.AddBalance", "APIerSv1.DebitBalance"):
            for value in (Decimal("1e30"), Decimal("1e300")):
                with pytest.raises(CgrdError, match="an amount is at most"):
                    await call(kernel, method, Account="1001", BalanceType="*monetary", Value=value, Balance={"ID": "main"})
        assert await held(kernel) == {"main": 10}


COSTS = {
    "rals": {"enabled": True},
    "cdrs": {"enabled": True},
    "schedulers": {"enabled": True, "cdrs_conns": ["*internal"]},
    "apiers": {"enabled": True},
}


async def store_cost(kernel, number, cost):
    """Keep the cost of a session; whether there was none."""
    try:
        await call(kernel, "CDRsV1.StoreSessionCost", Cost={"CGRID": f"c{number}", "RunID": "*default", **cost}, CheckDuplicate=True)
    except Exists:
        return False
    return True


async def left(kernel, filters, *, costs):
    """CGRIDs of the costs that remain when those are removed that filters mean."""
    for number, cost in enumerate(costs):
        assert await store_cost(kernel, number, cost)
    await run(kernel, ("*remove_session_costs", {"ExtraParameters": filters}))
    return [f"c{number}" for number, cost in enumerate(costs) if not await store_cost(kernel, number, cost)]


@pytest.mark.parametrize(
    ("filters", "remain"),
    [
        ("", []),
        ("*string:~*sc.OriginHost:h1", ["c1", "c2"]),
        ("*notstring:~*sc.OriginHost:h1", ["c0"]),
        ("*prefix:~*sc.OriginID:a|b", ["c2"]),
        ("*string:~*sc.CostSource:*sessions;*gte:~*sc.Usage:1m", ["c0", "c2"]),
        ("*lt:~*sc.CreatedAt:2020-01-01T00:00:00Z", ["c0", "c1", "c2"]),
        ("*lte:~*sc.CreatedAt:*now", []),
        ("*lt:~*sc.CreatedAt:-24h", ["c0", "c1", "c2"]),
        ("*gt:~*sc.CreatedAt:-24h", []),
        ("OLD", ["c2"]),
    ],
)
async def test_costs_of_sessions_that_filters_mean_are_forgotten(filters, remain):
    costs = [
        {"OriginHost": "h1", "OriginID": "a1", "CostSource": "*sessions", "Usage": 10_000_000_000},
        {"OriginHost": "h2", "OriginID": "b1", "CostSource": "*sessions", "Usage": 60_000_000_000},
        {"OriginHost": "h2", "OriginID": "c1", "CostSource": "", "Usage": 90_000_000_000},
    ]
    async with kernel_in_memory(COSTS) as kernel:
        rule = {"Type": "*lte", "Element": "~*sc.Usage", "Values": ["1m"]}
        await call(kernel, "APIerSv1.SetFilter", Tenant="cgrates.org", ID="OLD", Rules=[rule])
        assert await left(kernel, filters, costs=costs) == remain


@pytest.mark.parametrize("filters", ["NOSUCH", "*string:~*req.CGRID:c0", "*regex:~*sc.CGRID:.", "*gt:~*sc.Usage:", "*nonsense", "*lt:~*sc.Usage:soon"])
async def test_filters_that_costs_of_sessions_cannot_be_asked_remove_nothing(filters):
    async with kernel_in_memory(COSTS) as kernel:
        assert await store_cost(kernel, 0, {})
        with pytest.raises(CgrdError, match="PARTIALLY_EXECUTED"):
            await run(kernel, ("*remove_session_costs", {"ExtraParameters": filters}))
        assert not await store_cost(kernel, 0, {})


async def test_without_cdrs_there_are_no_costs_of_sessions_to_forget():
    async with daemon() as kernel:
        with pytest.raises(CgrdError, match="PARTIALLY_EXECUTED") as refused:
            await run(kernel, ("*remove_session_costs", {}))
        assert "No connection with CDR Server" in refused.value.explain
