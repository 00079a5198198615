"""Stories of ChargerS, told to a daemon in memory."""

from __future__ import annotations

from typing import Any

import pytest
from cgrd_subsystem_chargers.kinds import split_attribute_ids

from cgrd.errors import MandatoryMissing, NotFound, ServerError
from cgrd.kernel import Kernel
from cgrd.testing import call, kernel_in_memory

ALONE: dict[str, Any] = {"chargers": {"enabled": True}, "apiers": {"enabled": True}}
SECTIONS: dict[str, Any] = {"attributes": {"enabled": True}, "apiers": {"enabled": True}, "chargers": {"enabled": True, "attributes_conns": ["*internal"]}}


async def charger(kernel: Kernel, id: str, *, run: str, attributes: list[str], weight: int = 0, filters: list[str] | None = None) -> None:
    await call(kernel, "APIerSv1.SetChargerProfile", ID=id, RunID=run, AttributeIDs=attributes, Weight=weight, FilterIDs=filters or [])


async def runs(kernel: Kernel, fields: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = await call(
        kernel, "ChargerSv1.ProcessEvent", ID="e", Event=fields, APIOpts={f"*{name}": value for name, value in options.items()}
    )
    return answer


async def test_every_charger_that_matches_makes_a_run_heaviest_first() -> None:
    async with kernel_in_memory(ALONE) as kernel:
        await charger(kernel, "RAW", run="*raw", attributes=["*none"], weight=1)
        await charger(kernel, "DEF", run="*default", attributes=["*none"], weight=2)
        await charger(kernel, "OFF", run="off", attributes=["*none"], weight=3, filters=["*string:~*req.Account:1002"])
        made = await runs(kernel, {"Account": "1001", "RunID": "mine"})
        assert [each["ChargerSProfile"] for each in made] == ["DEF", "RAW"]
        assert [each["CGREvent"]["Event"] for each in made] == [{"Account": "1001", "RunID": "*default"}, {"Account": "1001", "RunID": "*raw"}]
        assert made[0]["CGREvent"]["APIOpts"] == {"*subsys": "*chargers"}


async def test_attributes_change_the_event_of_their_run_only() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await charger(kernel, "C1", run="r1", attributes=["*constant:*req.RequestType:*rated"], weight=2)
        await charger(kernel, "C2", run="r2", attributes=["*none"], weight=1)
        first, second = await runs(kernel, {"Account": "1001"})
        assert first["CGREvent"]["Event"]["RequestType"] == "*rated"
        assert "RequestType" not in second["CGREvent"]["Event"]
        assert first["AlteredFields"] == ["*req.RunID", "*req.RequestType"]
        assert first["CGREvent"]["APIOpts"] == {"*subsys": "*chargers", "*attrProfileIDs": ["*constant:*req.RequestType:*rated"]}


async def test_a_run_whose_attributes_find_nothing_stays_as_it_is() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await charger(kernel, "C", run="r", attributes=["NOPE"])
        (made,) = await runs(kernel, {"Account": "1001"})
        assert made["AlteredFields"] == ["*req.RunID"]
        assert made["CGREvent"]["Event"] == {"Account": "1001", "RunID": "r"}


async def test_what_cannot_be_done_is_told() -> None:
    async with kernel_in_memory(ALONE) as kernel:
        with pytest.raises(NotFound):
            await runs(kernel, {"Account": "1001"})
        with pytest.raises(MandatoryMissing, match=r"\[Event\]"):
            await call(kernel, "ChargerSv1.ProcessEvent", ID="e")
        await charger(kernel, "C", run="r", attributes=["ATTR"])
        with pytest.raises(ServerError, match=r"SERVER_ERROR: MANDATORY_IE_MISSING: \[connIDs\]"):
            await runs(kernel, {"Account": "1001"})


async def test_activation_is_looked_at_for_events_that_have_a_time() -> None:
    async with kernel_in_memory(ALONE) as kernel:
        interval = {"ActivationTime": "2014-01-14T00:00:00Z", "ExpiryTime": "2018-01-01T00:00:00Z"}
        await call(kernel, "APIerSv1.SetChargerProfile", ID="C", RunID="r", AttributeIDs=["*none"], ActivationInterval=interval)
        assert len(await runs(kernel, {"Account": "1001"})) == 1
        with pytest.raises(NotFound):
            await call(kernel, "ChargerSv1.ProcessEvent", ID="e", Event={"Account": "1001"}, Time="2020-01-01T00:00:00Z")


def test_neighbouring_inline_attributes_of_a_cell_are_one_list() -> None:
    assert split_attribute_ids("*constant:*req.A:1;*constant:*req.B:2;ATTR;*none:*req.C:<a;b>") == [
        "*constant:*req.A:1;*constant:*req.B:2", "ATTR", "*none:*req.C:<a;b>",
    ]  # fmt: skip
