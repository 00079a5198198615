"""Where tariff plans come from: a folder with its sub-folders, a zip file, or addresses on the web."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from cgrd.errors import CgrdError, ServerError
from cgrd.profiles.archive import Room, unzip
from cgrd.profiles.faults import Fault, PlanRefused

if TYPE_CHECKING:
    import httpx


class InvalidPath(CgrdError):
    """There is no plan under that path."""

    def __init__(self, path: str) -> None:
        super().__init__("INVALID_PATH", explain=f"{path!r} is no folder, no zip file and no http(s) address")


async def read_source(path: str, *, file_names: Iterable[str]) -> list[tuple[str, str]]:
    """Every CSV file of a plan: its name relative to the source, and its text.

    Args:
        path: a folder (searched with its sub-folders), a zip file, or `http(s)://` addresses with `;` between: an entry that ends in
            `.csv` is one file, any other a base to which the known file names are added.
        file_names: those names.

    Raises:
        CgrdError: `MANDATORY_IE_MISSING:FolderPath` for an empty path.
        InvalidPath: nothing is there.
        PlanRefused: a file is no UTF-8 text.
        ServerError: an address does not answer, or an archive or the web gives more than `LARGEST` or `MOST_LINES`.
    """
    if not path:
        raise CgrdError("MANDATORY_IE_MISSING:FolderPath", explain="FolderPath names the plan's folder")
    if path.startswith(("http://", "https://")):
        return await _from_web(path, list(file_names))
    return await trio.to_thread.run_sync(_from_disk, path)


def _from_disk(path: str) -> list[tuple[str, str]]:
    if os.path.isdir(path):
        return [(name, _text(_bytes(os.path.join(path, name)), name)) for name in _csv_names(path)]
    if os.path.isfile(path) and zipfile.is_zipfile(path):
        return read_zip(Path(path).read_bytes())
    raise InvalidPath(path)


def _bytes(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read()


def _csv_names(folder: str) -> list[str]:
    """The CSV files of a folder and its sub-folders by their path within it, folder by folder."""
    inside = len(os.path.join(folder, ""))
    paths = [os.path.join(at, name)[inside:] for at, _, names in os.walk(folder) for name in names if name.endswith(".csv")]
    return sorted((path for path in paths if os.path.isfile(os.path.join(folder, path))), key=lambda path: path.split(os.sep))


def read_zip(data: bytes) -> list[tuple[str, str]]:
    """The CSV files of a zip archive.

    Raises:
        ServerError: it is none, or too large (`unzip`).
        PlanRefused: a file is no UTF-8 text.
    """
    return [(name, _text(octets, name)) for name, octets in unzip(data)]


async def _from_web(path: str, file_names: list[str]) -> list[tuple[str, str]]:
    import httpx

    found, room = [], Room()
    async with httpx.AsyncClient(follow_redirects=True, timeout=60) as client:
        for base in path.split(";"):
            single = base.endswith(".csv")
            for address in [base] if single else [f"{base.rstrip('/')}/{name}" for name in file_names]:
                try:
                    status, content = await _fetched(client, address, room)
                except httpx.HTTPError as error:
                    raise ServerError(f"{address}: {error}", explain="the address does not answer") from error
                if status == 200:
                    name = _name(address, file_names)
                    found.append((name, _text(content, name)))
                elif single or status != 404:
                    raise ServerError(f"{address}: HTTP status {status}")
    return found


async def _fetched(client: httpx.AsyncClient, address: str, room: Room) -> tuple[int, bytes]:
    """Status, and content where it is 200."""
    async with client.stream("GET", address) as answer:
        if answer.status_code != 200:
            return answer.status_code, b""
        return 200, b"".join([room.take(part) async for part in answer.aiter_bytes()])


def _name(address: str, file_names: list[str]) -> str:
    last = address.rpartition("/")[2]
    return next((name for name in file_names if last.endswith(name)), last)


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PlanRefused([Fault(word=f"not UTF-8 text: byte {data[error.start]:#04x}", file=name, line=line, mend="save the file as UTF-8")]) from error
