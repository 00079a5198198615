"""APIerSv1.ReplayFailedPosts: what waits for its retry is tried at once; nothing of it is lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cgrd import Exporter, ExportRecord
from cgrd.durations import MINUTE
from cgrd.errors import CgrdError, PartiallyExecuted, ServerError
from cgrd.testing import VirtualClock, call, kernel_in_memory


class Quay(Exporter, type="*quay"):
    """Where records arrive; away while `closed`."""

    arrived: list[tuple[str, str]] = []
    closed = True

    async def send(self, batch: Sequence[ExportRecord]) -> None:
        if Quay.closed:
            raise CgrdError("no route")
        Quay.arrived += [(self.id, record.id) for record in batch]


@pytest.fixture(autouse=True)
def quay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed quay, installed as an exporter type."""
    from cgrd.plugins import Plugins

    known = Plugins.vocabulary
    monkeypatch.setattr(Plugins, "vocabulary", lambda self, hook: {**known(self, hook), **({"*quay": Quay} if hook == "cgrd_exporters" else {})})
    Quay.arrived, Quay.closed = [], True


EXPORTERS = [{"id": name, "type": "*quay", "failed_posts_dir": f"/spool/{name}"} for name in ("north", "south")]
SECTIONS: dict[str, Any] = {"ees": {"enabled": True, "exporters": EXPORTERS, "failed_posts": {"dir": "/spool/all"}}, "apiers": {"enabled": True}}


async def waiting(clock: VirtualClock, kernel: Any) -> None:
    """Each exporter has a record that waits minutes for its next attempt; the quay is open again."""
    await call(kernel, "EeSv1.ProcessEvent", Tenant="cgrates.org", ID="1", Event={"Account": "1001"})
    await clock.advance(20 * MINUTE)
    Quay.closed = False
    assert Quay.arrived == []


@pytest.mark.parametrize(
    ("asked", "arrived"),
    [
        ({}, "north south"),
        ({"SourcePath": "/spool/all", "FailedPath": "/spool/all/"}, "north south"),
        ({"SourcePath": "/spool/north/"}, "north"),
        ({"SourcePath": "/spool/north", "FailedPath": "/spool/north"}, "north"),
        ({"Modules": ["south"]}, "south"),
        ({"Modules": ["*quay", "other"]}, "north south"),
        ({"SourcePath": "/spool/south", "Modules": ["EEs"]}, "south"),
        ({"Modules": None}, "north south"),
        ({"Modules": []}, "north south"),
    ],
)
async def test_what_is_meant_is_tried_at_once(virtual_clock: VirtualClock, asked: dict[str, Any], arrived: str) -> None:
    async with kernel_in_memory(SECTIONS, clock=virtual_clock) as kernel:
        await waiting(virtual_clock, kernel)
        assert await call(kernel, "APIerSv1.ReplayFailedPosts", **asked) == "OK"
        await virtual_clock.advance(0)
        assert sorted(Quay.arrived) == [(name, "1") for name in arrived.split()]


async def test_what_fails_again_stays(virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(SECTIONS, clock=virtual_clock) as kernel:
        await waiting(virtual_clock, kernel)
        Quay.closed = True
        assert await call(kernel, "APIerSv1.ReplayFailedPosts") == "OK"
        await virtual_clock.advance(0)
        assert {name: backlog.waiting for name, backlog in kernel.store.outbox.backlog().items()} == {"north": 1, "south": 1}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"FailedPath": "*none"}, "FailedPath \\*none is not used"),
        ({"FailedPath": "/elsewhere"}, "FailedPath /elsewhere is not used"),
        ({"SourcePath": "/spool/west"}, "nobody is meant"),
        ({"Modules": ["west"]}, "nobody is meant"),
        ({"SourcePath": "/spool/north", "Modules": ["south"]}, "nobody is meant"),
        ({"SourcePath": "nul\0l"}, "nobody is meant"),
    ],
)
async def test_what_would_lose_records_or_means_nobody_is_refused(virtual_clock: VirtualClock, asked: dict[str, Any], told: str) -> None:
    async with kernel_in_memory(SECTIONS, clock=virtual_clock) as kernel:
        await waiting(virtual_clock, kernel)
        with pytest.raises(ServerError, match=told):
            await call(kernel, "APIerSv1.ReplayFailedPosts", **asked)
        await virtual_clock.advance(0)
        assert Quay.arrived == []


async def test_files_that_only_the_reference_can_read_are_told(tmp_path: Path, virtual_clock: VirtualClock) -> None:
    (tmp_path / "EEs.1.gob").write_bytes(b"")
    sections = {**SECTIONS, "ees": {**SECTIONS["ees"], "failed_posts": {"dir": str(tmp_path)}}}
    async with kernel_in_memory(sections, clock=virtual_clock) as kernel:
        await waiting(virtual_clock, kernel)
        with pytest.raises(PartiallyExecuted) as told:
            await call(kernel, "APIerSv1.ReplayFailedPosts", SourcePath=str(tmp_path))
        assert "1 .gob files" in told.value.explain
        await virtual_clock.advance(0)
        assert len(Quay.arrived) == 2
