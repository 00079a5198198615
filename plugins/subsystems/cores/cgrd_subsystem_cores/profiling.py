"""CoreSv1's profilers: where the time goes, and what holds the memory."""

from __future__ import annotations

import cProfile
import os
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from cgrd import method
from cgrd.durations import SECOND
from cgrd.errors import MandatoryMissing, Wrong

if TYPE_CHECKING:
    from cgrd.services import Services


class DirectoryArgs(msgspec.Struct):
    """Where the profile is written."""

    DirPath: str = ""
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class MemoryArgs(msgspec.Struct):
    """Snapshots into `DirPath` every `Interval` ns (15 s when 0), `MaxFiles` of them kept (0 = all)."""

    DirPath: str = ""
    Interval: int = 0
    MaxFiles: int = 0
    UseTimestamp: bool = False
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class TenantArgs(msgspec.Struct):
    """Nothing but the usual."""

    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


def _folder(path: str) -> Path:
    if not path:
        raise MandatoryMissing("DirPath")
    if not os.path.isdir(path):
        raise Wrong(f"could not create profile: {path} is no folder", explain="make the folder first, writable by the daemon")
    return Path(path)


class CpuProfiling:
    """One profile at a time, written as cpu.prof for `python -m pstats`."""

    def __init__(self) -> None:
        self._profile: cProfile.Profile | None = None
        self._path: Path | None = None
        self._stopped = False

    @method("CoreSv1.StartCPUProfiling")
    def start(self, args: DirectoryArgs) -> str:
        """Begin; the daemon runs slower while it lasts."""
        folder = _folder(args.DirPath)
        if self._profile is not None:
            raise Wrong("start CPU profiling: already started")
        self._profile, self._path = cProfile.Profile(), folder / "cpu.prof"
        self._profile.enable()
        return "OK"

    @method("CoreSv1.StopCPUProfiling")
    def stop(self, _: TenantArgs) -> str:
        """End and write the file."""
        if self._profile is None or self._path is None:
            raise Wrong(f"stop CPU profiling: {'already stopped' if self._stopped else 'not started yet'}")
        self._profile.disable()
        self._profile.dump_stats(self._path)
        self._profile, self._stopped = None, True
        return "OK"


class MemoryProfiling:
    """Snapshots of allocations for `tracemalloc`."""

    def __init__(self, *, services: Services) -> None:
        self.services = services
        self._scope: trio.CancelScope | None = None
        self._folder: Path | None = None
        self._stopped = False

    @method("CoreSv1.StartMemoryProfiling")
    def start(self, args: MemoryArgs) -> str:
        """Begin taking snapshots."""
        folder = _folder(args.DirPath)
        if self._scope is not None:
            raise Wrong("start memory profiling: already started")
        self._folder, self._scope = folder, trio.CancelScope()
        tracemalloc.start()
        self.services.background.start_soon(self._take, folder, args, self._scope)
        return "OK"

    async def _take(self, folder: Path, args: MemoryArgs, scope: trio.CancelScope) -> None:
        kept: list[Path] = []
        with scope:
            while True:
                await self.services.clock.sleep(args.Interval or 15 * SECOND)
                name = self.services.clock.now().datetime().strftime("%Y%m%d%H%M%S") if args.UseTimestamp else str(len(kept) + 1)
                kept.append(folder / f"mem_{name}.prof")
                tracemalloc.take_snapshot().dump(str(kept[-1]))
                if args.MaxFiles and len(kept) > args.MaxFiles:
                    kept.pop(0).unlink(missing_ok=True)

    @method("CoreSv1.StopMemoryProfiling")
    def stop(self, _: TenantArgs) -> str:
        """Take the last snapshot and end."""
        if self._scope is None or self._folder is None:
            raise Wrong(f"stop memory profiling: {'already stopped' if self._stopped else 'not started yet'}")
        tracemalloc.take_snapshot().dump(str(self._folder / "mem_final.prof"))
        tracemalloc.stop()
        self._scope.cancel()
        self._scope, self._stopped = None, True
        return "OK"
