"""An action that failed is never answered OK, and nothing of its set is kept."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cgrd.errors import CgrdError, PartiallyExecuted, StoreError
from cgrd.kernel import Kernel
from cgrd.testing import Disk, VirtualClock, call, kernel_in_memory, store_on, web_receiver

SECTIONS: dict[str, dict[str, Any]] = {"rals": {"enabled": True}, "apiers": {"enabled": True}, "schedulers": {"enabled": True}}
MAIN = {"Account": "1001", "BalanceType": "*monetary", "Balance": {"ID": "main"}}
MORE = {**MAIN, "Value": Decimal(5)}
UNKNOWN = {"BalanceType": "*monetary", "Value": Decimal(5), "Balance": {"UUID": "nowhere"}}
TWO = {"Account": "1001", "Balances": [{"BalanceType": "*monetary", "Value": Decimal(5), "Balance": {"ID": "main"}}, UNKNOWN]}
TRANSFER = {"SourceAccountID": "1001", "SourceBalanceID": "main", "DestinationAccountID": "1001", "DestinationBalanceID": "nowhere", "Units": Decimal(500)}


async def money(kernel: Kernel, account: str = "1001") -> dict[str, Decimal]:
    """Balances by id."""
    found = await call(kernel, "APIerSv2.GetAccount", Account=account)
    return {balance["ID"]: balance["Value"] for balance in (found["BalanceMap"] or {}).get("*monetary", ())}


@pytest.mark.parametrize(
    ("method", "asked", "word"),
    [
        # A record is wanted, and `schedulers.cdrs_conns` leads nowhere.
        ("APIerSv1.AddBalance", {**MORE, "Cdrlog": True}, "PARTIALLY_EXECUTED"),
        ("APIerSv1.AddBalance", {**MORE, "Overwrite": True, "Cdrlog": True}, "PARTIALLY_EXECUTED"),
        ("APIerSv1.DebitBalance", {**MORE, "Cdrlog": True}, "PARTIALLY_EXECUTED"),
        ("APIerSv1.SetBalance", {**MORE, "Cdrlog": True}, "PARTIALLY_EXECUTED"),
        ("APIerSv1.SetBalance", {"Account": "1001", **UNKNOWN}, "PARTIALLY_EXECUTED"),
        ("APIerSv1.SetBalances", TWO, "PARTIALLY_EXECUTED"),
        ("APIerSv1.RemoveBalances", {**MAIN, "Balance": {"ID": "nowhere"}}, "PARTIALLY_EXECUTED"),
        ("APIerSv1.TransferBalance", TRANSFER, "SERVER_ERROR: PARTIALLY_EXECUTED"),
        ("APIerSv1.ExecuteAction", {"Account": "1001", "ActionsId": "HALF"}, "PARTIALLY_EXECUTED"),
        ("RALsV1.ExecuteActions", {"ActionsID": "HALF", "AccountIDs": ["cgrates.org:1001"]}, "PARTIALLY_EXECUTED"),
        ("APIerSv1.ExecuteAction", {"Account": "1001", "ActionsId": "NOSUCH"}, "NOT_FOUND"),
        # More than sums of 28 digits can hold, so that later changes would vanish.
        ("APIerSv1.AddBalance", {**MAIN, "Value": Decimal("1e300")}, "at most 1000000000000000"),
        ("APIerSv1.SetBalance", {**MAIN, "Value": Decimal("1e300")}, "at most 1000000000000000"),
        ("APIerSv1.SetBalances", {"Account": "1001", "Balances": [{**MAIN, "Value": Decimal("-1000000000000001")}]}, "at most 1000000000000000"),
        ("APIerSv1.DebitBalance", {**MAIN, "Value": Decimal("1e16")}, "at most 1000000000000000"),
        ("Responder.DebitMonetary", {"Tenant": "cgrates.org", "Account": "1001", "Cost": Decimal("1e300")}, "at most 1000000000000000"),
        ("APIerSv1.AddBalance", {**MAIN, "BalanceType": "*voice", "Value": Decimal("1e19")}, "at most 9223372036854775807"),
        ("APIerSv1.TransferBalance", {**TRANSFER, "Units": Decimal("1e300")}, "at most"),
    ],
)
async def test_a_change_that_fails_says_so_and_changes_nothing(method: str, asked: dict[str, Any], word: str) -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        half = [{"Identifier": "*topup", "BalanceType": "*monetary", "BalanceId": "main", "Units": "1", "Weight": 20}, {"Identifier": "*nosuch", "Weight": 10}]
        await call(kernel, "APIerSv2.SetActions", ActionsId="HALF", Actions=half)
        await call(kernel, "APIerSv1.AddBalance", **{**MAIN, "Value": Decimal(10)})
        with pytest.raises(CgrdError, match=word):
            await call(kernel, method, **asked)
        assert await money(kernel) == {"main": 10}
        assert (await kernel.store.verify()).ok


async def test_the_largest_and_smallest_amounts_change_one_balance_exactly() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await call(kernel, "APIerSv1.SetBalance", **{**MAIN, "Value": Decimal("1e15")})
        await call(kernel, "APIerSv1.DebitBalance", **{**MAIN, "Value": Decimal("0.00001")})
        assert await money(kernel) == {"main": Decimal("999999999999999.99999")}
        hours = {**MAIN, "BalanceType": "*voice", "Value": Decimal(10_000 * 3600 * 10**9)}
        assert await call(kernel, "APIerSv1.AddBalance", **hours) == "OK"


@pytest.mark.parametrize("method", ["APIerSv1.AddBalance", "APIerSv1.DebitBalance", "APIerSv1.SetBalance"])
async def test_a_change_that_cannot_be_committed_says_so_and_changes_nothing(method: str) -> None:
    clock, disk = VirtualClock(), Disk()
    async with kernel_in_memory(SECTIONS, clock=clock, store=store_on(disk, clock=clock)) as kernel:
        await call(kernel, "APIerSv1.AddBalance", **{**MAIN, "Value": Decimal(10)})
        disk.broken = "disk I/O error"
        with pytest.raises(StoreError):
            await call(kernel, method, **MORE)
        disk.broken = ""
        assert await money(kernel) == {"main": 10}


async def test_what_was_kept_for_one_account_goes_on_when_the_next_one_fails() -> None:
    async with web_receiver() as web, kernel_in_memory(SECTIONS) as kernel:
        gift = {"Identifier": "*topup", "BalanceType": "*monetary", "BalanceId": "main", "Units": "1" + "0" * 28, "Weight": 20}
        actions = [gift, {"Identifier": "*http_post", "ExtraParameters": web.url, "Weight": 10}]
        await call(kernel, "APIerSv2.SetActions", ActionsId="GIFT", Actions=actions)
        await call(kernel, "APIerSv1.AddBalance", Account="full", BalanceType="*monetary", Value=Decimal("0.1"), Balance={"ID": "main"})
        with pytest.raises(CgrdError) as told:
            await call(kernel, "RALsV1.ExecuteActions", ActionsID="GIFT", AccountIDs=["cgrates.org:first", "cgrates.org:full"])
        assert not isinstance(told.value, PartiallyExecuted) or "full" in told.value.explain
        await web.until(lambda: web.posts)
        assert [body["ID"] for _, body in web.posts] == ["cgrates.org:first"]
        assert await money(kernel, "first") == {"main": Decimal(10) ** 28}
        assert (await kernel.store.verify()).ok
