"""A plugin whose profile kinds cannot be imported: named, and where that is wanted left out alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import structlog.testing

import cgrd.plugins
from cgrd.errors import PluginError
from cgrd.testing import call, kernel_in_memory

FAULTS = ["raise RuntimeError('at import')\n", "KIND = []\n", "import nothing_of_that_name\n", "KINDS = 5\n", "def (\n"]
SKIP: dict[str, Any] = {"plugins": {"on_start_error": "skip"}}


@pytest.mark.parametrize("source", FAULTS)
async def test_broken_kinds_of_a_plugin_that_is_off_are_named_and_the_daemon_goes_on(install: Callable[..., None], source: str) -> None:
    install("acme-kinds", "acme_kinds", source, group="cgrd.kinds")
    with pytest.raises(PluginError, match="acme-kinds: its profile kinds cannot be loaded"):
        async with kernel_in_memory({"chargers": {"enabled": True}}):
            pass
    with structlog.testing.capture_logs() as logged:
        async with kernel_in_memory({"chargers": {"enabled": True}, **SKIP}) as kernel:
            assert await call(kernel, "ChargerSv1.Ping") == "Pong"
    assert [each["error"].partition(":")[0] for each in logged if each["event"] == "left out"] == ["acme-kinds"]


@pytest.mark.parametrize("name", ["attributes", "rals", "resources", "routes", "stats", "thresholds", "chargers", "ips", "rankings", "trends"])
async def test_a_plugin_whose_kinds_are_broken_is_left_out_and_the_others_serve(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of this repository, one at a time, in a daemon with all of them in it."""
    real = cgrd.plugins.importlib.import_module

    def broken(module: str, *rest: Any) -> Any:
        if module == f"cgrd_subsystem_{name}.kinds":
            raise ImportError("torn in two")
        return real(module, *rest)

    monkeypatch.setattr(cgrd.plugins.importlib, "import_module", broken)
    here = ["*internal"]
    sections: dict[str, Any] = {each: {"enabled": True} for each in ("attributes", "rals", "resources", "routes", "stats", "thresholds", "chargers", "ips")}
    sections |= {each: {"enabled": True, "stats_conns": here} for each in ("rankings", "trends")}
    sections |= {"cdrs": {"enabled": True}, "schedulers": {"enabled": True}, "sessions": {"enabled": True}, "apiers": {"enabled": True}}
    with pytest.raises(PluginError, match=f"cgrd-subsystem-{name} cannot be loaded: PluginError: cgrd-subsystem-{name}: its profile kinds cannot be loaded"):
        async with kernel_in_memory(sections):
            pass
    async with kernel_in_memory({**sections, **SKIP}) as kernel:
        assert [plugin.distribution for plugin in kernel.plugins.broken()] == [f"cgrd-subsystem-{name}"]
        assert set(sections) - set(kernel.house.components) == {name}
        for section in kernel.house.components:
            service = PINGED.get(section)
            assert service is None or await call(kernel, f"{service}.Ping") == "Pong"


PINGED = {
    "attributes": "AttributeSv1", "rals": "Responder", "resources": "ResourceSv1", "routes": "RouteSv1", "stats": "StatSv1", "thresholds": "ThresholdSv1",
    "chargers": "ChargerSv1", "ips": "IPsV1", "rankings": "RankingSv1", "trends": "TrendSv1", "cdrs": "CDRsV1", "schedulers": "SchedulerSv1",
    "sessions": "SessionSv1", "apiers": "APIerSv1",
}  # fmt: skip
