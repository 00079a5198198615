"""Each vocabulary can be widened by a plugin: filter type, converter, attribute type, metric, sorting, action type, exporter type."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cgrd.errors import CgrdError, PluginError
from cgrd.testing import VirtualClock, call, kernel_in_memory

HERE = ["*internal"]
SCHEMA = {"type": "object", "properties": {"enabled": {"type": "boolean", "default": False, "description": "Whether it runs."}}}
WORDS = Path(__file__).with_name("words") / "words.py"
TENANT = "cgrates.org"


@pytest.fixture
def words(install: Callable[..., None]) -> dict[str, Any]:
    """Sections of a daemon with the plugin in it."""
    install("acme-words", "words", WORDS.read_text(), schema=SCHEMA)
    return {"words": {"enabled": True}, "apiers": {"enabled": True}}


async def test_a_filter_type_with_its_negation(words: dict[str, Any]) -> None:
    async with kernel_in_memory(words) as kernel:
        passes = kernel.services.filters.compile(TENANT, ["*odd:~*req.Line:"]).passes
        assert passes({"*req": {"Line": "3"}})
        assert not passes({"*req": {"Line": "4"}})
        assert kernel.services.filters.compile(TENANT, ["*notodd:~*req.Line:"]).passes({"*req": {"Line": "4"}})


async def test_a_converter_and_an_attribute_type(words: dict[str, Any]) -> None:
    attributes = [
        {"Path": "*req.Loud", "Type": "*variable", "Value": [{"Rules": "~*req.Name{*shout}"}]},
        {"Path": "*req.Double", "Type": "*twice", "Value": [{"Rules": "~*req.Name"}]},
    ]
    async with kernel_in_memory({**words, "attributes": {"enabled": True}}) as kernel:
        await call(kernel, "APIerSv1.SetAttributeProfile", Tenant=TENANT, ID="A", Contexts=["*any"], Attributes=attributes)
        answer = await call(kernel, "AttributeSv1.ProcessEvent", Tenant=TENANT, ID="1", Event={"Name": "ada"})
        assert (answer["Event"]["Loud"], answer["Event"]["Double"]) == ("ADA", "adaada")


async def test_a_metric(words: dict[str, Any]) -> None:
    async with kernel_in_memory({**words, "stats": {"enabled": True}}) as kernel:
        await call(kernel, "APIerSv1.SetStatQueueProfile", Tenant=TENANT, ID="Q", Metrics=[{"MetricID": "*longest"}])
        for number, account in enumerate(["1001", "100001"]):
            await call(kernel, "StatSv1.ProcessEvent", Tenant=TENANT, ID=str(number), Event={"Account": account})
        assert await call(kernel, "StatSv1.GetQueueStringMetrics", Tenant=TENANT, ID="Q") == {"*longest": "6"}
        with pytest.raises(CgrdError, match="unsupported metric type"):
            await call(kernel, "APIerSv1.SetStatQueueProfile", Tenant=TENANT, ID="R", Metrics=[{"MetricID": "*shortest"}])


async def test_a_sorting(words: dict[str, Any]) -> None:
    routes = [{"ID": "heavy", "Weight": 20}, {"ID": "light", "Weight": 10}]
    async with kernel_in_memory({**words, "routes": {"enabled": True}}) as kernel:
        await call(kernel, "APIerSv1.SetRouteProfile", Tenant=TENANT, ID="R", Sorting="*backwards", Routes=routes)
        answer = await call(kernel, "RouteSv1.GetRoutes", Tenant=TENANT, ID="1", Event={"Account": "1001"})
        assert [route["RouteID"] for route in answer[0]["Routes"]] == ["light", "heavy"]


async def test_an_action_type(words: dict[str, Any]) -> None:
    double = {"Identifier": "*double", "BalanceId": "cash", "BalanceType": "*monetary", "Units": "0", "Weight": 20}
    rows = [double, {"Identifier": "*note", "ExtraParameters": "[7]", "Weight": 10}]
    async with kernel_in_memory({**words, "rals": {"enabled": True}, "schedulers": {"enabled": True}}) as kernel:
        await call(kernel, "APIerSv1.SetAccount", Tenant=TENANT, Account="1001")
        await call(kernel, "APIerSv1.AddBalance", Tenant=TENANT, Account="1001", BalanceType="*monetary", Value=5, Balance={"ID": "cash"})
        await call(kernel, "APIerSv2.SetActions", ActionsId="N", Actions=rows)
        assert await call(kernel, "APIerSv1.ExecuteAction", Tenant=TENANT, Account="1001", ActionsId="N") == "OK"
        account = await call(kernel, "APIerSv2.GetAccount", Tenant=TENANT, Account="1001")
        assert [balance["Value"] for balance in account["BalanceMap"]["*monetary"]] == [10]
        assert sys.modules["words"].NOTED == ["cgrates.org:1001 *note [7]"]
        assert await call(kernel, "APIerSv1.ExecuteAction", Tenant=TENANT, ActionsId="N") == "OK"  # only what needs no account
        assert sys.modules["words"].NOTED[1:] == [" *note [7]"]


async def test_an_exporter_type(words: dict[str, Any], virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory({**words, "ees": {"enabled": True, "exporters": [{"id": "D", "type": "*drum"}]}}, clock=virtual_clock) as kernel:
        await call(kernel, "EeSv1.ProcessEvent", Tenant=TENANT, ID="1", Event={"Account": "1001"})
        await virtual_clock.advance(0)
        assert [record.fields for record in sys.modules["words"].SENT] == [{"Account": "1001"}]


@pytest.mark.parametrize(
    ("hook", "word"),
    [("cgrd_filter_types", "*string"), ("cgrd_filter_types", "*notstring"), ("cgrd_converters", "*round"), ("cgrd_attribute_types", "*constant")],
)
async def test_a_word_of_ours_cannot_be_replaced(install: Callable[..., None], hook: str, word: str) -> None:
    install("acme-thief", "thief", f"from cgrd import hookimpl\n@hookimpl\ndef {hook}():\n    return {{{word!r}: lambda *given: None}}\n", schema=SCHEMA)
    with pytest.raises(PluginError, match="is already there; a plugin cannot replace it"):
        async with kernel_in_memory({"thief": {"enabled": True}}):
            pass


async def test_two_plugins_cannot_give_the_same_word(words: dict[str, Any], install: Callable[..., None]) -> None:
    install("acme-again", "again", "from cgrd import hookimpl\n@hookimpl\ndef cgrd_converters():\n    return {'*shout': lambda a: str}\n", schema=SCHEMA)
    with pytest.raises(PluginError, match=r"gives \*shout"):
        async with kernel_in_memory({**words, "again": {"enabled": True}}):
            pass
