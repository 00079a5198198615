"""What happens without anybody asking: debit loops, time-outs, leases, forced ends, restarts, copies."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import trio

from cgrd import CGREvent
from cgrd.durations import HOUR, MILLISECOND, MINUTE, SECOND
from cgrd.errors import CgrdError
from cgrd.store import SqliteStore

ORIGIN = {"OriginID": "call1", "OriginHost": "10.0.0.1"}


async def settle() -> None:
    await trio.testing.wait_all_tasks_blocked()


async def test_a_debit_loop_pays_interval_by_interval(town_at: Callable[..., Any], phone: Any) -> None:
    async with town_at(debit_interval="10s") as town:
        assert await town.initiate(peer=phone) == -1
        await settle()
        assert town.bank.money == Decimal("9.9")
        await town.clock.advance(25 * SECOND)
        assert town.bank.money == Decimal("9.7")
        told = (await town.ask("GetActiveSessions"))[0]
        assert (told.Usage, told.DebitInterval, str(told.NextAutoDebit)) == (30 * SECOND, 10 * SECOND, "2026-01-31T08:00:30Z")
        await town.terminate(Usage="25s", peer=phone)
        assert town.bank.money == Decimal("9.75")
        await town.clock.advance(MINUTE)
        assert town.bank.money == Decimal("9.75")


async def test_the_call_is_cut_when_the_money_is_used_up(town_at: Callable[..., Any], phone: Any) -> None:
    async with town_at(debit_interval="10s", min_dur_low_balance="5s") as town:
        town.bank.money = Decimal("0.15")
        phone.on_disconnect = lambda event: town.terminate(event.Event["OriginID"], Usage="15s")
        await town.initiate(peer=phone)
        await town.clock.advance(14 * SECOND)
        assert [name for name, _ in phone.calls] == ["AgentV1.WarnDisconnect"]
        await town.clock.advance(SECOND)
        await settle()
        assert phone.causes() == ["INSUFFICIENT_CREDIT"]
        assert town.bank.money == 0
        assert await town.ask("GetActiveSessionsCount") == 0


@pytest.mark.parametrize(("money", "paid"), [("0.15", 15), ("0", 0)])
async def test_media_that_stops_late_does_not_overdraw_the_account(town_at: Callable[..., Any], phone: Any, money: str, paid: int) -> None:
    async with town_at(debit_interval="10s") as town:
        town.bank.money = Decimal(money)
        phone.on_disconnect = lambda event: town.terminate(event.Event["OriginID"], Usage=f"{paid}.3s")
        await town.initiate(peer=phone)
        await town.clock.advance(15 * SECOND)
        await settle()
        assert phone.causes() == ["INSUFFICIENT_CREDIT"]
        assert town.bank.money == 0
        await town.ask("ProcessCDR", Event=dict(ORIGIN))
        assert (town.cdr()["Usage"], town.cdr().get("Cost", 0)) == (paid * SECOND, Decimal(money))


async def test_a_call_without_a_client_is_ended_here_with_its_cdr(town_at: Callable[..., Any]) -> None:
    async with town_at(debit_interval="10s") as town:
        town.bank.money = Decimal("0.15")
        await town.initiate()
        await town.clock.advance(15 * SECOND)
        await settle()
        assert await town.ask("GetActiveSessionsCount") == 0
        assert (town.cdr()["Usage"], town.cdr()["Cost"]) == (15 * SECOND, Decimal("0.15"))


async def test_a_loop_that_is_refused_has_the_call_cut(town_at: Callable[..., Any], phone: Any) -> None:
    async with town_at(debit_interval="10s") as town:
        await town.initiate(peer=phone)
        await settle()
        town.bank.refusal = "UNAUTHORIZED_DESTINATION"
        await town.clock.advance(10 * SECOND)
        await settle()
        assert phone.causes() == ["UNAUTHORIZED_DESTINATION"]


async def test_a_silent_session_times_out_and_gives_back_what_it_took(town_at: Callable[..., Any], phone: Any) -> None:
    async with town_at(session_ttl="1m", session_ttl_usage="50s") as town:
        event = {**ORIGIN, "RequestType": "*prepaid", "Account": "1001", "ToR": "*voice", "Usage": "30s", "AnswerTime": "2026-01-31T08:00:00Z"}
        answer = await town.ask("InitiateSession", phone, ID="i", Event=event, InitSession=True, AllocateResources=True)
        assert answer == {"ResourceAllocation": "ROOM", "MaxUsage": 30 * SECOND}
        await town.clock.advance(40 * SECOND)
        await town.update(Usage="10s", peer=phone)
        await town.clock.advance(59 * SECOND)
        assert await town.ask("GetActiveSessionsCount") == 1
        await town.clock.advance(2 * SECOND)
        await settle()
        assert await town.ask("GetActiveSessionsCount") == 0
        assert town.cdr()["Usage"] == 50 * SECOND
        assert town.bank.money == Decimal("9.5")
        assert (town.room.taken, phone.causes()) == (0, ["SESSION_TIMEOUT"])


async def test_a_session_may_bring_its_own_time_out(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        await town.initiate(Usage="30s", opts={"*sessionsTTL": "10s", "*sessionsTTLLastUsage": "0s"})
        await town.clock.advance(11 * SECOND)
        await settle()
        assert town.cdr()["Usage"] == 30 * SECOND


async def test_a_session_whose_other_end_is_gone_ends_at_its_last_sign_of_life(town_at: Callable[..., Any], phone: Any) -> None:
    async with town_at(session_lease="1h") as town:
        await town.initiate(Usage="20m", peer=phone)
        await town.clock.advance(5 * MINUTE)
        await town.update(Usage="20m", LastUsed="5m", peer=phone)
        phone.closed = True
        await town.clock.advance(HOUR)
        await settle()
        assert await town.ask("GetActiveSessionsCount") == 0
        assert town.cdr()["Usage"] == 5 * MINUTE
        assert town.bank.money == Decimal(7)


async def test_a_lease_is_renewed_while_the_agent_knows_the_session(town_at: Callable[..., Any], phone: Any) -> None:
    async with town_at(session_lease="1h") as town:
        town.bank.money = Decimal(100)
        await town.initiate(Usage="20m", peer=phone)
        phone.live = [ORIGIN]
        await town.clock.advance(3 * HOUR)
        assert await town.ask("GetActiveSessionsCount") == 1
        phone.live = []
        await town.clock.advance(HOUR)
        await settle()
        assert await town.ask("GetActiveSessionsCount") == 0
        assert town.cdr()["Usage"] == 20 * MINUTE  # seen alive till then, paid till then


async def test_after_a_restart_sessions_go_on_as_they_were(town_at: Callable[..., Any], virtual_clock: Any) -> None:
    store = SqliteStore.in_memory(clock=virtual_clock)
    async with town_at(store) as town:
        await town.initiate(Usage="60s")
        await town.initiate("call2", Usage="60s")
        await town.terminate("call2", Usage="60s")
    async with town_at(store) as town:
        town.bank.money = Decimal(store.get("bank", "money").decode())
        assert await town.update(Usage="30s", LastUsed="60s") == 30 * SECOND
        await town.terminate(Usage="80s")
        await town.record()
        await town.record("call2")
        assert (town.cdr()["Cost"], town.cdr("call2")["Cost"]) == (Decimal("0.8"), Decimal("0.6"))
        assert town.bank.money == Decimal("8.6")


async def test_after_a_restart_loops_pay_on_and_leases_count_from_the_last_sign(town_at: Callable[..., Any], virtual_clock: Any) -> None:
    store = SqliteStore.in_memory(clock=virtual_clock)
    async with town_at(store, session_lease="1h") as town:
        await town.initiate(Usage="10m")
    await virtual_clock.advance(2 * HOUR)
    async with town_at(store, session_lease="1h", debit_interval="10s") as town:
        await settle()
        assert await town.ask("GetActiveSessionsCount") == 0
        assert town.cdr()["Usage"] == 0


async def test_a_cdr_that_could_not_be_made_is_made_later(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        await town.initiate(Usage="60s")
        town.services.graph.methods.pop("CDRsV1.ProcessEvent")
        with pytest.raises(CgrdError, match="PARTIALLY_EXECUTED"):
            await town.ask("ForceDisconnect")
        for served in town.cdrs.served():
            if served.name == "CDRsV1.ProcessEvent":
                town.services.graph.add(served)
        await town.clock.advance(MINUTE + MILLISECOND)
        await settle()
        assert town.cdr()["Usage"] == 60 * SECOND


async def test_others_have_their_turn_while_many_sessions_are_ended(town_at: Callable[..., Any]) -> None:
    async with town_at() as town:
        for number in range(20):
            await town.initiate(f"call{number}", Usage="60s")
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                await trio.lowlevel.checkpoint()
                turns += 1

        async with trio.open_nursery() as nursery:
            nursery.start_soon(count)
            await town.ask("ForceDisconnect")
            nursery.cancel_scope.cancel()
        assert turns >= 15


async def test_force_disconnect_ends_settles_and_tells(town_at: Callable[..., Any], phone: Any) -> None:
    async with town_at() as town:
        town.forks.runs = {"*default": None, "reseller": "*postpaid"}
        await town.initiate(Usage="60s", peer=phone)
        assert await town.ask("ForceDisconnect", Filters=["*string:~*req.OriginID:call1"]) == "OK"
        await settle()
        assert phone.causes() == ["FORCED_DISCONNECT"]
        assert town.cdrs.flags == [["*chargers:false", "*attributes:false"], ["*chargers:false", "*attributes:false", "*rals:true"]]
        assert town.cdr()["Cost"] == Decimal("0.6")


async def test_a_client_may_end_the_session_while_it_is_told_to(town_at: Callable[..., Any], phone: Any) -> None:
    async with town_at(debit_interval="10s") as town:
        done = trio.Event()

        async def hang_up(event: CGREvent) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(lambda: town.terminate(event.Event["OriginID"], Usage="10s"))
            done.set()

        phone.on_disconnect = hang_up
        town.bank.money = Decimal("0.1")
        await town.initiate(peer=phone)
        await town.clock.advance(20 * SECOND)
        with trio.fail_after(1):
            await done.wait()
        assert town.bank.money == 0


async def test_altering_asks_the_client(town_at: Callable[..., Any], phone: Any) -> None:
    async with town_at() as town:
        await town.initiate(Usage="60s", peer=phone)
        await town.initiate("call2", Usage="60s")
        assert await town.ask("AlterSessions", Filters=["*string:~*req.OriginID:call1"], Event={"Category": "premium"}) == "OK"
        method, event = phone.calls[-1]
        assert (method, event.Event["Category"], event.Event["OriginID"]) == ("AgentV1.AlterSession", "premium", "call1")
        with pytest.raises(CgrdError, match=r"^PARTIALLY_EXECUTED$"):
            await town.ask("AlterSessions", Filters=["*string:~*req.OriginID:call2"], Event={"Category": "premium"})


async def test_syncing_ends_what_no_agent_knows(town_at: Callable[..., Any], phone: Any) -> None:
    async with town_at() as town:
        await town.initiate(Usage="60s", peer=phone)
        await town.initiate("call2", Usage="60s", peer=phone)
        phone.live = [ORIGIN]
        assert await town.ask("SyncSessions") == "OK"
        assert [each.OriginID for each in await town.ask("GetActiveSessions")] == ["call1"]


async def test_old_clients_are_told_in_their_dialect(town_at: Callable[..., Any], phone: Any) -> None:
    async with town_at(client_protocol=0.0) as town:
        await town.initiate(Usage="60s", peer=phone)
        await town.ask("ForceDisconnect")
        await settle()
        method, args = phone.calls[-1]
        assert (method, args["Reason"], args["EventStart"]["OriginID"]) == ("SMGClientV1.DisconnectSession", "FORCED_DISCONNECT", "call1")


async def test_a_copy_is_kept_taken_over_and_forgotten(town_at: Callable[..., Any]) -> None:
    async with town_at() as first:
        await first.initiate(Usage="60s")
        (session,) = first.sessions.registry.active.values()
        async with town_at() as second:
            arguments = {"CGRID": session.CGRID, "Tenant": session.Tenant, "EventStart": session.EventStart, "SRuns": session.SRuns}
            assert await second.ask("SetPassiveSession", **arguments) == "OK"
            assert await second.ask("GetPassiveSessionsCount") == 1
            assert await second.update(Usage="30s") == 30 * SECOND
            assert (await second.ask("GetPassiveSessionsCount"), await second.ask("GetActiveSessionsCount")) == (0, 1)
            assert await second.ask("DeactivateSessions") == "OK"
            assert await second.ask("GetPassiveSessionsCount") == 1
            assert await second.ask("SetPassiveSession", CGRID=session.CGRID) == "OK"
            with pytest.raises(CgrdError, match=r"^NOT_FOUND$"):
                await second.ask("GetPassiveSessions")


async def test_a_failed_commit_undoes_money_and_session_together(town_at: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    async with town_at() as town:
        await town.initiate(Usage="60s")

        def broken(*_: Any, **__: Any) -> None:
            raise OSError("disk full")

        monkeypatch.setattr(town.store.driver, "apply", broken)
        with pytest.raises(CgrdError, match="STORE_ERROR"):
            await town.update(Usage="60s")
        monkeypatch.undo()
        told = (await town.ask("GetActiveSessions"))[0]
        assert (town.bank.money, told.Usage, told.LoopIndex) == (Decimal("9.4"), 60 * SECOND, 1)
        assert await town.update(Usage="60s") == 60 * SECOND
