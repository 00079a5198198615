"""Somebody has an account's password: calls that cost, last or pile up set off a threshold, which ends them, locks the account and tells somebody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import structlog

from cgrd.durations import HOUR, SECOND
from cgrd.errors import CgrdError

HERE = ["*internal"]
WATCHED: dict[str, Any] = {
    "thresholds": {"enabled": True, "apiers_conns": HERE},
    "resources": {"enabled": True, "thresholds_conns": HERE},
    "cdrs": {"thresholds_conns": HERE},
    "rals": {"sessions_conns": HERE},
    "schedulers": {"enabled": True},
    "sessions": {"resources_conns": HERE, "thresholds_conns": HERE},
}


async def lock(office: Any, *, filters: list[str], hits: int = 1, disable: bool = True) -> None:
    """A threshold whose actions disable the account of the event, end the sessions of 1001 and write into the log."""
    actions = [
        {"Identifier": "*force_disconnect_sessions", "ExtraParameters": "cgrates.org;*string:~*req.Account:1001;;;", "Weight": 30},
        *([{"Identifier": "*disable_account", "Weight": 20}] if disable else []),
        {"Identifier": "*log", "Weight": 10},
    ]
    await office.ask("APIerSv2.SetActions", ActionsId="FRAUD", Actions=actions)
    profile = {"Tenant": "cgrates.org", "ID": "FRAUD", "FilterIDs": filters, "MinHits": hits, "MaxHits": hits, "ActionIDs": ["FRAUD"]}
    await office.ask("APIerSv1.SetThresholdProfile", **profile)


async def assert_locked(office: Any, *calls: Any) -> None:
    """The account's calls are cut, new ones refused; another account's go on."""
    for call in calls:
        assert call.cut == ["FORCED_DISCONNECT"]
    with pytest.raises(CgrdError, match="ACCOUNT_DISABLED"):
        await office.call("later").authorize()
    assert await office.call("other", account="1003").authorize() > 0
    assert await office.proved()


async def test_a_call_that_costs_too_much_locks_the_account(office_at: Callable[..., Any]) -> None:
    async with office_at(**WATCHED) as office:
        await office.account("1001", cash="100")
        await office.account("1003", cash="100")
        await lock(office, filters=["*string:~*opts.*eventType:CDR", "*gt:~*req.Cost:10"])
        running, cheap, costly = office.call("running"), office.call("cheap"), office.call("costly", destination="0900123")
        for call in (running, cheap, costly):
            await call.start()
        await office.clock.advance(9 * SECOND)
        await cheap.end()
        assert not running.cut
        await office.clock.advance(2 * SECOND)
        with structlog.testing.capture_logs() as logs:
            await costly.end()
            await office.clock.advance(0)
        await assert_locked(office, running)
        assert [line for line in logs if line["event"] == "*log" and "1001" in line["account"]]


async def test_the_third_long_call_locks_the_account(office_at: Callable[..., Any]) -> None:
    async with office_at(**WATCHED) as office:
        await office.account("1001", cash="100")
        await office.account("1003", cash="100")
        await lock(office, filters=["*string:~*opts.*eventType:CDR", "*string:~*req.Account:1001", "*gt:~*req.Usage:60s"], hits=3)
        running = office.call("running")
        await running.start()
        for number in range(3):
            assert not running.cut
            long = office.call(f"long{number}")
            await long.start()
            await office.clock.advance(61 * SECOND)
            await long.end()
        await office.clock.advance(0)
        await assert_locked(office, running)


async def test_too_many_calls_at_a_time_are_all_cut(office_at: Callable[..., Any]) -> None:
    async with office_at(**WATCHED) as office:
        await office.account("1001", cash="100")
        await office.account("1003", cash="100")
        lines = {"UsageTTL": HOUR, "Limit": 10}
        await office.ask("APIerSv1.SetResourceProfile", Tenant="cgrates.org", ID="LINES_1001", FilterIDs=["*string:~*req.Account:1001"], **lines)
        await lock(office, filters=["*string:~*req.ResourceID:LINES_1001", "*gte:~*req.Usage:4"], disable=False)  # a ResourceUpdate names no account
        calls = [office.call(f"c{number}") for number in range(4)]
        for call in calls:
            await call.start()
            origin = call.event["OriginID"]
            await office.ask("ResourceSv1.AllocateResources", Tenant="cgrates.org", ID=origin, Event=call.event, APIOpts={"*rsUsageID": origin, "*rsUnits": 1})
        await office.clock.advance(0)
        for call in calls:
            assert call.cut == ["FORCED_DISCONNECT"]
