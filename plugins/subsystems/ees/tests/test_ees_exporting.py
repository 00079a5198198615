"""EEs: who takes an event, what a record is, and that each record arrives once its exporter can deliver, in order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cgrd import Exporter, ExportRecord
from cgrd.durations import MINUTE, SECOND
from cgrd.errors import CgrdError, ConfigurationError, NotFound, PartiallyExecuted
from cgrd.store import SqliteStore
from cgrd.testing import Disk, VirtualClock, call, kernel_in_memory, store_on
from cgrd.testing.memory import tree_of


class Place(Exporter, type="*place"):
    """Where records arrive; away while `fault` is set."""

    arrived: list[str] = []
    fields: list[dict[str, Any]] = []
    fault: Exception | None = None
    batches = 0

    async def send(self, batch: Sequence[ExportRecord]) -> None:
        Place.batches += 1
        if Place.fault is not None:
            raise Place.fault
        Place.arrived += [record.id for record in batch]
        Place.fields += [record.fields for record in batch]


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch) -> type[Place]:
    """An empty place, installed as an exporter type."""
    from cgrd.plugins import Plugins

    known = Plugins.vocabulary
    monkeypatch.setattr(Plugins, "vocabulary", lambda self, hook: {**known(self, hook), **({"*place": Place} if hook == "cgrd_exporters" else {})})
    Place.arrived, Place.fields, Place.fault, Place.batches = [], [], None, 0
    return Place


def ees(*exporters: dict[str, Any], **section: Any) -> dict[str, Any]:
    entries = [{"id": "P", "type": "*place", **exporter} for exporter in exporters or ({},)]
    return {"ees": {"enabled": True, "exporters": entries, **section}}


async def export(kernel: Any, name: str = "1", **event: Any) -> Any:
    return await call(kernel, "EeSv1.ProcessEvent", Tenant="cgrates.org", ID=name, Event={"Account": "1001", **event})


async def test_an_event_arrives_whole_where_no_fields_are_configured(virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(ees(), clock=virtual_clock) as kernel:
        assert await export(kernel, Destination="1002") == {"P": {}}
        await virtual_clock.advance(0)
        assert Place.fields == [{"Account": "1001", "Destination": "1002"}]


async def test_a_record_is_what_the_fields_say(virtual_clock: VirtualClock) -> None:
    fields = [
        {"path": "*exp.Who", "type": "*variable", "value": "~*req.Account"},
        {"path": "*exp.By", "type": "*variable", "value": "~*vars.*exporterID"},
        {"path": "*exp.Secret", "type": "*constant", "value": "x", "filters": ["*string:~*req.Account:1002"]},
    ]
    async with kernel_in_memory(ees({"fields": fields}), clock=virtual_clock) as kernel:
        await export(kernel)
        await virtual_clock.advance(0)
        assert Place.fields == [{"Who": "1001", "By": "P"}]


async def test_only_exporters_whose_filters_pass_take_it() -> None:
    only = {"id": "Q", "filters": ["*string:~*req.Account:1002"]}
    async with kernel_in_memory(ees(only, {})) as kernel:
        assert await export(kernel) == {"P": {}}
        assert set(await export(kernel, Account="1002")) == {"P", "Q"}
        answer = await call(kernel, "EeSv1.ProcessEvent", ID="3", Event={"Account": "1002"}, EeIDs=["Q"])
        assert set(answer) == {"Q"}
        with pytest.raises(NotFound):
            await call(kernel, "EeSv1.ProcessEvent", ID="4", Event={"Account": "1001"}, EeIDs=["Q"])


async def test_without_an_event_it_says_so() -> None:
    async with kernel_in_memory(ees()) as kernel:
        with pytest.raises(CgrdError, match=r"MANDATORY_IE_MISSING: \[Event\]"):
            await call(kernel, "EeSv1.ProcessEvent", ID="1")


@pytest.mark.parametrize("fault", [CgrdError("no route"), ValueError("a fault of the exporter")])
async def test_what_fails_arrives_later_in_its_order(virtual_clock: VirtualClock, fault: Exception) -> None:
    async with kernel_in_memory(ees(), clock=virtual_clock) as kernel:
        Place.fault = fault
        for name in "abc":
            await export(kernel, name)
        await virtual_clock.advance(0)
        assert Place.batches == 1
        assert Place.arrived == []
        await virtual_clock.advance(SECOND)
        assert Place.batches == 2
        await virtual_clock.advance(SECOND)
        assert Place.batches == 2  # two seconds after the second attempt, not one
        Place.fault = None
        await virtual_clock.advance(SECOND)
        assert Place.arrived == ["a", "b", "c"]
        assert not kernel.store.outbox.backlog()


async def test_one_record_that_is_never_taken_holds_up_only_its_own_account(virtual_clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    async def send(self: Place, batch: Sequence[ExportRecord]) -> None:
        if Place.fault is not None or any(record.fields["Account"] == "bad" for record in batch):
            raise CgrdError("not this one")
        Place.arrived += [record.id for record in batch]

    monkeypatch.setattr(Place, "send", send)
    async with kernel_in_memory(ees(), clock=virtual_clock) as kernel:
        Place.fault = CgrdError("no route")
        for number, account in enumerate(["a", "b", "bad", "c", "d"]):
            await export(kernel, str(number), Account=account)
        await export(kernel, "behind", Account="bad")
        await virtual_clock.advance(MINUTE)
        Place.fault = None
        await virtual_clock.advance(10 * MINUTE)
        assert sorted(Place.arrived) == ["0", "1", "3", "4"]
        assert kernel.store.outbox.backlog()["P"].waiting == 2


async def test_a_restart_loses_none(tmp_path: Path) -> None:
    clock = VirtualClock()
    Place.fault = CgrdError("no route")
    async with kernel_in_memory(ees(), clock=clock, store=SqliteStore.open(tmp_path / "s.db", clock=clock)) as kernel:
        await export(kernel, "a")
        await clock.advance(MINUTE)
    Place.fault = None
    async with kernel_in_memory(ees(), clock=clock, store=SqliteStore.open(tmp_path / "s.db", clock=clock)):
        await clock.advance(10 * MINUTE)
        assert Place.arrived == ["a"]


async def test_what_could_not_be_committed_is_not_exported(virtual_clock: VirtualClock) -> None:
    disk = Disk()
    async with kernel_in_memory(ees(), clock=virtual_clock, store=store_on(disk, clock=virtual_clock)) as kernel:
        disk.broken = "disk I/O error"
        with pytest.raises(CgrdError, match="STORE_ERROR"):
            await export(kernel, "a")
        disk.broken = ""
        await export(kernel, "b")
        await virtual_clock.advance(MINUTE)
        assert Place.arrived == ["b"]


async def test_synchronous_exports_tell_their_sender(virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(ees({"synchronous": True, "attempts": 3}), clock=virtual_clock) as kernel:
        answer = await call(
            kernel, "EeSv1.ProcessEvent", ID="1", Event={"Account": "1001", "ToR": "*voice", "Usage": "10s", "Cost": 1.5}, APIOpts={"*eesVerbose": True}
        )
        assert (answer["P"]["NumberOfEvents"], answer["P"]["TotalDuration"], answer["P"]["PositiveExports"]) == (1, 10 * SECOND, ["1"])
        assert float(answer["P"]["TotalCost"]) == 1.5
        Place.fault, Place.batches = CgrdError("no route"), 0
        with pytest.raises(PartiallyExecuted) as told:
            await export(kernel, "2")
        assert "no route" in told.value.explain
        assert Place.batches == 3


async def test_metrics_begin_anew_when_asked(virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(ees({"synchronous": True}), clock=virtual_clock) as kernel:
        await export(kernel)
        assert await call(kernel, "EeSv1.ResetExporterMetrics", ID="P") == "OK"
        lanes: Any = kernel.house.components["ees"]
        assert lanes.lanes["P"].metrics.NumberOfEvents == 0
        with pytest.raises(NotFound):
            await call(kernel, "EeSv1.ResetExporterMetrics", ID="other")


async def test_a_type_that_nobody_gives_is_refused_at_start() -> None:
    with pytest.raises(ConfigurationError, match=r"\*pigeon, which no installed plugin gives"):
        async with kernel_in_memory(ees({"type": "*pigeon"})):
            pass


async def test_a_reload_makes_the_exporters_anew_and_what_waits_arrives_by_the_new_settings(virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(ees(), clock=virtual_clock) as kernel:
        Place.fault = CgrdError("away")
        await export(kernel)
        await virtual_clock.advance(0)
        await kernel.apply(tree_of(ees({}, {"id": "Q"}), kernel.plugins))
        Place.fault = None
        await virtual_clock.advance(MINUTE)
        assert Place.arrived == ["1"]
        assert set(await export(kernel, "2")) == {"P", "Q"}
        await virtual_clock.advance(0)
        assert Place.arrived == ["1", "2", "2"]


async def test_exporters_that_cannot_be_used_are_refused_by_a_reload_and_the_old_ones_go_on(virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(ees(), clock=virtual_clock) as kernel:
        with pytest.raises(ConfigurationError, match=r"\*nowhere"):
            await kernel.apply(tree_of(ees({"type": "*nowhere"}), kernel.plugins))
        assert set(await export(kernel)) == {"P"}
        await virtual_clock.advance(0)
        assert Place.arrived == ["1"]
