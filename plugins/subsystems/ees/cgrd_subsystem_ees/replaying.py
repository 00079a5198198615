"""APIerSv1.ReplayFailedPosts: what could not be delivered yet is tried at once.

The reference writes failed exports to files and sends them when it is told to; here they wait in the outbox and are sent again by
themselves, so this only cuts the wait short. Its words for what is meant hold: the folder that an exporter's failures would be in, and
modules.

Source: spec/ops.md §11, spec/agents.md §M.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import trio

from cgrd import method
from cgrd.errors import PartiallyExecuted, ServerError, Wrong

if TYPE_CHECKING:
    from cgrd.services import Services
    from cgrd_subsystem_ees.lanes import Lane

EVERY: Final = ("EEs", "*ees")
"""Modules that mean all exporters."""


class ReplayArgs(msgspec.Struct, kw_only=True):
    """Whose records: of exporters with this `failed_posts_dir`, of these modules (exporters' ids or types, `EEs`); all where nothing is said."""

    SourcePath: str = ""
    FailedPath: str = ""
    Modules: list[str] | None = None
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class Replaying:
    """Hurries what the outbox holds.

    Args:
        services: the store.
        lanes: the exporters by id.
        folder: `ees.failed_posts.dir`, where the reference looks when it is told no folder.
    """

    def __init__(self, *, services: Services, lanes: Mapping[str, Lane], folder: str) -> None:
        self.services = services
        self._lanes = lanes
        self._folder = folder

    @method("APIerSv1.ReplayFailedPosts")
    async def replay(self, args: ReplayArgs) -> str:
        """Try again at once what exporters could not deliver yet; what fails again stays in the outbox."""
        self._refuse_losing(args)
        meant = list(self._meant(args))
        if not meant:
            known = ", ".join(f"{lane.id} ({lane.exporter.type}, {_folder_of(lane)})" for lane in self._lanes.values()) or "none"
            raise ServerError(Wrong("no exporter is meant by that SourcePath and those Modules", explain=f"there are {known}"))
        for lane in meant:
            self.services.store.outbox.hurry(lane.id)
        if files := await trio.to_thread.run_sync(_files_of_the_reference, args.SourcePath):
            raise PartiallyExecuted(explain=f"the outbox is tried again; {files} .gob files in {args.SourcePath} are CGRateS' own, only it can send them")
        return "OK"

    def _refuse_losing(self, args: ReplayArgs) -> None:
        """What fails again is kept where it is: nowhere else, and not discarded."""
        if args.FailedPath and not any(_same(args.FailedPath, here) for here in (args.SourcePath, self._folder)):
            why = "what does not arrive stays in the outbox and is tried again; leave FailedPath empty"
            raise ServerError(Wrong(f"FailedPath {args.FailedPath} is not used", explain=why))

    def _meant(self, args: ReplayArgs) -> Iterator[Lane]:
        modules = set(args.Modules or EVERY)
        for lane in self._lanes.values():
            here = not args.SourcePath or any(_same(args.SourcePath, folder) for folder in (self._folder, _folder_of(lane)))
            if here and modules & {lane.id, lane.exporter.type, *EVERY}:
                yield lane


def _folder_of(lane: Lane) -> str:
    return str(lane.exporter.config["failed_posts_dir"])


def _same(one: str, other: str) -> bool:
    return os.path.normpath(one) == os.path.normpath(other)


def _files_of_the_reference(folder: str) -> int:
    try:
        return len(list(Path(folder).glob("*.gob"))) if folder else 0
    except (OSError, ValueError):
        return 0
