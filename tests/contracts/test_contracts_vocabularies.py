"""Each vocabulary can be widened by a plugin: filter type, converter, attribute type, metric, sorting, action type, exporter type."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from cgrd.errors import CgrdError, PluginError
from cgrd.testing import VirtualClock, call, kernel_in_memory

HERE = ["*internal"]
SCHEMA = {"type": "object", "properties": {"enabled": {"type": "boolean", "default": False, "description": "Whether it runs."}}}
WORDS = '''
from cgrd import Exporter, hookimpl
NOTED, SENT = [], []


class Longest:
    unit, empty = "", False

    def __init__(self, argument):
        self.argument, self.lengths = argument, {}

    @property
    def count(self):
        return len(self.lengths)

    def read(self, roots):
        return len(str(roots["*req"].get("Account", "")))

    def add(self, id, value):
        self.lengths[id] = value

    def take(self, id):
        self.lengths.pop(id, None)

    def number(self):
        from decimal import Decimal
        return Decimal(max(self.lengths.values()))

    def keep(self):
        return {"Count": self.count}

    def resume(self, kept):
        pass

    def shown(self):
        return {"Count": self.count}


class Backwards:
    sums_stats = False

    def __init__(self, *, parameters, default_ratio):
        pass

    def check(self, route):
        pass

    def complete(self, route, data):
        pass

    def key(self, data):
        return (data["Weight"],)


class Drum(Exporter, type="*drum"):
    async def send(self, batch):
        SENT.extend(batch)


@hookimpl
def cgrd_filter_types():
    return {"*odd": lambda element, values: lambda roots: int(element.find(roots) or 0) % 2 == 1}


@hookimpl
def cgrd_converters():
    return {"*shout": lambda arguments: lambda value: str(value).upper()}


@hookimpl
def cgrd_attribute_types():
    return {"*twice": lambda source: lambda roots: source.text(roots) * 2}


@hookimpl
def cgrd_metrics():
    return {"*longest": Longest}


@hookimpl
def cgrd_sortings():
    return {"*backwards": Backwards}


@hookimpl
def cgrd_action_types():
    return {"*note": lambda doing: NOTED.append(doing.key)}


@hookimpl
def cgrd_exporters():
    return {"*drum": Drum}
'''
TENANT = "cgrates.org"


@pytest.fixture
def words(install: Callable[..., None]) -> dict[str, Any]:
    """Sections of a daemon with the plugin in it."""
    install("acme-words", "words", WORDS, schema=SCHEMA)
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
    async with kernel_in_memory({**words, "rals": {"enabled": True}, "schedulers": {"enabled": True}}) as kernel:
        await call(kernel, "APIerSv1.SetAccount", Tenant=TENANT, Account="1001")
        await call(kernel, "APIerSv2.SetActions", ActionsId="N", Actions=[{"Identifier": "*note", "Weight": 10}])
        assert await call(kernel, "APIerSv1.ExecuteAction", Tenant=TENANT, Account="1001", ActionsId="N") == "OK"
        assert sys.modules["words"].NOTED == ["cgrates.org:1001"]


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
