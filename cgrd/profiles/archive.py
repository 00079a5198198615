"""Plans from afar are bounded: zip archives, and what the web gives. A few kilobytes would otherwise become gigabytes."""

from __future__ import annotations

import io
import zipfile
import zlib

from cgrd.errors import ServerError

LARGEST = 64 << 20
"""No archive and nothing from the web is larger than this, unpacked; a folder may be."""
MOST_LINES = 1_000_000
"""No archive has more of them."""
MOST_MEMBERS = 1000
"""No archive has more of them."""
_PIECE = 1 << 16
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others inflate a piece of any size to the end before they give anything


def unzip(data: bytes) -> list[tuple[str, bytes]]:
    """The CSV files of a zip archive by name.

    Raises:
        ServerError: it is none, is not deflated, or holds more than `LARGEST`, `MOST_LINES` or `MOST_MEMBERS` allow.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            room = Room()
            return [(entry.filename, _inflated(archive, entry, room)) for entry in _small_enough(archive.infolist())]
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, zlib.error) as error:
        raise ServerError(f"zip: not a valid zip file: {error}") from error


def _small_enough(members: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """The CSV files among an archive's members, by name; refused before anything is inflated where the list of them says too much."""
    if len(members) > MOST_MEMBERS:
        raise _too_large(f"{len(members)} members; at most {MOST_MEMBERS} are read")
    entries = sorted((entry for entry in members if entry.filename.endswith(".csv")), key=lambda entry: entry.filename)
    if sum(entry.file_size for entry in entries) > LARGEST:
        raise _too_large(f"more than {LARGEST >> 20} MiB of CSV files")
    if other := [entry.filename for entry in entries if entry.compress_type not in _METHODS]:
        raise ServerError("zip: unsupported compression algorithm", explain=f"{other[0]} is neither stored nor deflated")
    return entries


def _inflated(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, room: Room) -> bytes:
    parts = []
    with archive.open(entry) as file:
        while part := file.read(_PIECE):
            parts.append(room.take(part))
    return b"".join(parts)


class Room:
    """How much of a plan from afar may still come, all its files together."""

    def __init__(self) -> None:
        self._octets, self._lines = LARGEST, MOST_LINES

    def take(self, part: bytes) -> bytes:
        """The same part, when there is room for it. Raises `ServerError`."""
        self._octets -= len(part)
        self._lines -= part.count(b"\n")
        if self._octets < 0:
            raise _too_large(f"more than {LARGEST >> 20} MiB of CSV files")
        if self._lines < 0:
            raise _too_large(f"more than {MOST_LINES} lines")
        return part


def _too_large(found: str) -> ServerError:
    return ServerError("the plan is too large", explain=f"it has {found}; unpack it on the daemon's machine and load the folder")
