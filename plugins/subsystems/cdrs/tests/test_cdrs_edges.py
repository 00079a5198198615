"""CDRs with RALs in another daemon: a record that comes again after whatever was lost is charged once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import trio

from cgrd.durations import SECOND
from cgrd.errors import CgrdError
from cgrd.testing import VirtualClock

CHARGED = Decimal(10) - Decimal("0.1")


async def test_an_answer_that_is_lost_is_asked_for_again(office_at: Any) -> None:
    async with office_at(rals_conns=["wire"]) as office, trio.open_nursery() as nursery:
        wire = office.bank_beyond(nursery)
        wire.faults = ["answer"]
        assert await office.process() == "OK"
        assert office.bank.money == CHARGED
        nursery.cancel_scope.cancel()


async def test_a_record_whose_price_could_not_be_asked_for_is_kept_and_priced_when_it_comes_again(office_at: Any) -> None:
    async with office_at(rals_conns=["wire"]) as office, trio.open_nursery() as nursery:
        wire = office.bank_beyond(nursery)
        wire.down = True
        with pytest.raises(CgrdError, match="PARTIALLY_EXECUTED"):
            await office.process()
        (record,) = await office.kept()
        assert (record["Cost"], record["ExtraInfo"]) == (Decimal(-1), "DISCONNECTED")
        wire.down = False
        assert await office.process() == "OK"
        (record,) = await office.kept()
        assert record["Cost"] == Decimal("0.1")
        with pytest.raises(CgrdError, match="EXISTS"):
            await office.process()
        assert office.bank.money == CHARGED
        nursery.cancel_scope.cancel()


async def test_a_debit_whose_outcome_is_not_known_is_learnt_when_the_record_comes_again(office_at: Any, virtual_clock: VirtualClock) -> None:
    async with office_at(rals_conns=["wire"]) as office, trio.open_nursery() as nursery:
        wire = office.bank_beyond(nursery)
        wire.faults = ["answer", *["request"] * 100]

        async def fail() -> None:
            with pytest.raises(CgrdError, match="PARTIALLY_EXECUTED"):
                await office.process()

        async with trio.open_nursery() as asking:
            asking.start_soon(fail)
            await virtual_clock.advance(11 * SECOND)
        assert office.bank.money == CHARGED
        wire.faults = []
        assert await office.process() == "OK"
        assert office.bank.money == CHARGED
        await office.process("call1", "*rerate")
        assert office.bank.money == CHARGED
        assert office.bank.asked == ["Debit", "Refund", "Debit"]
        nursery.cancel_scope.cancel()
