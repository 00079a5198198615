"""APIerSv1.ExportCDRs: kept records as lines of CSV files, by the exporters that are meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from cgrd.errors import CgrdError, NotConnected, NotFound, PartiallyExecuted, ServerError
from cgrd.testing import VirtualClock, call, kernel_in_memory

FIELDS = [
    {"path": f"*exp.{name}", "type": "*variable", "value": f"~*req.{name}"}
    for name in ("OrderID", "RunID", "Account", "Destination", "SetupTime", "Usage", "Cost", "Team")
]


def sections(folder: Path, **apiers: Any) -> dict[str, Any]:
    """Records are kept and not exported by themselves; two exporters write what they are given, one of them synchronously."""
    both = [
        {"id": "ALL", "type": "*file_csv", "export_path": str(folder), "fields": FIELDS},
        {"id": "BLUE", "type": "*file_csv", "export_path": str(folder), "fields": FIELDS, "filters": ["*string:~*req.Team:blue"], "synchronous": True},
    ]
    return {
        "cdrs": {"enabled": True},
        "ees": {"enabled": True, "exporters": both},
        "apiers": {"enabled": True, **({"ees_conns": ["*internal"]} | apiers)},
    }


async def record(kernel: Any, name: str, **fields: Any) -> None:
    event = {
        "OriginID": name, "OriginHost": "switch", "ToR": "*voice", "RequestType": "*none", "Account": "1001", "Destination": name, "Usage": "10s",
        "SetupTime": "2026-01-31T08:00:00Z", "Cost": 0.5, **fields,
    }  # fmt: skip
    await call(kernel, "CDRsV1.ProcessEvent", Tenant="cgrates.org", ID=name, Flags=["*rals:false"], Event=event)


async def lines(kernel: Any, folder: Path, exporter: str) -> list[str]:
    """What the exporter has written when the outbox is empty."""
    with trio.fail_after(5):
        while True:
            if not kernel.store.outbox.backlog():
                return written(folder, exporter)
            await trio.sleep(0.01)


def written(folder: Path, exporter: str) -> list[str]:
    return [line for file in folder.glob(f"{exporter}_*.csv") for line in file.read_text().splitlines()]


async def test_kept_records_become_lines(tmp_path: Path, virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(sections(tmp_path), clock=virtual_clock) as kernel:
        await record(kernel, "1002", Team="red")
        await record(kernel, "1003", Team="blue")
        assert await call(kernel, "APIerSv1.ExportCDRs") == {"ALL": {}, "BLUE": {}}
        assert await lines(kernel, tmp_path, "ALL") == [
            "1,*default,1001,1002,2026-01-31T08:00:00Z,10000000000,0.5,red",
            "2,*default,1001,1003,2026-01-31T08:00:00Z,10000000000,0.5,blue",
        ]
        assert len(await lines(kernel, tmp_path, "BLUE")) == 1


async def test_the_filter_chooses_records_and_exporter_ids_exporters(tmp_path: Path, virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(sections(tmp_path), clock=virtual_clock) as kernel:
        for number in range(4):
            await record(kernel, f"100{number}", Team="blue")
        await call(kernel, "APIerSv1.ExportCDRs", ExporterIDs=["ALL"], DestinationPrefixes=["1001", "1002", "1003"], OrderBy="OrderID;desc", Limit=2)
        assert [line.partition(",")[0] for line in await lines(kernel, tmp_path, "ALL")] == ["4", "3"]
        assert await lines(kernel, tmp_path, "BLUE") == []


async def test_more_than_a_page_is_exported_once_each(tmp_path: Path, virtual_clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cgrd_subsystem_cdrs.exporting.PAGE", 3)
    async with kernel_in_memory(sections(tmp_path), clock=virtual_clock) as kernel:
        for number in range(9):
            await record(kernel, f"100{number}")
        await call(kernel, "APIerSv1.ExportCDRs", ExporterIDs=["ALL"])
        assert [line.partition(",")[0] for line in await lines(kernel, tmp_path, "ALL")] == [str(number) for number in range(1, 10)]


async def test_verbose_tells_the_metrics_of_those_who_wait_for_their_export(tmp_path: Path, virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(sections(tmp_path), clock=virtual_clock) as kernel:
        await record(kernel, "1002", Team="blue")
        await record(kernel, "1003", Team="blue")
        answer = await call(kernel, "APIerSv1.ExportCDRs", Verbose=True)
        assert (answer["BLUE"]["NumberOfEvents"], len(answer["BLUE"]["PositiveExports"]), answer["ALL"]) == (2, 2, {})


async def test_no_record_or_no_exporter_that_takes_it_is_not_found(tmp_path: Path, virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(sections(tmp_path), clock=virtual_clock) as kernel:
        with pytest.raises(NotFound) as told:
            await call(kernel, "APIerSv1.ExportCDRs")
        assert "no kept record" in told.value.explain
        await record(kernel, "1002", Team="red")
        with pytest.raises(NotFound) as told:
            await call(kernel, "APIerSv1.ExportCDRs", ExporterIDs=["BLUE"])
        assert "none of 1 records is taken" in told.value.explain


async def test_what_cannot_be_exported_is_told_and_the_others_are(tmp_path: Path, virtual_clock: VirtualClock) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    async with kernel_in_memory(sections(folder), clock=virtual_clock) as kernel:
        await record(kernel, "1002", Team="blue")
        folder.rmdir()
        with pytest.raises(PartiallyExecuted) as told:
            await call(kernel, "APIerSv1.ExportCDRs")
        assert "1 of 1 records" in told.value.explain


async def test_without_an_edge_to_ees_it_is_not_connected(tmp_path: Path, virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(sections(tmp_path, ees_conns=[]), clock=virtual_clock) as kernel:
        await record(kernel, "1002")
        with pytest.raises(NotConnected, match="NOT_CONNECTED: EEs"):
            await call(kernel, "APIerSv1.ExportCDRs")


@pytest.mark.parametrize("query", [{"OrderBy": "RunID"}, {"SetupTimeStart": "yesterday-ish"}, {"MinUsage": "long"}, {"ExtraArgs": {"MinCost": "much"}}])
async def test_a_query_that_cannot_be_read_is_refused(tmp_path: Path, virtual_clock: VirtualClock, query: dict[str, Any]) -> None:
    async with kernel_in_memory(sections(tmp_path), clock=virtual_clock) as kernel:
        await record(kernel, "1002")
        for method in ("APIerSv1.ExportCDRs", "APIerSv2.GetCDRs"):
            with pytest.raises(ServerError):
                await call(kernel, method, **query)


async def told_by(kernel: Any, **query: Any) -> list[str]:
    return [told["OriginID"] for told in await call(kernel, "APIerSv1.GetCDRs", **query)]


async def test_the_form_of_old_finds_the_same_records(tmp_path: Path, virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(sections(tmp_path), clock=virtual_clock) as kernel:
        await record(kernel, "a", AnswerTime="2026-01-31T08:00:00Z", ToR="*sms", Usage="1", RequestType="*rated")
        await record(kernel, "b", AnswerTime="2026-01-31T09:00:00Z", Account="1002", Destination="+49", OriginHost="other", Source="s", Category="c")
        await record(kernel, "c", AnswerTime="2026-01-31T10:00:00Z", Cost=-1, Subject="s", Tenant="other.org")
        (first, *_) = await call(kernel, "APIerSv1.GetCDRs")
        assert (first["Usage"], first["SetupTime"], first["OrderID"]) == ("1", "2026-01-31T08:00:00Z", 1)
        for query, found in (
            ({}, "a b c"),
            ({"CgrIds": [first["CGRID"]]}, "a"),
            ({"MediationRunIds": ["*default"], "TORs": ["*voice"]}, "b c"),
            ({"CdrHosts": ["other"], "CdrSources": ["s"], "Categories": ["c"]}, "b"),
            ({"ReqTypes": ["*rated"]}, "a"),
            ({"Tenants": ["other.org"], "Subjects": ["s"]}, "c"),
            ({"Accounts": ["1001"], "SkipErrors": True}, "a"),
            ({"SkipRated": True}, "c"),
            ({"DestinationPrefixes": ["+4"]}, "b"),
            ({"OrderIdStart": 2, "OrderIdEnd": 3}, "b"),
            ({"TimeStart": "2026-01-31T09:00:00Z", "TimeEnd": "2026-01-31T10:00:00Z"}, "b"),
            ({"OrderBy": "OrderID;desc", "Limit": 2}, "c b"),
            ({"Limit": 1, "Offset": 1}, "b"),
        ):
            assert await told_by(kernel, **query) == found.split(), query


@pytest.mark.parametrize(
    "query", [{"RatedAccounts": ["1001"]}, {"RatedSubjects": ["1001"]}, {"OrderIdStart": 99}, {"TimeStart": "soon-ish"}, {"Accounts": ["x"]}]
)
async def test_the_form_of_old_refuses_what_it_cannot_tell(tmp_path: Path, virtual_clock: VirtualClock, query: dict[str, Any]) -> None:
    async with kernel_in_memory(sections(tmp_path), clock=virtual_clock) as kernel:
        await record(kernel, "1002")
        with pytest.raises(CgrdError, match="SERVER_ERROR: "):
            await call(kernel, "APIerSv1.GetCDRs", **query)
