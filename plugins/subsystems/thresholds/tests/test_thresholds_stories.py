"""Stories of ThresholdS, told to a daemon in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import structlog
import trio.testing
from cgrd_subsystem_thresholds.acting import account_of
from cgrd_subsystem_thresholds.wire import SyConnection

from cgrd import CGREvent
from cgrd.durations import SECOND
from cgrd.errors import CgrdError, NotFound, PartiallyExecuted
from cgrd.kernel import Kernel
from cgrd.store import SqliteStore
from cgrd.testing import VirtualClock, call, kernel_in_memory, web_receiver

SECTIONS: dict[str, Any] = {"thresholds": {"enabled": True}, "apiers": {"enabled": True}, "rals": {"enabled": True}}


async def threshold(kernel: Kernel, id: str, **more: Any) -> None:
    await call(kernel, "APIerSv1.SetThresholdProfile", **{"ID": id, "MaxHits": -1, **more})


async def hit(kernel: Kernel, *, opts: dict[str, Any] | None = None, **fields: Any) -> list[str]:
    found: list[str] = await call(kernel, "ThresholdSv1.ProcessEvent", ID="e", Event=fields, APIOpts=opts or {})
    return found


async def state(kernel: Kernel, id: str) -> tuple[int, str]:
    found = await call(kernel, "ThresholdSv1.GetThreshold", ID=id)
    return found["Hits"], found["Snooze"]


async def topup(kernel: Kernel) -> None:
    await call(kernel, "APIerSv2.SetAccount", Account="1001")
    await call(kernel, "APIerSv2.SetActions", ActionsId="ACT", Actions=[{"Identifier": "*topup", "BalanceType": "*monetary", "Units": "5", "Weight": 1}])


async def money(kernel: Kernel) -> Any:
    account = await call(kernel, "APIerSv2.GetAccount", Account="1001")
    return sum(balance["Value"] for balance in (account["BalanceMap"] or {}).get("*monetary") or ())


async def test_it_fires_when_events_have_come_often_enough() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await topup(kernel)
        await threshold(kernel, "TH", MinHits=2, ActionIDs=["ACT"])
        assert await hit(kernel, Account="1001") == ["TH"]
        assert await money(kernel) == 0
        assert await hit(kernel, Account="1001") == ["TH"]
        assert await money(kernel) == 5


async def test_it_sleeps_after_it_fired_and_counts_on() -> None:
    clock = VirtualClock()
    async with kernel_in_memory(SECTIONS, clock=clock) as kernel:
        await topup(kernel)
        await threshold(kernel, "TH", MinSleep=10 * SECOND, ActionIDs=["ACT"])
        for _ in range(3):
            await hit(kernel, Account="1001")
        assert await money(kernel) == 5
        assert await state(kernel, "TH") == (3, "2026-01-31T08:00:10Z")
        await clock.advance(10 * SECOND)
        await hit(kernel, Account="1001")
        assert await money(kernel) == 10


async def test_it_is_silent_after_its_last_hit_until_it_is_reset() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await threshold(kernel, "TH", MaxHits=1)
        assert await hit(kernel, A=1) == ["TH"]
        assert await hit(kernel, A=1) == []
        await call(kernel, "ThresholdSv1.ResetThreshold", ID="TH")
        assert await state(kernel, "TH") == (0, "0001-01-01T00:00:00Z")
        assert await hit(kernel, A=1) == ["TH"]


async def test_a_blocker_keeps_the_event_from_lighter_ones() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        for weight, blocker in ((1, False), (2, True), (3, False)):
            await threshold(kernel, f"TH{weight}", Weight=weight, Blocker=blocker)
        assert await hit(kernel, A=1) == ["TH3", "TH2"]


async def test_actions_that_fail_are_told_and_the_hit_stays() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await threshold(kernel, "TH", ActionIDs=["NOPE"])
        with pytest.raises(PartiallyExecuted):
            await hit(kernel, Account="1001")
        assert (await state(kernel, "TH"))[0] == 1


async def test_nobody_waits_for_async_actions() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await topup(kernel)
        await threshold(kernel, "GOOD", ActionIDs=["ACT"], Async=True)
        await threshold(kernel, "BAD", ActionIDs=["NOPE"], Async=True)
        assert await hit(kernel, Account="1001") == ["BAD", "GOOD"]
        await trio.testing.wait_all_tasks_blocked()
        assert await money(kernel) == 5


async def test_exporters_that_a_threshold_names_must_be_there() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await threshold(kernel, "TH", EeIDs=["ee1"])
        with pytest.raises(PartiallyExecuted):
            await hit(kernel, A=1)
        await threshold(kernel, "TH", EeIDs=["*none"])
        assert await hit(kernel, A=1) == ["TH"]


async def test_states_go_on_after_a_restart(tmp_path: Path) -> None:
    clock = VirtualClock()
    for turn in range(2):
        store = SqliteStore.open(tmp_path / "cgrd.sqlite", clock=clock)
        async with kernel_in_memory(SECTIONS, clock=clock, store=store) as kernel:
            if not turn:
                await threshold(kernel, "TH", MinHits=3, MinSleep=SECOND)
                await hit(kernel, A=1)
                await hit(kernel, A=1)
                continue
            assert (await state(kernel, "TH"))[0] == 2
            await hit(kernel, A=1)
            assert await state(kernel, "TH") == (3, "2026-01-31T08:00:01Z")
            await threshold(kernel, "TH", MinHits=4)
            assert await state(kernel, "TH") == (0, "0001-01-01T00:00:00Z")
            await call(kernel, "APIerSv1.RemoveThresholdProfile", ID="TH")
            assert not list(kernel.store.scan("threshold"))


async def test_times_of_profiles_hold_for_events_that_have_one() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await threshold(kernel, "TH", ActivationInterval={"ActivationTime": "2014-01-01T00:00:00Z", "ExpiryTime": "2018-01-01T00:00:00Z"})
        assert await hit(kernel, A=1) == ["TH"]
        with pytest.raises(NotFound):
            await call(kernel, "ThresholdSv1.ProcessEvent", ID="e", Event={"A": 1}, Time="2020-01-01T00:00:00Z")


def test_the_account_is_the_options_the_events_or_the_updated_one() -> None:
    def of(fields: dict[str, Any], **options: Any) -> str:
        return account_of(CGREvent(Tenant="t", Event=fields, APIOpts={f"*{name}": value for name, value in options.items()}))

    assert of({"Account": "1001"}) == "1001"
    assert of({"Account": "1001"}, accountID="1002") == "1002"
    assert of({"AccountID": "t:1001"}) == "1001"
    assert of({"ID": "1001"}, eventType="AccountUpdate") == "1001"
    assert of({"ID": "1001"}) == ""


class SessionPeer:
    """A SessionS at the other end."""

    id = "peer"

    def __init__(self) -> None:
        self.told: list[tuple[str, object]] = []

    async def call(self, method: str, args: object, reply: Any = Any) -> Any:
        self.told.append((method, args))
        return "OK"


async def test_a_sy_session_hears_of_its_threshold_until_it_ends() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        peer = SessionPeer()
        graph = kernel.house.graph
        connection = SyConnection(CGRID="abc", ThresholdProfileID="*sy_1")
        await graph.request(graph.find("ThresholdSv1.StoreClientConnID"), connection, peer)
        await threshold(kernel, "*sy_1", ActionIDs=["*sy_publish"])
        await hit(kernel, AccountID="1001")
        assert peer.told == [("SessionSv1.ThresholdNotify", "abc")]
        await graph.request(graph.find("ThresholdSv1.RemoveClientConnID"), "abc")
        with pytest.raises(CgrdError, match="PARTIALLY_EXECUTED"):
            await hit(kernel, AccountID="1001")


CIRCLE: dict[str, Any] = {
    **SECTIONS,
    "rals": {"enabled": True, "thresholds_conns": ["*internal"]},
    "general": {"reply_timeout": "1m"},
}


async def circle(kernel: Kernel, **more: Any) -> None:
    """A threshold on an account's change whose actions change the account again."""
    await topup(kernel)
    again = [
        {"Identifier": "*topup", "BalanceType": "*monetary", "BalanceId": "main", "Units": "1", "Weight": 20},
        {"Identifier": "*publish_account", "Weight": 10},
    ]
    await call(kernel, "APIerSv2.SetActions", ActionsId="AGAIN", Actions=again)
    await threshold(kernel, "CIRCLE", FilterIDs=["*string:~*opts.*eventType:AccountUpdate"], ActionIDs=["AGAIN"], **more)


def ends(logs: list[Any]) -> int:
    """How often a circle was ended."""
    return sum("CIRCULAR_CALL" in str(line) for line in logs if line["event"] == "not all done")


@pytest.mark.parametrize("waits", [False, True])
async def test_a_threshold_that_sets_itself_off_ends_at_once(waits: bool) -> None:
    async with kernel_in_memory(CIRCLE) as kernel:
        await circle(kernel, Async=not waits)
        with structlog.testing.capture_logs() as logs:
            await call(kernel, "APIerSv1.AddBalance", Account="1001", BalanceType="*monetary", Value=1, Balance={"ID": "main"})
            await trio.testing.wait_all_tasks_blocked()
        assert ends(logs) == 1
        assert await money(kernel) == 17  # what was asked for, and 16 times what it has set off


async def test_a_threshold_that_sets_itself_off_over_the_daemons_own_socket_ends_at_once() -> None:
    async with web_receiver() as free:
        port = free.port
    own = {"conns": [{"address": f"127.0.0.1:{port}", "transport": "*json"}]}
    edges = {"thresholds": {"enabled": True, "apiers_conns": ["own"]}, "rals": {"enabled": True, "thresholds_conns": ["own"]}}
    async with kernel_in_memory({**CIRCLE, **edges, "listen": {"rpc_json": f"127.0.0.1:{port}"}, "rpc_conns": {"own": own}}) as kernel:
        await circle(kernel)
        with structlog.testing.capture_logs() as logs:
            await call(kernel, "APIerSv1.AddBalance", Account="1001", BalanceType="*monetary", Value=1, Balance={"ID": "main"})
        assert ends(logs) == 1
        assert await money(kernel) == 17


@pytest.mark.parametrize(
    ("edge", "rule"),
    [
        ({"stats_conns": ["*internal"]}, "*gte:~*stats.CALLS.*sum#~*req.Cost:7"),
        ({"apiers_conns": ["*internal"]}, "*lt:~*accounts.<~*req.Account>.BalanceMap.*monetary[0].Value:3"),
        ({"resources_conns": ["*internal"]}, "*lte:~*resources.LINES.Available:1"),
    ],
)
async def test_filters_read_what_other_subsystems_hold(edge: dict[str, Any], rule: str) -> None:
    sections = {**SECTIONS, "stats": {"enabled": True}, "resources": {"enabled": True}, "filters": edge}
    async with kernel_in_memory(sections) as kernel:
        await call(kernel, "APIerSv1.SetStatQueueProfile", ID="CALLS", Metrics=[{"MetricID": "*sum#~*req.Cost"}], QueueLength=10)
        await call(kernel, "APIerSv1.SetResourceProfile", ID="LINES", Limit=2, UsageTTL=-1)
        await call(kernel, "APIerSv1.AddBalance", Account="1001", BalanceType="*monetary", Value=9, Balance={"ID": "main"})
        await threshold(kernel, "TH", FilterIDs=["*string:~*req.Account:1001", rule])
        with pytest.raises(NotFound):
            await hit(kernel, Account="1001")
        await call(kernel, "StatSv1.ProcessEvent", ID="s", Event={"Cost": 8})
        await call(kernel, "ResourceSv1.AllocateResources", ID="r", Event={"Account": "1001"}, APIOpts={"*rsUsageID": "r", "*rsUnits": 1})
        await call(kernel, "APIerSv1.DebitBalance", Account="1001", BalanceType="*monetary", Value=7, Balance={"ID": "main"})
        assert await hit(kernel, Account="1001") == ["TH"]
