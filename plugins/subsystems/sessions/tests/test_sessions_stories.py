"""Charging stories over the API: initiate, update, terminate, message, CDR, errors."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import trio

from cgrd.durations import HOUR, SECOND
from cgrd.errors import CgrdError, Wrong


async def test_a_call_is_reserved_and_what_was_not_used_comes_back(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        assert await town.initiate(Usage="60s") == 60 * SECOND
        assert town.bank.money == Decimal("9.4")
        assert await town.update(Usage="30s", LastUsed="60s") == 30 * SECOND
        assert await town.terminate(Usage="70s") == "OK"
        assert town.bank.money == Decimal("9.3")
        assert await town.record() == "OK"
        cdr = town.cdr()
        assert (cdr["Usage"], cdr["Cost"], cdr["CostSource"]) == (70 * SECOND, Decimal("0.7"), "*sessions")


async def test_the_least_of_the_runs_is_granted_and_postpaid_gets_what_it_asks(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        town.forks.runs = {"*default": None, "reseller": "*postpaid"}
        town.bank.money = Decimal("0.2")
        assert await town.initiate(Usage="60s") == 20 * SECOND
        assert await town.update("call2", Usage="60s", RequestType="*postpaid") == 60 * SECOND


async def test_nothing_is_asked_of_the_account_while_the_reserve_lasts(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        town.bank.step = 60 * SECOND
        assert await town.initiate(Usage="45s") == 45 * SECOND
        assert await town.update(Usage="10s") == 10 * SECOND
        assert await town.update(Usage="10s") == 10 * SECOND
        assert [usage for _, usage in town.bank.asked] == [45 * SECOND, 5 * SECOND]


async def test_the_same_session_twice_exists_and_costs_nothing(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        await town.initiate(Usage="60s")
        with pytest.raises(CgrdError, match=r"^EXISTS$"):
            await town.initiate(Usage="60s")
        assert town.bank.money == Decimal("9.4")


async def test_a_session_that_has_ended_is_not_ended_again(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        await town.initiate(Usage="60s")
        await town.terminate(Usage="60s")
        assert await town.terminate(Usage="60s") == "OK"
        assert town.bank.money == Decimal("9.4")


async def test_a_session_that_was_never_started_is_charged_at_its_end(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        assert await town.terminate(Usage="90s") == "OK"
        assert town.bank.money == Decimal("9.1")
        await town.record()
        assert town.cdr()["Usage"] == 90 * SECOND
        with pytest.raises(CgrdError, match="NOT_FOUND"):
            await town.ask("GetActiveSessions")


async def test_more_used_than_paid_is_debited_at_the_end(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        await town.initiate(Usage="60s")
        await town.terminate(Usage="100s")
        assert town.bank.asked[-1] == ("Debit", 40 * SECOND)
        assert town.bank.money == Decimal(9)


async def test_what_is_owed_and_refused_is_told_and_the_session_ends(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        await town.initiate(Usage="60s")
        town.bank.refusal = "INSUFFICIENT_CREDIT_BALANCE_BLOCKER"
        with pytest.raises(CgrdError, match=r"^RALS_ERROR:INSUFFICIENT_CREDIT_BALANCE_BLOCKER$"):
            await town.terminate(Usage="100s")
        assert await town.ask("GetActiveSessionsCount") == 0
        await town.record()
        assert town.cdr()["Usage"] == 100 * SECOND


async def test_a_refused_start_leaves_a_session_that_can_be_ended(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        town.bank.refusal = "ACCOUNT_NOT_FOUND"
        with pytest.raises(CgrdError, match=r"^RALS_ERROR:ACCOUNT_NOT_FOUND$"):
            await town.initiate(Usage="30s")
        told = await town.ask("GetActiveSessions")
        assert (told[0].DurationIndex, told[0].LoopIndex, told[0].Usage) == (30 * SECOND, 0, 0)
        town.bank.refusal = ""
        assert await town.terminate(Usage="30s") == "OK"
        assert town.bank.money == 10


async def test_a_message_is_charged_once(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        event = {"OriginID": "m1", "RequestType": "*prepaid", "ToR": "*sms", "Account": "1001", "Destination": "1002", "Usage": "2"}
        town.bank.step = 1
        assert await town.ask("ProcessMessage", ID="m1", Event=event, Debit=True) == {"MaxUsage": 2}
        assert await town.ask("GetActiveSessionsCount") == 0
        await town.ask("ProcessCDR", ID="m1", Event=event)
        assert town.cdr("m1")["Cost"] == Decimal("0.02")
        assert await town.ask("ProcessMessage", ID="m2", Event={**event, "OriginID": "m2"}) == {}


async def test_a_message_that_one_run_cannot_pay_is_paid_by_none(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        event = {"OriginID": "m1", "RequestType": "*prepaid", "ToR": "*sms", "Account": "1001", "Destination": "1002", "Usage": "2"}
        town.bank.step, town.bank.money = 1, Decimal("0.02")
        town.forks.runs = {"*default": None, "second": None}
        assert await town.ask("ProcessMessage", ID="m1", Event=event, Debit=True) == {"MaxUsage": 0}
        assert town.bank.money == Decimal("0.02")


async def test_free_time_is_not_debited(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        assert await town.initiate(Usage="60s", opts={"*sessionsChargeable": False}) == 60 * SECOND
        assert town.bank.money == 10
        assert await town.update(Usage="10s") == 10 * SECOND
        assert town.bank.money == Decimal("9.9")
        await town.terminate(Usage="70s")
        assert town.bank.money == Decimal("9.9")


async def test_a_total_stands_for_usage_and_last_used(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        await town.initiate(Usage="30s")
        assert await town.update(TotalUsage="45s") == 15 * SECOND
        assert await town.update(Usage="60s", TotalUsage="40s") == 0
        assert await town.update(Usage="60s", TotalUsage="100s") == 60 * SECOND


async def test_a_session_goes_on_under_another_origin(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        await town.initiate("old", Usage="60s")
        assert await town.update("new", InitialOriginID="old", Usage="60s") == 60 * SECOND
        told = await town.ask("GetActiveSessions")
        assert [(each.OriginID, each.Usage) for each in told] == [("new", 120 * SECOND)]
        await town.terminate("new", Usage="120s")
        assert town.bank.money == Decimal("8.8")


async def test_updates_at_once_are_granted_one_after_another(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        await town.initiate(Usage="10s")
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(lambda: town.update(Usage="10s", LastUsed="10s"))
        told = await town.ask("GetActiveSessions")
        assert (told[0].Usage, told[0].LoopIndex) == (60 * SECOND, 6)
        assert town.bank.money == Decimal("9.4")


async def test_the_default_usage_is_asked_for_where_the_event_names_none(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        town.bank.price = Decimal("0.0001")
        assert await town.initiate() == 3 * HOUR


async def test_costs_are_kept_for_cdrs_where_the_configuration_wants_it(town_at: Callable[..., Any]) -> None:
    async with town_at(store_session_costs=True) as town:
        await town.initiate(Usage="60s")
        await town.terminate(Usage="60s")
        assert [(cost["RunID"], cost["Usage"], cost["CostDetails"].Cost) for cost in town.cdrs.costs] == [("*default", 60 * SECOND, Decimal("0.6"))]


async def test_a_cost_is_rounded_by_its_tariff_at_the_end(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        town.bank.price = Decimal("0.00123")
        await town.initiate(Usage="7s")
        await town.terminate(Usage="7s")
        assert town.bank.rounding == Decimal("0.00009")  # 0.00861 is 0.0087 upwards
        await town.record()
        assert town.cdr()["Cost"] == Decimal("0.0087")


async def test_the_cdr_of_an_unknown_session_is_handed_on(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        assert await town.record("never", Usage="60s") == "OK"
        assert town.cdrs.flags == [["*rals"]]
        assert town.cdr("never")["Source"] == "*sessions"


async def test_a_cdr_sent_twice_is_told(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        await town.initiate(Usage="60s")
        await town.terminate(Usage="60s")
        await town.record()
        with pytest.raises(CgrdError, match=r"^PARTIALLY_EXECUTED$"):
            await town.record()


async def test_the_same_request_under_a_key_has_one_effect(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        await town.initiate(Usage="60s")
        event = {"OriginID": "call1", "OriginHost": "10.0.0.1", "Usage": "60s", "RequestType": "*prepaid", "Account": "1001"}
        asked = {"ID": "u1", "Event": event, "UpdateSession": True, "APIOpts": {"*idempotencyKey": "k1"}}
        first = await town.ask("UpdateSession", **asked)
        assert await town.ask("UpdateSession", **asked) == first
        assert town.bank.money == Decimal("8.8")
        with pytest.raises(Wrong, match="used for another request"):
            await town.ask("UpdateSession", **{**asked, "Event": {**event, "Usage": "90s"}})


async def test_a_strangers_stage_brings_its_argument_and_its_part_of_the_reply(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        event = {"OriginID": "call1", "Account": "1001"}
        answer = await town.ask("AuthorizeEvent", ID="a", Event=event, AskStranger=True, StrangerIDs=["A", "B"])
        assert answer == {"Stranger": "asked about ['A', 'B']"}


@pytest.mark.parametrize(
    ("method", "arguments", "word"),
    [
        ("InitiateSession", {}, "MANDATORY_IE_MISSING: [CGREvent]"),
        ("InitiateSession", {"ID": "x"}, "MANDATORY_IE_MISSING: [Event]"),
        ("UpdateSession", {"ID": "x", "Event": {}}, "MANDATORY_IE_MISSING: [Subsystems]"),
        ("TerminateSession", {"ID": "x", "Event": {}, "TerminateSession": True}, "MANDATORY_IE_MISSING: [OriginID]"),
        ("InitiateSession", {"ID": "x", "Event": {"OriginID": "a", "Usage": "abc", "RequestType": "*prepaid"}, "InitSession": True},
         'RALS_ERROR:time: invalid duration "abc"'),
        ("ProcessCDR", {}, "MANDATORY_IE_MISSING: [Event]"),
        ("ForceDisconnect", {"Filters": ["*string:~*req.Account:nobody"]}, "NOT_FOUND"),
        ("SetPassiveSession", {}, "MANDATORY_IE_MISSING: [CGRID]"),
        ("STIRIdentity", {}, "MANDATORY_IE_MISSING: [Payload]"),
    ],
)  # fmt: skip
async def test_what_is_missing_is_named(town_at: Callable[..., Any], method: str, arguments: dict[str, Any], word: str) -> None:
    async with town_at() as town:
        with pytest.raises(CgrdError) as told:
            await town.ask(method, **arguments)
        assert told.value.word == word


async def test_without_chargers_nothing_is_charged(town_at: Callable[..., Any]) -> None:
    async with town_at(chargers_conns=[]) as town:
        with pytest.raises(CgrdError, match=r"^ChargerS is disabled$"):
            await town.initiate(Usage="60s")


async def test_what_is_asked_for_and_not_connected_is_an_error(town_at: Callable[..., Any]) -> None:
    async with town_at(resources_conns=[]) as town:
        with pytest.raises(CgrdError, match=r"^NOT_CONNECTED: ResourceS$"):
            await town.ask("InitiateSession", ID="x", Event={"OriginID": "x"}, InitSession=True, AllocateResources=True)


async def test_a_configuration_that_was_given_up_again_leaves_nothing_behind(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        before = town.sessions.config
        await town.sessions.reload({**before, "resources_conns": []})
        with pytest.raises(CgrdError, match=r"^NOT_CONNECTED: ResourceS$"):
            await town.ask("InitiateSession", ID="a", Event={"OriginID": "a"}, AllocateResources=True)
        await town.sessions.reload(before)
        assert "ResourceAllocation" in await town.ask("InitiateSession", ID="b", Event={"OriginID": "b"}, AllocateResources=True)


async def test_queries_filter_runs_and_limit_them(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        town.forks.runs = {"*default": None, "second": "*none"}
        for number in range(3):
            await town.initiate(f"call{number}", Usage="1s", Account=f"100{number}")
        assert await town.ask("GetActiveSessionsCount") == 6
        assert await town.ask("GetActiveSessionsCount", Filters=["*string:~*req.OriginID:call1"]) == 2
        assert await town.ask("GetActiveSessionsCount", Filters=["*string:~*req.RunID:second", "*string:~*req.Account:1002"]) == 1
        assert await town.ask("GetActiveSessionsCount", Filters=["NO_SUCH_FILTER"]) == 6
        assert await town.ask("GetActiveSessionsCount", Filters=["*nosuch:~*req.Account:1001"]) == 0
        assert len(await town.ask("GetActiveSessions", Limit=2)) == 2


async def test_digests_are_flat_and_tell_seconds(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        event = {"OriginID": "d1", "RequestType": "*prepaid", "Account": "1001", "Usage": "90s", "AnswerTime": "2026-01-31T08:00:00Z"}
        answer = await town.ask("InitiateSessionWithDigest", ID="d", Event=event, InitSession=True)
        assert (answer["MaxUsage"], answer["AttributesDigest"], answer["Thresholds"]) == (90, None, None)


async def test_old_switches_speak_maps_and_seconds(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        graph = town.services.graph
        event = {"OriginID": "v1", "RequestType": "*prepaid", "Account": "1001", "Usage": "90s", "AnswerTime": "2026-01-31T08:00:00Z"}
        assert await graph.request(graph.find("SMGenericV1.InitiateSession"), event) == 90
        assert await graph.request(graph.find("SMGenericV1.UpdateSession"), event) == 90
        assert await graph.request(graph.find("SMGenericV1.TerminateSession"), {**event, "Usage": "100s"}) == "OK"
        assert town.bank.money == 9
