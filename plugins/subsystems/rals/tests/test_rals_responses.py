"""Stories of the cache `*rpc_responses`: a call's debit is answered again while the cache keeps it, and paid once."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any

import pytest

from cgrd.codec import convert
from cgrd.durations import SECOND
from cgrd.errors import CgrdError, InsufficientCredit
from cgrd.kernel import Kernel
from cgrd.profiles import load_files
from cgrd.testing import VirtualClock, call, kernel_in_memory

PLAN = {
    "Destinations.csv": "GERMANY,49\n",
    "Rates.csv": "CENT,0,0.6,60s,1s,0s\n",
    "DestinationRates.csv": "RATES,*any,CENT,*up,5,0,\n",
    "RatingPlans.csv": "PLAN,RATES,*any,10\n",
    "RatingProfiles.csv": "cgrates.org,call,*any,2014-01-14T00:00:00Z,PLAN,\n",
}
"""A cent a second."""


def sections(limit: int = -1) -> dict[str, Any]:
    caches = {"partitions": {"*rpc_responses": {"limit": limit, "ttl": "2s", "static_ttl": True}}}
    return {"rals": {"enabled": True}, "apiers": {"enabled": True}, "caches": caches}


async def opened(kernel: Kernel, money: str) -> None:
    profiles: Any = kernel.profiles
    await load_files(profiles, list(PLAN.items()))
    await call(kernel, "APIerSv1.SetBalance", Account="1001", BalanceType="*monetary", Value=Decimal(money), Balance={"ID": "main"})


NAMED = {"Tenant": "cgrates.org", "Category": "call", "Account": "1001", "Destination": "49151", "ToR": "*voice", "CgrID": "call", "RunID": "*default"}
ASKED = {**NAMED, "TimeStart": "2026-01-31T08:00:00Z", "TimeEnd": "2026-01-31T08:00:10Z", "DurationIndex": 10 * SECOND}


async def debited(kernel: Kernel, **more: Any) -> Any:
    return await call(kernel, "Responder.MaxDebit", **{**ASKED, **more})


async def left(kernel: Kernel) -> Decimal:
    found = await call(kernel, "APIerSv2.GetAccount", Account="1001")
    return Decimal(found["BalanceMap"]["*monetary"][0]["Value"])


async def test_the_same_call_is_debited_once_while_its_answer_is_kept() -> None:
    clock = VirtualClock()
    async with kernel_in_memory(sections(), clock=clock) as kernel:
        await opened(kernel, "1")
        assert await debited(kernel) == await debited(kernel)
        assert await left(kernel) == Decimal("0.9")
        await clock.advance(3 * SECOND)
        await debited(kernel)
        assert await left(kernel) == Decimal("0.8")


async def test_another_run_of_the_call_pays_for_itself() -> None:
    async with kernel_in_memory(sections()) as kernel:
        await opened(kernel, "1")
        await debited(kernel)
        await debited(kernel, RunID="reseller")
        assert await left(kernel) == Decimal("0.8")


async def test_no_tenant_gets_the_answer_of_another() -> None:
    async with kernel_in_memory(sections()) as kernel:
        await opened(kernel, "1")
        await debited(kernel)
        with pytest.raises(CgrdError, match="ACCOUNT_NOT_FOUND"):
            await debited(kernel, Tenant="another.org")


async def test_without_the_cache_each_request_is_debited() -> None:
    async with kernel_in_memory(sections(limit=0)) as kernel:
        await opened(kernel, "1")
        await debited(kernel)
        await debited(kernel)
        assert await left(kernel) == Decimal("0.8")


async def test_a_refusal_and_a_dry_run_are_not_kept() -> None:
    async with kernel_in_memory(sections()) as kernel:
        await opened(kernel, "0.05")
        with pytest.raises(InsufficientCredit):
            await debited(kernel, ForceDuration=True)
        await call(kernel, "APIerSv1.SetBalance", Account="1001", BalanceType="*monetary", Value=1, Balance={"ID": "main"})
        await debited(kernel, DryRun=True)
        await debited(kernel, ForceDuration=True)
        assert await left(kernel) == Decimal("0.9")


async def test_what_was_given_back_is_debited_again() -> None:
    async with kernel_in_memory(sections()) as kernel:
        await opened(kernel, "1")
        cost = await debited(kernel)
        increments = [increment for span in cost["Timespans"] for increment in span["Increments"]]
        await call(kernel, "Responder.RefundIncrements", **NAMED, Increments=increments)
        assert await left(kernel) == 1
        await debited(kernel)
        assert await left(kernel) == Decimal("0.9")


async def test_an_answer_whose_change_did_not_come_to_be_is_forgotten() -> None:
    async with kernel_in_memory(sections()) as kernel:
        await opened(kernel, "1")
        served = kernel.house.graph.find("Responder.MaxDebit")
        with contextlib.suppress(RuntimeError), kernel.store.transaction(why="a caller that fails"):
            served.handler(convert(ASKED, served.args))
            raise RuntimeError
        assert await left(kernel) == 1
        await debited(kernel)
        assert await left(kernel) == Decimal("0.9")
