"""A stranger's subsystem, installed by pip and named in the configuration, takes part in authorisation; nothing else knows of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cgrd.errors import CgrdError
from cgrd.flows import FLOWS
from cgrd.kernel import Kernel
from cgrd.plugins import Plugins
from cgrd.testing import assert_contract, call, kernel_in_memory

STRANGER = Path(__file__).parent / "stranger"
HERE = ["*internal"]
SECTIONS: dict[str, Any] = {
    "attributes": {"enabled": True},
    "chargers": {"enabled": True, "attributes_conns": HERE},
    "blocklist": {"enabled": True, "prefixes": ["0900"]},
    "sessions": {"enabled": True, "attributes_conns": HERE, "chargers_conns": HERE, "blocklist_conns": HERE},
    "apiers": {"enabled": True, "attributes_conns": HERE},
}
TWO = """
[attributes]
enabled = true
[sessions]
enabled = true
attributes_conns = ["*internal"]
blocklist_conns = ["elsewhere"]
[[rpc_conns.elsewhere.conns]]
address = "127.0.0.1:{port}"
transport = "*json"
"""


async def authorize(kernel: Kernel, number: str) -> Any:
    event = {"Account": "1001", "Destination": number, "OriginID": number, "SetupTime": "2026-01-31T08:00:00Z", "ToR": "*voice", "RequestType": "*none"}
    return await call(kernel, "SessionSv1.AuthorizeEvent", Tenant="cgrates.org", ID="1", Event=event, GetAttributes=True)


def test_its_whole_code_fits_on_a_page() -> None:
    files = [STRANGER / "pyproject.toml", *(STRANGER / "src" / "blocklist").glob("*.*")]
    assert sum(len(file.read_text().splitlines()) for file in files) < 66


@pytest.mark.usefixtures("with_stranger")
def test_it_keeps_the_contract_of_plugins() -> None:
    assert_contract("blocklist")


@pytest.mark.usefixtures("with_stranger")
async def test_its_stage_stands_between_attributes_and_chargers_and_refuses() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        stages = [made.called for made in kernel.services.flows["authorize"]]
        assert stages.index("*attributes") < stages.index("*blocklist") < stages.index("*chargers")
        stages = [made.called for made in kernel.services.flows["event"]]
        assert stages.index("*chargers") < stages.index("*blocklist") < stages.index("*attributes")
        with pytest.raises(CgrdError, match="BLOCKLIST_ERROR:BLOCKED:0900123"):
            await authorize(kernel, "0900123")
        await authorize(kernel, "1002")
        with pytest.raises(CgrdError, match="BLOCKLIST_ERROR:BLOCKED:0900123"):
            await call(kernel, "SessionSv1.ProcessEvent", Tenant="cgrates.org", ID="2", Event={"Account": "1001", "Destination": "0900123"})


@pytest.mark.usefixtures("with_stranger")
async def test_it_sees_what_attributes_made_of_the_number() -> None:
    rule = {"Path": "*req.Destination", "Type": "*constant", "Value": [{"Rules": "09001"}]}
    filters = ["*string:~*req.Account:1001", "*shorter:~*req.Destination:3"]  # an index finds profiles by the first kind only
    profile = {"Tenant": "cgrates.org", "ID": "A", "Contexts": ["*sessions"], "FilterIDs": filters, "Attributes": [rule]}
    async with kernel_in_memory(SECTIONS) as kernel:
        assert await call(kernel, "APIerSv1.SetAttributeProfile", **profile) == "OK"
        with pytest.raises(CgrdError, match="BLOCKED:09001"):
            await authorize(kernel, "12")
        await authorize(kernel, "123")


@pytest.mark.usefixtures("with_stranger")
async def test_where_it_is_switched_off_who_asks_for_it_is_told() -> None:
    off = {**SECTIONS, "blocklist": {"enabled": False}, "sessions": {**SECTIONS["sessions"], "blocklist_conns": []}}
    async with kernel_in_memory(off) as kernel:
        await authorize(kernel, "0900123")
        with pytest.raises(CgrdError, match=r"NOT_CONNECTED: \*blocklist"):
            await call(kernel, "SessionSv1.ProcessEvent", Tenant="cgrates.org", ID="1", Event={"Account": "1001"}, Flags=["*blocklist"])


@pytest.mark.usefixtures("with_stranger")
async def test_its_method_and_ping_are_served() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        assert await call(kernel, "BlockListSv1.Check", Event={"Destination": "1002"}) == "OK"
        assert await call(kernel, "BlockListSv1.Ping") == "Pong"


@pytest.mark.usefixtures("with_stranger")
async def test_when_its_stage_breaks_only_that_request_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        component = kernel.house.components["blocklist"]
        component.config = {"prefixes": None}
        with pytest.raises(TypeError):  # at the edge: SERVER_ERROR with a reference to the log
            await authorize(kernel, "1002")
        component.config = {"prefixes": ["0900"]}
        await authorize(kernel, "1002")


async def test_where_it_is_not_installed_there_is_no_trace_of_it() -> None:
    assert "blocklist" not in [plugin.name for plugin in Plugins.installed().found]
    with pytest.raises(CgrdError, match="blocklist"):
        async with kernel_in_memory(SECTIONS):
            pass
    without: dict[str, Any] = {name: dict(section) for name, section in SECTIONS.items() if name != "blocklist"}
    del without["sessions"]["blocklist_conns"]
    async with kernel_in_memory(without) as kernel:
        assert not [made for flow in FLOWS for made in kernel.services.flows[flow] if made.flag == "*blocklist"]
        assert "*shorter" not in kernel.services.filters.types.names()
        assert "blocklist_conns" not in kernel.house.components["sessions"].config
        await authorize(kernel, "0900123")


def test_it_works_the_same_in_another_daemon(daemon: Callable[..., Any], stranger_path: str) -> None:
    there = daemon('[blocklist]\nenabled = true\nprefixes = ["0900"]\n', path=stranger_path)
    here = daemon(TWO.format(port=there.port()), path=stranger_path)
    event = {"Account": "1001", "OriginID": "1", "SetupTime": "2026-01-31T08:00:00Z", "ToR": "*voice", "RequestType": "*none"}
    request = {"method": "SessionSv1.AuthorizeEvent", "id": 1, "params": [{"Event": {**event, "Destination": "0900123"}, "GetAttributes": True}]}
    assert here.answer(request)["error"] == "BLOCKLIST_ERROR:BLOCKED:0900123"
    request["params"] = [{"Event": {**event, "Destination": "1002"}, "GetAttributes": True}]
    assert here.answer(request)["error"] is None
    there.stop()
    assert here.answer(request)["error"].startswith("BLOCKLIST_ERROR:")
    assert here.serves()
