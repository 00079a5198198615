"""Stories that the recorded answers of the reference tell: refunds, CDRs of sessions that go on, charges beside a session."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from cgrd import Instant
from cgrd.costs import EventCost
from cgrd.durations import HOUR, SECOND

TownAt = Callable[..., Any]


def cost_of(cdr: dict[str, Any]) -> EventCost:
    cost: EventCost = cdr["CostDetails"]
    return cost


async def test_a_refund_tells_the_account_anew(town_at: TownAt) -> None:
    async with town_at() as town:
        await town.initiate(Usage="60s")
        await town.terminate(Usage="30s")
        await town.record()
        summary = cost_of(town.cdr()).AccountSummary
        assert summary is not None
        assert summary.BalanceSummaries is not None
        assert (summary.Tenant, summary.AccountID, [balance.Value for balance in summary.BalanceSummaries]) == ("cgrates.org", "1001", [Decimal("9.7")])


async def test_a_session_of_nothing_began_at_no_time(town_at: TownAt) -> None:
    async with town_at() as town:
        await town.initiate(Usage="60s")
        await town.terminate(Usage="0s")
        await town.record()
        cost = cost_of(town.cdr())
        assert (cost.StartTime, cost.Cost, cost.charges(), town.bank.money) == (Instant.ZERO, Decimal(0), [], Decimal(10))


async def test_what_is_paid_at_the_end_is_more_of_the_last_grant(town_at: TownAt) -> None:
    async with town_at() as town:
        await town.initiate(Usage="60s")
        await town.update(Usage="60s")
        await town.terminate(Usage="180s")
        await town.record()
        (charge,) = cost_of(town.cdr()).charges()
        assert (charge.factor * charge.usage(), town.bank.money) == (180 * SECOND, Decimal("8.2"))


async def test_a_cdr_of_a_session_that_goes_on_tells_how_it_began(town_at: TownAt) -> None:
    async with town_at() as town:
        await town.initiate(Usage="60s")
        await town.update(Usage="30s")
        await town.record()
        cdr = town.cdr()
        assert (cdr["Usage"], "Cost" in cdr, "CostDetails" in cdr, "Source" in cdr) == ("60s", False, False, False)


async def test_a_message_leaves_the_session_of_its_cgrid_alone(town_at: TownAt) -> None:
    async with town_at() as town:
        await town.initiate(Usage="60s")
        started = dict(town.sessions.registry.active)
        event = {"OriginID": "call1", "OriginHost": "10.0.0.1", "RequestType": "*prepaid", "Account": "1001", "ToR": "*voice", "Usage": "10s"}
        await town.ask("ProcessMessage", ID="m", Event=event, Debit=True)
        assert town.sessions.registry.active == started
        assert await town.update(Usage="30s") == 30 * SECOND


async def test_a_last_used_that_stands_for_the_usage_is_charged_once(town_at: TownAt) -> None:
    async with town_at() as town:
        assert await town.terminate(LastUsed="60s") == "OK"
        assert town.bank.money == Decimal("9.4")


@pytest.mark.parametrize(("fields", "granted"), [({"Usage": "60s"}, 20 * SECOND), ({}, 0)])
async def test_credit_is_asked_for_what_a_pseudoprepaid_session_began_with(town_at: TownAt, fields: dict[str, str], granted: int) -> None:
    async with town_at() as town:
        town.bank.money = Decimal("0.2")
        assert await town.initiate(RequestType="*pseudoprepaid", **fields) == granted
        assert await town.update(RequestType="*pseudoprepaid", Usage="5m") == granted


async def test_a_refund_is_told_over_the_time_that_was_paid_however_late_it_comes(town_at: TownAt) -> None:
    async with town_at() as town:
        await town.initiate(Usage="60s")
        town.bank.money = Decimal(0)
        await town.clock.advance(1000 * HOUR)
        assert await town.update(Usage="60s") == 0
        await town.terminate(Usage="20s")
        assert town.bank.refunded == (40 * SECOND, 40 * SECOND)
