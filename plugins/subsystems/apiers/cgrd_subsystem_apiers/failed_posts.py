"""APIerSv1: what exporters and actions have given up, and sending it again.

Source: spec/api.md (ReplayFailedPosts); DESIGN §4 (the outbox).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cgrd import Instant, method

if TYPE_CHECKING:
    from cgrd.services import Services
    from cgrd.store import Waiting

MOST = 1000
AT_ONCE = 100_000


class FailedPostsArgs(msgspec.Struct, kw_only=True):
    """Whose: exporters by their id, `*actions` for what actions send; all when none is named. `Limit`: how many at most."""

    Modules: list[str] | None = None
    Limit: int | None = None


class ReplayArgs(msgspec.Struct, kw_only=True):
    """Whose, as for GetFailedPosts. The paths are taken for compatibility: what is given up stands in no files here."""

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
    """The dead of the outbox.

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
    def replay(self, args: ReplayArgs) -> str:
        """Send what was given up again, with all its attempts; the oldest hundred thousand of it."""
        self._services.store.outbox.requeue(record.number for record in self._dead(args.Modules, AT_ONCE))
        return "OK"

    def _dead(self, modules: list[str] | None, limit: int) -> list[Waiting]:
        outbox = self._services.store.outbox
        if not modules:
            return outbox.dead(limit=limit)
        found = [record for module in dict.fromkeys(modules) for record in outbox.dead(module, limit)]
        return sorted(found, key=lambda record: record.number)[:limit]


def _told(record: Waiting) -> FailedPost:
    payload: Any = record.payload.decode(errors="replace")
    return FailedPost(Number=record.number, Module=record.exporter, Time=Instant(record.at_ns), Attempts=record.attempts, Error=record.error, Payload=payload)
