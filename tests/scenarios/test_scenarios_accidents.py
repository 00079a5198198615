"""What nobody meant to pay, or to be given: requests that come again, count backwards or tell of costs that were never paid."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from cgrd.durations import DAY, SECOND
from cgrd.errors import CgrdError, Wrong

OfficeAt = Callable[..., Any]
BY_UPDATES: dict[str, Any] = {"sessions": {"debit_interval": "0"}}


async def ended(office: Any, name: str = "c", **usage: Any) -> str:
    call = office.call(name)
    call.event["AnswerTime"] = call.event["SetupTime"]
    return str(await call._ask("TerminateSession", usage, TerminateSession=True))


async def test_an_end_that_is_told_again_after_a_restart_and_days_takes_nothing(office_at: OfficeAt) -> None:
    async with office_at() as office:
        await office.account("1001", cash="10")
        call = office.call("c")
        await call.start()
        await office.clock.advance(12 * SECOND)
        await call.end()
        assert await office.cash("1001") == Decimal("9.88")
    for _ in range(2):
        async with office_at() as office:
            assert await ended(office, Usage="12s") == "OK"
            assert await office.cash("1001") == Decimal("9.88")
            await office.clock.advance(2 * DAY)
            assert await ended(office, Usage="12s") == "OK"
            assert await office.cash("1001") == Decimal("9.88")


async def test_an_end_without_a_start_is_charged_once(office_at: OfficeAt) -> None:
    async with office_at() as office:
        await office.account("1001", cash="10")
        assert await ended(office, Usage="60s") == "OK"
    async with office_at() as office:
        assert await ended(office, Usage="60s") == "OK"
        assert await office.cash("1001") == Decimal("9.4")


@pytest.mark.parametrize("fields", [{"Usage": "10s", "LastUsed": "-1000s"}, {"TotalUsage": "-1000s"}])
async def test_less_than_nothing_was_not_used(office_at: OfficeAt, fields: dict[str, str]) -> None:
    async with office_at(**BY_UPDATES) as office:
        await office.account("1001", cash="10")
        call = office.call("c")
        await call._ask("InitiateSession", {"Usage": "10s"}, InitSession=True)
        with pytest.raises(CgrdError, match="less than nothing"):
            await call._ask("UpdateSession", fields, UpdateSession=True)
        assert await call._ask("UpdateSession", {"Usage": "60s"}, UpdateSession=True) == {"MaxUsage": 60 * SECOND}
        assert await office.cash("1001") == Decimal("9.3")
        with pytest.raises(Wrong, match="less than nothing"):
            await ended(office, Usage="-5s")
        assert await ended(office, Usage="70s") == "OK"
        assert await office.cash("1001") == Decimal("9.3")


async def test_a_wish_for_less_than_nothing_makes_no_reserve(office_at: OfficeAt) -> None:
    async with office_at(**BY_UPDATES) as office:
        await office.account("1001", cash="10")
        call = office.call("c")
        await call._ask("InitiateSession", {"Usage": "10s"}, InitSession=True)
        assert await call._ask("UpdateSession", {"Usage": "-1000s"}, UpdateSession=True) == {"MaxUsage": -1000 * SECOND}
        await call._ask("UpdateSession", {"Usage": "60s"}, UpdateSession=True)
        assert await office.cash("1001") == Decimal("9.3")


async def test_a_usage_that_is_refused_leaves_the_session_to_be_ended_rightly(office_at: OfficeAt) -> None:
    async with office_at(**BY_UPDATES) as office:
        await office.account("1001", cash="10")
        call = office.call("c")
        await call._ask("InitiateSession", {"Usage": "10s"}, InitSession=True)
        with pytest.raises(CgrdError, match="MAX_USAGE_EXCEEDED"):
            await ended(office, Usage="2562047h")
        assert await ended(office, Usage="70s") == "OK"
        await call._ask("ProcessCDR", {"Usage": "70s"})
        (record,) = [each for each in await office.records() if each["RunID"] == "*default"]
        assert record["Cost"] == Decimal("0.7")
        assert await office.cash("1001") == Decimal("9.3")


def told(office: Any, *, cost: int) -> dict[str, Any]:
    """An event that brings the cost of a second."""
    uuid = next(iter(office.kernel.store.ledger())).balance_uuid
    increments = [{"Usage": SECOND, "Cost": cost, "AccountingID": "A", "CompressFactor": 1}]
    details = {
        "Charges": [{"RatingID": "", "Increments": increments, "CompressFactor": 1}],
        "Accounting": {"A": {"AccountID": "cgrates.org:1001", "BalanceUUID": uuid, "RatingID": "", "Units": cost, "ExtraChargeID": ""}},
        "Cost": cost, "Usage": SECOND,
    }  # fmt: skip
    now = str(office.clock.now())
    return {
        "OriginID": "forged", "Account": "1001", "Destination": "1002", "ToR": "*voice", "Category": "call", "SetupTime": now, "AnswerTime": now,
        "Usage": "10s", "CostDetails": details,
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["*postpaid", "*prepaid", "*rated"])
async def test_a_cost_that_was_never_paid_is_not_given_back(office_at: OfficeAt, kind: str) -> None:
    async with office_at() as office:
        await office.account("1001", cash="10")
        event = {**told(office, cost=5000), "RequestType": kind}
        with pytest.raises(CgrdError, match="PARTIALLY_EXECUTED") as refused:
            await office.ask("CDRsV1.ProcessEvent", Tenant="cgrates.org", ID="f", Flags=["*rals"], Event=event)
        assert "more than the call has paid" in refused.value.explain
        assert await office.cash("1001") == Decimal(10)


async def test_a_direct_debit_takes(office_at: OfficeAt) -> None:
    async with office_at() as office:
        await office.account("1001", cash="10")
        with pytest.raises(Wrong, match="a debit takes"):
            await office.ask("Responder.DebitMonetary", Tenant="cgrates.org", Account="1001", Cost=-500)
        assert await office.cash("1001") == Decimal(10)


async def test_a_rounding_is_settled_with_its_own_tenant(office_at: OfficeAt) -> None:
    async with office_at() as office:
        await office.account("1001", cash="10")
        uuid = next(iter(office.kernel.store.ledger())).balance_uuid
        increment = {"Cost": 100, "CompressFactor": 1, "BalanceInfo": {"AccountID": "cgrates.org:1001", "Monetary": {"UUID": uuid}}}
        with pytest.raises(Wrong, match="another one"):
            await office.ask("Responder.RefundRounding", Tenant="evil.com", Account="x", Increments=[increment])
        assert await office.cash("1001") == Decimal(10)


async def test_two_chargers_of_one_run_are_told_apart_from_a_record_that_was_there(office_at: OfficeAt) -> None:
    async with office_at() as office:
        await office.account("1001", cash="10")
        await office.ask("APIerSv1.SetChargerProfile", Tenant="cgrates.org", ID="SECOND", RunID="*default", AttributeIDs=["*none"])
        event = {key: value for key, value in told(office, cost=1).items() if key != "CostDetails"}
        with pytest.raises(CgrdError, match="PARTIALLY_EXECUTED") as refused:
            await office.ask("CDRsV1.ProcessEvent", Tenant="cgrates.org", ID="f", Flags=["*rals"], Event={**event, "RequestType": "*postpaid"})
        assert "SECOND" in refused.value.explain
        assert await office.cash("1001") == Decimal(10)
