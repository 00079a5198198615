"""How far a load of a tariff plan has come, file by file, for whoever watches."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class FileProgress(msgspec.Struct):
    """One file: how many lines it has, and how many of them are read, checked and written."""

    File: str
    Rows: int
    Read: int = 0
    Checked: int = 0
    Written: int = 0


class Progress:
    """A load that is under way.

    Args:
        source: the folder, zip file or address that is loaded.
    """

    def __init__(self, source: str = "") -> None:
        self.source = source
        self.files: dict[str, FileProgress] = {}
        self._named: dict[str, list[FileProgress]] = {}

    def expect(self, files: Iterable[tuple[str, str]]) -> None:
        """Files that will be read: name and text each."""
        for name, text in files:
            told = self.files[name] = FileProgress(File=name, Rows=text.count("\n") + (not text.endswith("\n")))
            self._named.setdefault(name.rpartition("/")[2], []).append(told)

    def read(self, name: str, line: int) -> None:
        """A file is read up to a line."""
        if name in self.files:
            self.files[name].Read = min(line, self.files[name].Rows)

    def checked(self, file: str, share: float) -> None:
        """A share (0 to 1) of what all files of that name hold is checked."""
        for each in self._named.get(file, ()):
            each.Checked = int(each.Rows * share)

    def written(self, file: str, share: float) -> None:
        """A share (0 to 1) of what all files of that name hold is written."""
        for each in self._named.get(file, ()):
            each.Written = int(each.Rows * share)
