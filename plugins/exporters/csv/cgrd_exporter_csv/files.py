"""CSV files in a folder: one file a stretch of time, records flushed to the disk before they are acknowledged."""

from __future__ import annotations

import csv
import io
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

import trio

from cgrd import Exporter, ExportRecord
from cgrd.config import as_duration
from cgrd.errors import CgrdError, ConfigurationError
from cgrd.fields import text_of


class CsvFiles(Exporter, type="*file_csv"):
    """Writes `<id>_<7 hex digits>.csv`; a file is closed, and the next one begun, when nothing came for `ees.cache.*file_csv.ttl`.

    Options: csvFieldSeparator. What the template writes under `*hdr` is the first line, under `*trl` the last.
    """

    _file: io.FileIO | None = None
    _used_ns = 0
    _tail: ExportRecord | None = None

    def check(self) -> None:
        folder = Path(self.config["export_path"])
        if not folder.is_dir():
            raise ConfigurationError(f"ees.exporters.{self.id}: export_path {folder} is no folder; make it, writable by the daemon")
        if len(self._separator) != 1:
            raise ConfigurationError(f"ees.exporters.{self.id}: csvFieldSeparator must be one character, not {self._separator!r}")

    @property
    def _separator(self) -> str:
        return str(self.option.get("csvFieldSeparator") or ",")

    async def send(self, batch: Sequence[ExportRecord]) -> None:
        try:
            await trio.to_thread.run_sync(self._write, batch)
        except OSError as error:
            raise CgrdError(f"cannot write to {self.config['export_path']}: {error.strerror or error}") from error

    def _write(self, batch: Sequence[ExportRecord]) -> None:
        now = self.services.clock.monotonic_ns()
        if self._file is not None and now - self._used_ns > self._life_ns:
            self._close()
        lines = [self._line(record.fields.values()) for record in batch]
        if self._file is None:
            self._file = self._begin()
            if batch[0].head:
                lines.insert(0, self._line(batch[0].head.values()))
        self._append(self._file, "".join(lines).encode())
        self._used_ns, self._tail = now, batch[-1]

    def _append(self, file: io.FileIO, octets: bytes) -> None:
        """Write all or nothing: what is sent again must not stand there half already."""
        length = file.tell()
        try:
            while octets:
                octets = octets[file.write(octets) or 0 :]
            os.fsync(file.fileno())
        except OSError:
            self._file = None
            with file:
                file.truncate(length)
            raise

    @property
    def _life_ns(self) -> int:
        return as_duration(self.services.config.sections["ees"]["cache"]["*file_csv"]["ttl"])

    def _begin(self) -> io.FileIO:
        return io.FileIO(Path(self.config["export_path"]) / f"{self.id}_{secrets.token_hex(4)[:7]}.csv", "a")

    def _line(self, values: Iterable[object]) -> str:
        line = io.StringIO()
        csv.writer(line, delimiter=self._separator, lineterminator="\n").writerow([text_of(value) for value in values])
        return line.getvalue()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        with file:
            if self._tail is not None and self._tail.tail:
                file.write(self._line(self._tail.tail.values()).encode())

    async def close(self) -> None:
        await trio.to_thread.run_sync(self._close)
