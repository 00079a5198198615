"""Records: made, priced, kept, doubled, priced again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import trio
import trio.testing

from cgrd.durations import SECOND
from cgrd.errors import CgrdError, StoreError
from cgrd.testing import Disk, VirtualClock, store_on

TEN = Decimal(10)


async def test_a_postpaid_call_is_debited_and_recorded(office_at: Any) -> None:
    async with office_at() as office:
        assert await office.process() == "OK"
        (record,) = await office.kept()
        assert (record["Cost"], record["CostSource"], record["Usage"], record["RunID"]) == (Decimal("0.1"), "*cdrs", 10 * SECOND, "*default")
        assert office.bank.money == TEN - Decimal("0.1")


async def test_every_charger_makes_a_record_and_each_pays_as_its_request_type_says(office_at: Any) -> None:
    async with office_at() as office:
        office.forks.runs = {"*raw": "*none", "cost": "*rated", "customer": "*postpaid"}
        await office.process()
        costs = {record["RunID"]: record["Cost"] for record in await office.kept()}
        assert costs == {"*raw": Decimal(-1), "cost": Decimal("0.1"), "customer": Decimal("0.1")}
        assert office.bank.asked == ["GetCost", "Debit"]


async def test_a_record_that_comes_twice_exists_and_costs_nothing(office_at: Any) -> None:
    async with office_at() as office:
        await office.process()
        with pytest.raises(CgrdError, match="EXISTS"):
            await office.process()
        assert office.bank.money == TEN - Decimal("0.1")
        assert await office.ask("CDRsV1.GetCDRsCount") == 1


async def test_rerate_gives_back_and_prices_again(office_at: Any) -> None:
    async with office_at() as office:
        await office.process()
        await office.process("call1", "*rerate", Usage="4s")
        (record,) = await office.kept()
        assert (record["Cost"], record["Usage"]) == (Decimal("0.04"), 4 * SECOND)
        assert office.bank.money == TEN - Decimal("0.04")
        assert office.bank.asked == ["Debit", "Refund", "Debit"]


async def test_kept_records_are_priced_again_by_a_query(office_at: Any) -> None:
    async with office_at() as office:
        office.bank.refusal = "RATING_PLAN_NOT_FOUND"
        await office.process()
        (record,) = await office.kept()
        assert (record["Cost"], record["ExtraInfo"]) == (Decimal(-1), "RATING_PLAN_NOT_FOUND")
        office.bank.refusal = ""
        await office.ask("CDRsV1.RateCDRs", OriginIDs=["call1"])
        (record,) = await office.kept()
        assert (record["Cost"], record["ExtraInfo"]) == (Decimal("0.1"), "")


async def test_a_refund_of_what_is_not_kept_does_nothing(office_at: Any) -> None:
    async with office_at() as office:
        with pytest.raises(CgrdError, match="PARTIALLY_EXECUTED"):
            await office.process("call1", "*refund")
        assert await office.ask("CDRsV1.GetCDRsCount") == 0
        assert office.bank.money == TEN


@pytest.mark.parametrize("fields", [{"Usage": "abc"}, {"Usage": None}, {"AnswerTime": "x"}, {"Cost": "abc"}, {"CostDetails": "x"}])
async def test_what_cannot_be_read_is_not_kept(office_at: Any, fields: dict[str, Any]) -> None:
    async with office_at() as office:
        with pytest.raises(CgrdError, match="PARTIALLY_EXECUTED"):
            await office.process(**fields)
        assert await office.ask("CDRsV1.GetCDRsCount") == 0


async def test_without_a_charger_nothing_is_kept_and_the_error_says_why(office_at: Any) -> None:
    async with office_at() as office:
        office.forks.runs = {}
        with pytest.raises(CgrdError, match="PARTIALLY_EXECUTED") as told:
            await office.process()
        assert "no charger matched" in told.value.explain


async def test_chargers_switched_off_leave_the_event_as_the_only_run(office_at: Any) -> None:
    async with office_at() as office:
        await office.process("call1", "*chargers:false", RequestType="*rated", Team="blue")
        (record,) = await office.kept()
        assert (record["RunID"], record["ExtraFields"], record["Subject"]) == ("*default", {"Team": "blue"}, "1001")
        assert office.bank.money == TEN


async def test_a_dry_run_is_priced_and_nobody_pays(office_at: Any) -> None:
    async with office_at() as office:
        await office.process(opts={"*ralsDryRun": True})
        (record,) = await office.kept()
        assert record["Cost"] == Decimal("0.1")
        assert office.bank.money == TEN


async def test_the_old_form_tells_usage_and_cost_as_texts(office_at: Any) -> None:
    async with office_at() as office:
        await office.process()
        (record,) = await office.ask("APIerSv2.GetCDRs")
        assert record["Usage"] == "10s"
        assert record["CostDetails"].startswith("{")


async def test_queries_choose_by_lists_times_usage_and_order(office_at: Any) -> None:
    async with office_at() as office:
        for number, seconds in enumerate((5, 20, 10)):
            await office.process(f"call{number}", Usage=f"{seconds}s", Team=f"t{number}")
        usages = [record["Usage"] // SECOND for record in await office.kept(OrderBy="Usage;desc")]
        assert usages == [20, 10, 5]
        assert [record["OriginID"] for record in await office.kept(MinUsage="6s", MaxUsage="20s")] == ["call2"]
        assert [record["OriginID"] for record in await office.kept(NotOriginIDs=["call0", "call1"])] == ["call2"]
        assert [record["OriginID"] for record in await office.kept(ExtraFields={"Team": "t1"})] == ["call1"]
        assert len(await office.kept(Limit=2)) == 2
        assert await office.ask("CDRsV1.GetCDRsCount", DestinationPrefixes=["10"]) == 3
        with pytest.raises(CgrdError, match="SERVER_ERROR: NOT_FOUND"):
            await office.kept(Accounts=["nobody"])


async def test_removed_records_are_gone_and_what_they_cost_is_not(office_at: Any) -> None:
    async with office_at() as office:
        await office.process()
        assert await office.ask("APIerSv1.RemoveCDRs", OriginIDs=["call1"]) == "OK"
        assert await office.ask("CDRsV1.GetCDRsCount") == 0
        assert office.bank.money == TEN - Decimal("0.1")


async def test_an_export_that_fails_is_told_and_the_record_is_kept(office_at: Any) -> None:
    async with office_at() as office:
        office.exports.refusal = "broken"
        with pytest.raises(CgrdError, match="PARTIALLY_EXECUTED"):
            await office.process()
        assert await office.ask("CDRsV1.GetCDRsCount") == 1


async def test_charge_record_and_export_come_together_or_not_at_all(office_at: Any, virtual_clock: VirtualClock) -> None:
    disk = Disk()
    async with office_at(store_on(disk, clock=virtual_clock)) as office:
        disk.broken = "disk full"
        with pytest.raises(StoreError):
            await office.process()
        assert office.bank.money == TEN
        disk.broken = ""
        await office.process()
        assert office.bank.money == TEN - Decimal("0.1")
        assert [export.payload for export in office.store.outbox.pending("e1")] == [b"call1"]


async def test_a_slow_exporter_holds_up_nobody_else(office_at: Any) -> None:
    async with office_at() as office:
        office.exports.slow = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(office.process)
            await trio.testing.wait_all_tasks_blocked()
            assert office.store.groups.queued is None
            await office.process("call2", "*export:false")
            assert {record["OriginID"] for record in await office.kept()} == {"call1", "call2"}
            office.exports.slow.set()


async def test_the_same_call_many_times_at_once_is_charged_once(office_at: Any) -> None:
    async with office_at() as office:
        told: list[str] = []

        async def send() -> None:
            try:
                told.append(await office.process())
            except CgrdError as error:
                told.append(error.word)

        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(send)
        assert sorted(told) == ["EXISTS"] * 19 + ["OK"]
        assert office.bank.money == TEN - Decimal("0.1")


async def test_a_session_s_cost_stands_and_what_it_lacks_is_priced_anew(office_at: Any) -> None:
    async with office_at() as office:
        await office.process("other", "*chargers:false", RequestType="*rated")
        (other,) = await office.kept()
        paid = {"CostDetails": other["CostDetails"], "CostSource": "*sessions", "Cost": Decimal("0.1")}
        await office.process("short", "*chargers:false", RequestType="*prepaid", **{**paid, "Usage": "10s"})
        assert office.bank.money == TEN, "the session has paid"
        await office.process("long", "*chargers:false", RequestType="*prepaid", **{**paid, "Usage": "12s"})
        assert office.bank.asked[-2:] == ["Refund", "Debit"]
        assert office.bank.money == TEN + Decimal("0.1") - Decimal("0.12")
