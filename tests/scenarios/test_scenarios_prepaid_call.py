"""A prepaid call: allowed, charged as it goes on, cut when money ends; the record, the ledger and the balance tell the same story."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from cgrd.durations import MINUTE, SECOND
from cgrd.errors import CgrdError, StoreError
from cgrd.testing import RecordedPeer


async def test_a_call_is_charged_minute_by_minute_until_its_money_ends(office_at: Callable[..., Any]) -> None:
    async with office_at() as office:
        await office.account("1001", cash="3")
        call = office.call("c1")
        assert await call.authorize() == 300
        await call.start()
        for minute in range(1, 5):
            await office.clock.advance(MINUTE)
            assert Decimal("3") - await office.cash("1001") in (Decimal("0.60") * minute, Decimal("0.60") * minute + Decimal("0.10"))
            assert await office.proved()
        assert not call.cut
        await office.clock.advance(MINUTE)
        assert call.cut == ["INSUFFICIENT_CREDIT"]
        await call.end()
        assert await office.sessions() == 0
        (record,) = await office.records()
        assert (record["Usage"], Decimal(record["Cost"])) == (300 * SECOND, Decimal(3))
        assert (await office.cash("1001"), office.spent()) == (0, Decimal(3))
        assert await office.proved()


async def test_a_call_that_ends_early_gives_back_what_was_taken_ahead(office_at: Callable[..., Any]) -> None:
    async with office_at() as office:
        await office.account("1001", cash="3")
        call = office.call("c1")
        await call.start()
        await office.clock.advance(93 * SECOND)
        await call.end()
        (record,) = await office.records()
        assert Decimal(record["Cost"]) == Decimal("0.93")
        assert (await office.cash("1001"), office.spent()) == (Decimal("2.07"), Decimal("0.93"))
        assert await office.proved()


async def test_without_money_no_call_is_allowed(office_at: Callable[..., Any]) -> None:
    async with office_at() as office:
        await office.account("1001", cash="0")
        assert await office.call("c1").authorize() == 0
        with pytest.raises(CgrdError, match="RALS_ERROR"):
            await office.call("c2", account="nobody").authorize()


async def test_a_restart_in_the_middle_of_a_call_charges_it_once(office_at: Callable[..., Any]) -> None:
    agent = RecordedPeer()
    async with office_at() as office:
        await office.account("1001", cash="3")
        call = office.call("c1", agent=agent)
        await call.start()
        await office.clock.advance(65 * SECOND)
    async with office_at() as office:
        call.office = office
        await office.clock.advance(25 * SECOND)
        await call.end()
        (record,) = await office.records()
        assert (record["Usage"], Decimal(record["Cost"])) == (90 * SECOND, Decimal("0.90"))
        assert (await office.cash("1001"), office.spent()) == (Decimal("2.10"), Decimal("0.90"))
        assert await office.proved()


async def test_the_same_end_again_charges_nothing_again(office_at: Callable[..., Any]) -> None:
    async with office_at() as office:
        await office.account("1001", cash="3")
        call = office.call("c1")
        await call.start()
        await office.clock.advance(30 * SECOND)
        await call.end()
        with pytest.raises(CgrdError):
            await call.end()
        assert len(await office.records()) == 1
        assert office.spent() == Decimal("0.30")
        assert await office.proved()


async def test_many_calls_on_little_money_never_spend_more_than_there_is(office_at: Callable[..., Any]) -> None:
    async with office_at() as office:
        await office.account("1001", cash="1")
        calls = [office.call(f"c{number}") for number in range(7)]
        for call in calls:
            await call.start()
        while not all(call.cut for call in calls):
            assert await office.cash("1001") >= 0
            await office.clock.advance(5 * SECOND)
        for call in calls:
            await call.end()
        records = await office.records()
        assert len(records) == 7
        assert sum(Decimal(record["Cost"]) for record in records) == office.spent() == Decimal(1) - await office.cash("1001")
        assert await office.cash("1001") >= 0
        assert await office.proved()


async def test_a_call_that_cannot_be_committed_is_refused_and_costs_nothing(office_at: Callable[..., Any]) -> None:
    async with office_at() as office:
        await office.account("1001", cash="3")
        groups: Any = office.kernel.store
        apply, groups.driver.apply = groups.driver.apply, lambda *args, **kwargs: (_ for _ in ()).throw(StoreError("disk I/O error"))
        with pytest.raises(CgrdError, match="STORE_ERROR"):
            await office.call("c1").start()
        groups.driver.apply = apply
        assert (await office.cash("1001"), await office.sessions()) == (Decimal(3), 0)
        call = office.call("c2")
        await call.start()
        await office.clock.advance(20 * SECOND)
        await call.end()
        assert await office.cash("1001") == Decimal("2.80")
        assert await office.proved()
