"""What an operator wants done with the store's file: a copy to keep, everything written down, room given back, a check.

All of it runs in a thread, one at a time, and the daemon goes on: what is asked meanwhile is answered and committed as ever.
"""

from __future__ import annotations

import os
import secrets
import shutil
import zipfile
from collections.abc import Callable
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import trio

from cgrd.errors import CgrdError, ServerError
from cgrd.instants import Instant

if TYPE_CHECKING:
    from cgrd.store.owned import OwnedStore

CHUNK: Final = 1 << 20


class Upkeep:
    """See the module.

    Args:
        store: whose file.
    """

    def __init__(self, store: OwnedStore) -> None:
        self._store = store
        self._one = trio.CapacityLimiter(1)

    @property
    def schema(self) -> int:
        """The number of the schema's last step."""
        return self._store.driver.schema

    def file(self) -> Path:
        """Where the store is.

        Raises:
            CgrdError: NOT_IMPLEMENTED: it is no file.
        """
        file = self._store.driver.file
        if file is None:
            raise CgrdError("NOT_IMPLEMENTED", explain="the store is no file (it is in memory, or a database server): use that database's own tools")
        return file

    async def backup(self, folder: str, *, zipped: bool = False) -> Path:
        """Write a copy of all that is committed; a daemon can be started on it.

        Args:
            folder: where to; made when it is not there, a relative one is beside the store's file.
            zipped: as an archive.

        Returns:
            A new folder `cgrd-<time>-<7 hexadecimal digits>` in it that holds the store's file, or an archive `….zip` of that file.

        Raises:
            CgrdError: NOT_IMPLEMENTED: the store is no file.
            ServerError, StoreError: it cannot be written; nothing of it is left.
        """
        file = self.file()
        target = file.parent / folder / _name(self._store.clock.now())
        await self._store.groups.settled()
        await self._work(f"back up to {target.parent}", partial(self._write, target, zipped))
        return target.with_suffix(".zip") if zipped else target

    def _write(self, target: Path, zipped: bool) -> None:
        """Make it under another name first, so that what has its name is whole."""
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}")
        unfinished.mkdir(mode=0o700)
        try:
            copied = unfinished / self.file().name
            os.close(_new(copied))
            self._store.driver.copy(str(copied), between=trio.from_thread.check_cancelled)
            if zipped:
                _zip(copied, unfinished / "zip")
                (unfinished / "zip").rename(target.with_suffix(".zip"))
            else:
                unfinished.rename(target)
            _sync(target.parent)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    async def dump(self) -> None:
        """Commit what is queued and bring everything into the store's one file, without its write-ahead log.

        Raises:
            CgrdError: NOT_IMPLEMENTED: the store is no file.
            StoreError: it cannot be written.
        """
        self.file()
        await self._store.groups.settled()
        await self._work("write the store's file", partial(self._store.driver.checkpoint, emptied=True))

    async def compact(self) -> None:
        """Give the room of what was deleted back to the file system.

        Raises:
            CgrdError: NOT_IMPLEMENTED: the store is no file.
            StoreError: it cannot be written.
        """
        self.file()
        await self._work("compact the store", partial(self._store.driver.compact, between=trio.from_thread.check_cancelled))

    async def check(self) -> None:
        """Read all of the file.

        Raises:
            CgrdError: NOT_IMPLEMENTED: the store is no file.
            ServerError: something is wrong with it.
        """
        file = self.file()
        await self._store.groups.settled()
        if found := await self._work("check the store", self._store.driver.sound):
            raise ServerError(f"{file} is damaged: {found}", explain="stop the daemon, keep the file, and start on a backup")

    async def _work(self, what: str, work: Callable[[], Any]) -> Any:
        try:
            return await trio.to_thread.run_sync(work, limiter=self._one)
        except (OSError, ValueError) as error:
            told = getattr(error, "strerror", None) or str(error)
            raise ServerError(f"cannot {what}: {told}", explain="it wants a folder that the daemon may write to, and room there for the whole store") from error


def _name(at: Instant) -> str:
    return f"cgrd-{at.at_zone(UTC).datetime():%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)[:7]}"


def _new(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _zip(source: Path, target: Path) -> None:
    with os.fdopen(_new(target), "w+b") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(source.name, "w", force_zip64=True) as kept, source.open("rb") as octets:
            while chunk := octets.read(CHUNK):
                kept.write(chunk)
                trio.from_thread.check_cancelled()
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Until then a power cut could take the new name away."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
