"""APIerSv1: what exporters and actions have given up, and sending it again.

The reference writes failed exports to files and sends them when it is told to. Here they wait in the outbox and are sent again by themselves,
so replaying cuts the wait short.

Source: spec/api.md (ReplayFailedPosts), spec/ops.md §11; DESIGN §4 (the outbox).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import trio

from cgrd import Instant, method
from cgrd.errors import PartiallyExecuted, ServerError, Wrong

if TYPE_CHECKING:
    from cgrd.services import Services
    from cgrd.store import Waiting

MOST = 1000
EXPORTERS: Final = ("EEs", "*ees")
"""Modules that mean every exporter."""


class FailedPostsArgs(msgspec.Struct, kw_only=True):
    """Whose: exporters by their id, `*actions` for what actions send; all when none is named. `Limit`: how many at most."""

    Modules: list[str] | None = None
    Limit: int | None = None


class ReplayArgs(msgspec.Struct, kw_only=True):
    """Whose: `Modules` as for GetFailedPosts, types (`*file_csv`) and `EEs` (every exporter) too; of those, whose failures the reference
    would keep in the folder `SourcePath` (`failed_posts_dir`, `*actions` in `ees.failed_posts.dir`, which means all).
    """

    SourcePath: str = ""
    FailedPath: str = ""
    Modules: list[str] | None = None


class FailedPost(msgspec.Struct, kw_only=True):
    """One record that was given up: when it was made, how often it was tried, what went wrong last, and what was to be sent."""

    Number: int
    Module: str
    Time: Instant
    Attempts: int
    Error: str
    Payload: str


class FailedPosts:
    """The outbox as an operator sees it.

    Args:
        services: whose store.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    @method("APIerSv1.GetFailedPosts")
    def failed_posts(self, args: FailedPostsArgs) -> list[FailedPost]:
        """What was given up, oldest first."""
        return [_told(record) for record in self._dead(args.Modules, MOST if args.Limit is None else args.Limit)]

    @method("APIerSv1.ReplayFailedPosts")
    async def replay(self, args: ReplayArgs) -> str:
        """Send again at once what was given up, and what waits for its next attempt; what fails again stays in the outbox."""
        everywhere = str(self._services.config.value("ees", "failed_posts", "dir") or "")
        _refuse_losing(args, everywhere)
        senders = list(self._senders(everywhere))
        meant = [sender for sender in senders if sender.is_meant(args, everywhere)]
        if not meant:
            known = ", ".join(f"{sender.id} ({sender.type}, {sender.folder})" for sender in senders)
            raise ServerError(Wrong("nobody is meant by that SourcePath and those Modules", explain=f"there are {known}"))
        for sender in meant:
            self._services.store.outbox.hurry(sender.id)
        if files := await trio.to_thread.run_sync(_files_of_the_reference, args.SourcePath):
            raise PartiallyExecuted(explain=f"the outbox is tried again; {files} .gob files in {args.SourcePath} are CGRateS' own, only it can send them")
        return "OK"

    def _senders(self, everywhere: str) -> Iterator[Sender]:
        """Who puts into the outbox by the configuration, and who has records there without being in it any more."""
        exporters = self._services.config.value("ees", "exporters") or ()
        found = {str(each["id"]): Sender(str(each["id"]), str(each["type"]), str(each["failed_posts_dir"])) for each in exporters if each["type"] != "*none"}
        yield from found.values()
        for id in sorted({"*actions", *self._services.store.outbox.backlog()} - found.keys()):
            yield Sender(id, "", everywhere)

    def _dead(self, modules: list[str] | None, limit: int) -> list[Waiting]:
        outbox = self._services.store.outbox
        if not modules:
            return outbox.dead(limit=limit)
        found = [record for module in dict.fromkeys(modules) for record in outbox.dead(module, limit)]
        return sorted(found, key=lambda record: record.number)[:limit]


def _told(record: Waiting) -> FailedPost:
    payload: Any = record.payload.decode(errors="replace")
    return FailedPost(Number=record.number, Module=record.exporter, Time=Instant(record.at_ns), Attempts=record.attempts, Error=record.error, Payload=payload)


class Sender(NamedTuple):
    """An exporter, or what actions send: its name in the outbox, its type, and the folder that the reference would keep its failures in."""

    id: str
    type: str
    folder: str

    def is_meant(self, args: ReplayArgs, everywhere: str) -> bool:
        """Whether it is one of those whose records are to be sent."""
        here = not args.SourcePath or any(_same(args.SourcePath, folder) for folder in (self.folder, everywhere))
        names = {self.id, self.type, *(EXPORTERS if self.type else ())} - {""}
        return here and (not args.Modules or not names.isdisjoint(args.Modules))


def _refuse_losing(args: ReplayArgs, everywhere: str) -> None:
    """What fails again is kept where it is: nowhere else, and not discarded."""
    if args.FailedPath and not any(_same(args.FailedPath, here) for here in (args.SourcePath, everywhere)):
        why = "what does not arrive stays in the outbox and is tried again; leave FailedPath empty"
        raise ServerError(Wrong(f"FailedPath {args.FailedPath} is not used", explain=why))


def _same(one: str, other: str) -> bool:
    return os.path.normpath(one) == os.path.normpath(other)


def _files_of_the_reference(folder: str) -> int:
    try:
        return len(list(Path(folder).glob("*.gob"))) if folder else 0
    except (OSError, ValueError):
        return 0
