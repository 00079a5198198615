"""One owner for a store's file: a lock beside it that the system frees when the process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from cgrd.errors import StoreError


class OwnerLock:
    """Holds `<path>.lock` until released.

    Raises:
        StoreError: another process, or another store of this one, has it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(path.name + ".lock")
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"cannot open {self.path}: {error.strerror}", explain="the folder must exist and be writable") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.read(self._file, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            text = f"{path} belongs to process {owner}, which is running"
            raise StoreError(text, explain="one store has one owner; stop it first, or name another folder (--state)") from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let another owner in. The lock's file stays: removing it would let two owners hold two files of one name."""
        os.close(self._file)
