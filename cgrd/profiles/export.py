"""Records back to the files of a tariff plan."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Generator, Iterable
from typing import Any

from cgrd.profiles.building import unbuild_record
from cgrd.profiles.kind import Kind
from cgrd.profiles.rows import unfold


def row_of_record(kind: Kind, record: Any) -> Any:
    """The row record that a record was made of."""
    return kind.unbuild(record) if kind.unbuild else unbuild_record(kind, record)


def file_text(kind: Kind, rows: Iterable[Any], *, separator: str = ",") -> str:
    """The file of a kind's row records, with its heading as a comment; reading it gives the same row records."""
    work = writing_file(kind, rows, separator=separator)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return str(end.value)


def writing_file(kind: Kind, rows: Iterable[Any], *, separator: str = ",") -> Generator[None, None, str]:
    """`file_text`, record by record (`in_pieces`)."""
    out = io.StringIO()
    out.write(f"#{separator.join(column.name for column in kind.columns)}\n")
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    guarded = csv.writer(out, delimiter=separator, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for record in rows:
        yield
        for row in unfold(kind, record):
            # a first cell that begins like a comment, and carriage returns that splitting lines would drop, need their quotes
            (guarded if row[0].startswith("#") or any("\r" in cell for cell in row) else writer).writerow(row)
    return out.getvalue()


def write_folder(path: str, files: dict[str, str]) -> None:
    """Write files into a folder, which is made where there is none.

    Raises:
        OSError: it cannot be written.
    """
    os.makedirs(path, exist_ok=True)
    for name, text in files.items():
        with open(os.path.join(path, name), "w", encoding="utf-8", newline="") as file:
            file.write(text)


def zipped(files: dict[str, str]) -> bytes:
    """The files as a zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()
