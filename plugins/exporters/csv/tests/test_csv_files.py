"""CSV files: lines, heads and tails, files that end, and a disk that fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from cgrd.durations import MINUTE, SECOND
from cgrd.errors import ConfigurationError
from cgrd.testing import VirtualClock, call, kernel_in_memory

FIELDS = [
    {"path": "*hdr.Account", "type": "*constant", "value": "account"},
    {"path": "*hdr.Destination", "type": "*constant", "value": "destination"},
    {"path": "*exp.Account", "type": "*variable", "value": "~*req.Account"},
    {"path": "*exp.Destination", "type": "*variable", "value": "~*req.Destination"},
    {"path": "*trl.End", "type": "*constant", "value": "end"},
]


def csv_to(folder: Path, **exporter: Any) -> dict[str, Any]:
    return {"ees": {"enabled": True, "exporters": [{"id": "CSV", "type": "*file_csv", "export_path": str(folder), "fields": FIELDS, **exporter}]}}


async def export(kernel: Any, clock: VirtualClock, destination: str) -> None:
    await call(kernel, "EeSv1.ProcessEvent", ID=destination, Event={"Account": "1001", "Destination": destination})
    await clock.advance(0)


async def delivered(kernel: Any) -> None:
    """Return when the outbox is empty; files are written in a thread."""
    with trio.fail_after(5):
        while True:
            if not kernel.store.outbox.backlog():
                return
            await trio.sleep(0.01)


def texts(folder: Path) -> list[str]:
    files = sorted(folder.glob("CSV_*.csv"), key=lambda file: file.stat().st_mtime_ns)
    return [file.read_text() for file in files]


async def test_a_file_has_a_head_lines_and_a_tail(tmp_path: Path, virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(csv_to(tmp_path), clock=virtual_clock) as kernel:
        await export(kernel, virtual_clock, "1002")
        await delivered(kernel)
        await export(kernel, virtual_clock, 'a "quoted", one')
        await delivered(kernel)
    assert texts(tmp_path) == ['account,destination\n1001,1002\n1001,"a ""quoted"", one"\nend\n']


async def test_a_new_file_begins_when_nothing_came_for_the_ttl(tmp_path: Path, virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(csv_to(tmp_path, opts={"csvFieldSeparator": ";"}), clock=virtual_clock) as kernel:
        await export(kernel, virtual_clock, "1002")
        await delivered(kernel)
        await virtual_clock.advance(6 * SECOND)
        await export(kernel, virtual_clock, "1003")
        await delivered(kernel)
        first, second = texts(tmp_path)
    assert first == "account;destination\n1001;1002\nend\n"
    assert second.startswith("account;destination\n1001;1003\n")


async def test_records_wait_for_a_folder_that_is_gone(tmp_path: Path, virtual_clock: VirtualClock) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    async with kernel_in_memory(csv_to(folder), clock=virtual_clock) as kernel:
        folder.rmdir()
        await export(kernel, virtual_clock, "1002")
        while not (waiting := kernel.store.outbox.backlog()).get("CSV") or kernel.store.outbox.pending("CSV"):
            await virtual_clock.advance(0)
        assert waiting["CSV"].waiting == 1
        folder.mkdir()
        await virtual_clock.advance(MINUTE)
        await delivered(kernel)
        assert texts(folder)[0].startswith("account,destination\n1001,1002\n")


@pytest.mark.parametrize(("change", "told"), [({"export_path": "/nowhere"}, "is no folder"), ({"opts": {"csvFieldSeparator": "::"}}, "one character")])
async def test_what_cannot_work_is_refused_at_start(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        async with kernel_in_memory(csv_to(tmp_path, **change)):
            pass
