"""Stories of calls: begun by Janus' webrtcup, ended by whatever comes first, charged once for the talk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio
import trio.testing

from cgrd import CGREvent
from cgrd.durations import SECOND
from cgrd.errors import InsufficientCredit, ReplyTimeout, StoreError, Wrong


async def settled() -> None:
    await trio.testing.wait_all_tasks_blocked()


def usages(world: Any) -> list[int]:
    return [args["Event"]["Usage"] for args in world.graph.of("ProcessCDR")]


async def test_call_is_charged_from_webrtcup_to_hangup_of_the_browser(world: Any) -> None:
    path, handle = await world.call()
    await world.clock.advance(3_500_000_000)
    assert (await world.post(f"{path}/{handle}", janus="hangup"))["janus"] == "success"
    await settled()
    assert [name for name, _ in world.graph.asked] == ["AuthorizeEvent", "AuthorizeEvent", "InitiateSession", "TerminateSession", "ProcessCDR"]
    assert world.graph.of("TerminateSession")[0]["Event"]["Usage"] == 3_500_000_000
    assert usages(world) == [3_500_000_000]


async def test_nobody_polls_and_the_call_is_charged_all_the_same(world: Any) -> None:
    path, _ = await world.call()
    await world.clock.advance(8 * SECOND)
    await world.post(path, janus="destroy")
    await settled()
    assert usages(world) == [8 * SECOND]


async def test_detach_and_destroy_after_a_hangup_charge_nothing_more(world: Any) -> None:
    path, handle = await world.call()
    await world.clock.advance(SECOND)
    for step in ("hangup", "detach"):
        await world.post(f"{path}/{handle}", janus=step)
    await world.post(path, janus="destroy")
    await settled()
    assert usages(world) == [SECOND]


async def test_each_peer_connection_of_a_session_is_a_call_of_its_own(world: Any) -> None:
    path, handle = await world.call()
    session = int(path.rpartition("/")[2])
    other = (await world.post(path, janus="attach", plugin="janus.plugin.echotest"))["data"]["id"]
    world.janus.put_through(session, other)
    await settled()
    await world.clock.advance(2 * SECOND)
    await world.post(f"{path}/{handle}", janus="hangup")
    world.janus.put_through(session, handle)
    await world.clock.advance(SECOND)
    await world.post(path, janus="destroy")
    await settled()
    found = {args["Event"]["OriginID"]: args["Event"]["Usage"] for args in world.graph.of("ProcessCDR")}
    assert found == {str(session): 2 * SECOND, f"{session}:{other}:1": 3 * SECOND, f"{session}:{handle}:2": SECOND}


async def test_money_gone_browser_told_then_hangup_then_destroy(world: Any) -> None:
    path, handle = await world.call()
    session = int(path.rpartition("/")[2])
    await world.clock.advance(5 * SECOND)
    start = world.graph.of("InitiateSession")[0]["Event"]
    event = CGREvent(Tenant="cgrates.org", ID="x", Event={**start, "DisconnectCause": "INSUFFICIENT_CREDIT"})
    assert world.agent.disconnect_session(event) == "OK"
    told = (await world.http("GET", f"{path}?maxev=5")).json()
    await settled()
    assert told[1] == {"janus": "hangup", "session_id": session, "sender": handle, "reason": "INSUFFICIENT_CREDIT"}
    assert [seen["janus"] for seen in world.janus.seen[-2:]] == ["hangup", "destroy"]
    assert usages(world) == [5 * SECOND]
    assert world.graph.of("ProcessCDR")[0]["Event"]["DisconnectCause"] == "INSUFFICIENT_CREDIT"
    assert (await world.http("GET", path)).json()["janus"] == "detached"
    assert (await world.http("GET", path)).status == 404


async def test_reason_of_a_cut_waits_for_a_browser_that_polls_late(world: Any) -> None:
    path, _ = await world.call()
    await world.http("GET", f"{path}?maxev=9")
    start = world.graph.of("InitiateSession")[0]["Event"]
    world.agent.disconnect_session(CGREvent(Event={**start, "DisconnectCause": "INSUFFICIENT_CREDIT"}))
    await settled()
    kinds = [(event["janus"], event.get("reason")) for event in (await world.http("GET", f"{path}?maxev=9")).json()]
    assert kinds[0] == ("hangup", "INSUFFICIENT_CREDIT")
    assert (await world.http("GET", path, client="10.0.0.66")).status == 404
    assert (await world.http("GET", path)).status == 404


@pytest.mark.parametrize("cause", ["FORCED_DISCONNECT", "SESSION_TIMEOUT", "FRAUD"])
async def test_session_that_sessions_has_closed_is_not_charged_again(world: Any, cause: str) -> None:
    await world.call()
    start = world.graph.of("InitiateSession")[0]["Event"]
    world.graph.active.clear()
    world.agent.disconnect_session(CGREvent(Event={**start, "DisconnectCause": cause}))
    await settled()
    assert not world.graph.of("TerminateSession")
    assert not world.graph.of("ProcessCDR")
    assert not world.janus.sessions


async def test_start_that_is_refused_ends_the_call_and_costs_nothing(world: Any) -> None:
    world.graph.refuse["SessionSv1.InitiateSession"] = InsufficientCredit("RALS_ERROR:INSUFFICIENT_CREDIT")
    path, _ = await world.call()
    await settled()
    assert not world.janus.sessions
    told = (await world.http("GET", f"{path}?maxev=9")).json()
    assert ("hangup", "RALS_ERROR:INSUFFICIENT_CREDIT") in [(event["janus"], event.get("reason")) for event in told]
    assert not world.graph.of("TerminateSession")


async def test_start_that_is_not_answered_ends_the_call_and_is_charged(world: Any) -> None:
    world.graph.slow.add("SessionSv1.InitiateSession")
    await world.call()
    await world.clock.advance(3 * SECOND)
    await settled()
    assert not world.janus.sessions
    assert usages(world) == [2 * SECOND]


async def test_grant_of_zero_at_the_start_ends_the_call(world: Any) -> None:
    world.graph.grants["SessionSv1.InitiateSession"] = [0]
    world.graph.grants["SessionSv1.UpdateSession"] = [0]
    await world.call()
    await settled()
    assert not world.janus.sessions
    assert usages(world) == [0]


async def test_without_a_debit_loop_slices_are_renewed_and_the_last_one_is_the_end(world: Any) -> None:
    world.graph.grants["SessionSv1.InitiateSession"] = [10 * SECOND]
    world.graph.grants["SessionSv1.UpdateSession"] = [10 * SECOND, 3 * SECOND, 0]
    await world.call()
    await world.clock.advance(22_900_000_000)
    assert world.janus.sessions
    await world.clock.advance(SECOND)
    await settled()
    assert not world.janus.sessions
    assert usages(world) == [23 * SECOND]


async def test_report_is_repeated_until_it_is_taken(world: Any) -> None:
    path, _ = await world.call()
    world.graph.refuse["SessionSv1.TerminateSession"] = StoreError("disk full")
    await world.post(path, janus="destroy")
    await world.clock.advance(4 * SECOND)
    assert not world.graph.of("ProcessCDR")
    del world.graph.refuse["SessionSv1.TerminateSession"]
    await world.clock.advance(10 * SECOND)
    tries = world.graph.of("TerminateSession")
    assert len({str(args["APIOpts"]) + str(args["Event"]) for args in tries}) == 1
    assert len(tries) > 2
    assert len(usages(world)) == 1


async def test_report_refused_for_good_does_not_keep_the_record_back(world: Any) -> None:
    path, _ = await world.call()
    world.graph.refuse["SessionSv1.TerminateSession"] = Wrong("RALS_ERROR:ACCOUNT_NOT_FOUND")
    await world.post(path, janus="destroy")
    await settled()
    assert len(usages(world)) == 1


async def test_janus_lost_calls_end_when_it_was_last_heard_and_browsers_hear_of_it(world: Any) -> None:
    path, _ = await world.call()
    await world.clock.advance(4 * SECOND)
    heard = world.clock.monotonic_ns()
    await world.clock.advance(3 * SECOND)
    world.agent.listener.janus_lost(world.janus, heard_ns=heard)
    await settled()
    assert usages(world) == [4 * SECOND]
    told = [event["janus"] for event in (await world.http("GET", f"{path}?maxev=9")).json()]
    assert told[-2:] == ["hangup", "timeout"]


async def test_browser_killed_while_it_polls_is_charged_until_its_poll_broke(world: Any) -> None:
    path, handle = await world.call()
    session = int(path.rpartition("/")[2])
    world.janus.tell({"janus": "media", "session_id": session, "sender": handle, "type": "audio", "mid": "0", "receiving": True})
    await world.http("GET", f"{path}?maxev=9")
    leave = trio.Event()
    world.nursery.start_soon(lambda: world.http("GET", path, leave=leave))
    await world.clock.advance(5 * SECOND)
    leave.set()
    await world.clock.advance(1_700_000_000)
    world.janus.tell({"janus": "media", "session_id": session, "sender": handle, "type": "audio", "mid": "0", "receiving": False})
    await world.clock.advance(63 * SECOND)
    assert usages(world) == [5 * SECOND]
    assert not world.janus.sessions


async def test_browser_that_stops_polling_but_talks_on_is_charged_until_it_is_ended(world: Any) -> None:
    path, handle = await world.call()
    session = int(path.rpartition("/")[2])
    world.janus.tell({"janus": "media", "session_id": session, "sender": handle, "type": "audio", "mid": "0", "receiving": True})
    await world.clock.advance(62 * SECOND)
    await settled()
    assert not world.janus.sessions
    assert usages(world) == [61 * SECOND]


async def test_poll_alone_keeps_the_session_alive_in_janus(world: Any) -> None:
    path, _ = await world.call()

    async def poll() -> None:
        while True:
            await world.http("GET", path)

    world.nursery.start_soon(poll)
    await world.clock.advance(200 * SECOND)
    assert world.janus.sessions
    kept = [seen for seen in world.janus.seen if seen["janus"] == "keepalive"]
    assert len(kept) == 9


async def test_calls_of_a_life_before_are_closed_at_the_last_proof(make_world: Callable[..., Any]) -> None:
    first = make_world()
    async with first.serving():
        await first.call()
        await first.clock.advance(6_400_000_000)
        kept = dict(first.store.records)
    second = make_world()
    second.store.records = kept
    await second.clock.advance(60 * SECOND)

    async def still_there(caller: Any, edge: str, method: str, args: Any, reply: Any = Any) -> Any:
        if method == "SessionSv1.GetActiveSessions":
            return [{"OriginID": "x"}]
        return await type(second.graph).call(second.graph, caller, edge, method, args, reply)

    second.agent.services.graph = type("Graph", (), {"call": staticmethod(still_there)})()
    async with second.serving():
        await settled()
        assert usages(second) == [6 * SECOND]
        assert [key for key in second.store.records if key[0] == "janus_call"] == []


async def test_stopping_agent_ends_and_reports_its_calls(make_world: Callable[..., Any]) -> None:
    world = make_world()
    async with world.serving():
        await world.call()
        await world.clock.advance(2 * SECOND)
    assert usages(world) == [2 * SECOND]


async def test_warning_reaches_the_browser_and_ends_nothing(world: Any) -> None:
    path, _ = await world.call()
    await world.http("GET", f"{path}?maxev=9")
    start = world.graph.of("InitiateSession")[0]["Event"]
    world.agent.warn_disconnect(CGREvent(Event=start))
    told = (await world.http("GET", path)).json()
    assert told["plugindata"]["data"] == {"cgrd": {"event": "warning", "reason": "LOW_BALANCE"}}
    assert world.janus.sessions


async def test_active_sessions_are_the_live_calls(world: Any) -> None:
    path, _ = await world.call()
    await world.post("/janus", janus="create")
    found = world.agent.active_sessions("")
    assert [(ref.OriginHost, ref.OriginID) for ref in found] == [("10.99.0.1", path.rpartition("/")[2])]
    await world.post(path, janus="destroy")
    await settled()
    assert world.agent.active_sessions("") == []


async def test_report_that_times_out_is_repeated(world: Any) -> None:
    path, _ = await world.call()
    world.graph.refuse["SessionSv1.ProcessCDR"] = ReplyTimeout()
    await world.post(path, janus="destroy")
    await world.clock.advance(SECOND)
    del world.graph.refuse["SessionSv1.ProcessCDR"]
    await world.clock.advance(5 * SECOND)
    assert [key for key in world.store.records if key[0] == "janus_call"] == []


@pytest.mark.parametrize(("stopping", "told"), [(False, True), (True, False)])
async def test_a_lost_janus_is_an_error_unless_the_agent_is_stopping(world: Any, capsys: pytest.CaptureFixture[str], stopping: bool, told: bool) -> None:
    await world.call()
    world.agent.listener.stopping = stopping
    world.agent.listener.janus_lost(world.janus, heard_ns=world.clock.monotonic_ns())
    assert ("a Janus is lost" in capsys.readouterr().out) is told
