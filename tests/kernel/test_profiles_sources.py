"""Where tariff plans come from: zip archives and the web give what a folder gives."""

from __future__ import annotations

import io
import threading
import tracemalloc
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cgrd.errors import CgrdError
from cgrd.profiles import PlanRefused
from cgrd.profiles.archive import LARGEST, MOST_LINES
from cgrd.profiles.source import read_source, read_zip

FILES = {"Destinations.csv": "DE,49\n", "Rates.csv": "R,0,1,60s,1s,0s\n"}
NAMES = [*FILES, "Chargers.csv"]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def web(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_base_address_is_asked_for_every_known_file(web: str) -> None:
    assert dict(await read_source(web, file_names=NAMES)) == FILES


async def test_single_files_are_told_by_their_ending(web: str) -> None:
    assert dict(await read_source(f"{web}/Rates.csv;{web}/Destinations.csv", file_names=NAMES)) == FILES


@pytest.mark.parametrize("path", ["/Nothing.csv", "/Chargers.csv"])
async def test_a_single_file_that_is_not_there_is_an_error(web: str, path: str) -> None:
    with pytest.raises(CgrdError, match="HTTP status 404"):
        await read_source(web + path, file_names=NAMES)


async def test_a_server_that_is_not_there_is_an_error() -> None:
    with pytest.raises(CgrdError, match=r"^SERVER_ERROR: http://127\.0\.0\.1:1/"):
        await read_source("http://127.0.0.1:1", file_names=NAMES)


async def test_a_zip_file_is_a_plan(tmp_path: Path) -> None:
    archive = tmp_path / "plan.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name, text in FILES.items():
            file.writestr(f"plan/{name}", text)
        file.writestr("plan/README.md", "no rows")
    found = await read_source(str(archive), file_names=NAMES)
    assert found == [(f"plan/{name}", text) for name, text in sorted(FILES.items())]


async def test_sub_folders_are_searched_and_files_come_in_the_order_of_their_paths(folder: Path) -> None:
    (folder / "b").mkdir()
    (folder / "a.d").mkdir()
    (folder / "b" / "Rates.csv").write_text("B")
    (folder / "a.d" / "Rates.csv").write_text("A")
    (folder / "c.csv").mkdir()
    found = await read_source(f"{folder}/", file_names=NAMES)
    assert [name for name, _ in found] == ["Destinations.csv", "Rates.csv", "a.d/Rates.csv", "b/Rates.csv"]


@pytest.mark.parametrize("data", [b"", b"PK", io.BytesIO(b"PK\x05\x06" + bytes(17)).getvalue()])
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    with pytest.raises(CgrdError, match="not a valid zip file"):
        read_zip(data)


def packed(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def lying(data: bytes, size: int) -> bytes:
    """An archive of one member whose list says a smaller size than it inflates to."""
    at = data.index(b"PK\x01\x02") + 24
    return data[:at] + size.to_bytes(4, "little") + data[at + 4 :]


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"Rates.csv": bytes(LARGEST + 1)}, "MiB"),
        ({"Rates.csv": bytes(LARGEST // 2 + 1), "Timings.csv": bytes(LARGEST // 2 + 1)}, "MiB"),
        ({"Rates.csv": b"R\n" * (MOST_LINES + 1)}, "lines"),
        ({f"{number}.csv": b"" for number in range(1001)}, "members"),
    ],
)
def test_an_archive_that_would_become_too_large_is_refused(members: dict[str, bytes], why: str) -> None:
    with pytest.raises(CgrdError, match="the plan is too large") as refused:
        read_zip(packed(members))
    assert why in refused.value.explain


def test_an_archive_that_lies_about_its_size_inflates_to_no_more_than_it_says() -> None:
    archive = lying(packed({"Rates.csv": bytes(LARGEST)}), 10)
    tracemalloc.start()
    with pytest.raises(CgrdError, match="not a valid zip file"):
        read_zip(archive)
    kept = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert kept < 4 << 20


def test_an_archive_packed_in_another_way_is_refused() -> None:
    with pytest.raises(CgrdError, match="unsupported compression"):
        read_zip(packed({"Rates.csv": b"R"}, method=zipfile.ZIP_BZIP2))


async def test_the_web_gives_no_more_than_an_archive(web: str, folder: Path) -> None:
    (folder / "Rates.csv").write_bytes(b"R\n" * (MOST_LINES + 1))
    with pytest.raises(CgrdError, match="the plan is too large"):
        await read_source(web, file_names=NAMES)


async def test_a_file_that_is_no_text_is_refused_with_its_line(folder: Path) -> None:
    (folder / "Chargers.csv").write_bytes(b"#head\n\xff\xfe,1\n")
    with pytest.raises(PlanRefused) as refused:
        await read_source(str(folder), file_names=NAMES)
    assert str(refused.value.faults[0]).startswith("Chargers.csv:2: not UTF-8 text")
