"""GuardianSv1: named locks that other programs take and give back over the API."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from cgrd import method
from cgrd.errors import CgrdError

if TYPE_CHECKING:
    from cgrd.services import Services

_PATIENCE_SECONDS = 60
"""How long a request waits for locks. One that waited for ever would count against `cores.caps` for ever, and take a lock for a client that is gone."""


class LockArgs(msgspec.Struct):
    """Take `LockIDs` under the name `ReferenceID` (made up when empty); given back by itself after `Timeout` ns, 0 = never."""

    ReferenceID: str = ""
    LockIDs: list[str] = []
    Timeout: int = 0
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class UnlockArgs(msgspec.Struct):
    """Give back what was taken under `RefID`."""

    RefID: str = ""
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class Guardian:
    """Locks by id, taken in the order of their names so that two requests never wait for one another."""

    def __init__(self, *, services: Services) -> None:
        self.services = services
        self._held: dict[str, list[str]] = {}
        self._locks: dict[str, trio.Semaphore] = {}

    @method("GuardianSv1.RemoteLock")
    async def lock(self, args: LockArgs) -> str:
        """Wait for the locks, a minute at most; the reference, or "" when it holds locks already.

        Raises:
            CgrdError: somebody else held one of them all the time; none is taken.
        """
        reference = args.ReferenceID or str(uuid.uuid4())
        if reference in self._held:
            return ""
        self._held[reference] = list(args.LockIDs)
        taken: list[str] = []
        try:
            with trio.fail_after(_PATIENCE_SECONDS):
                for lock in sorted(set(args.LockIDs)):
                    await self._locks.setdefault(lock, trio.Semaphore(1)).acquire()
                    taken.append(lock)
        except BaseException as error:
            self._release(taken)
            del self._held[reference]
            if isinstance(error, trio.TooSlowError):
                raise _held_by_another(lock) from None
            raise
        if args.Timeout > 0:
            self.services.background.start_soon(self._expire, reference, args.Timeout)
        return reference

    async def _expire(self, reference: str, after_ns: int) -> None:
        held = self._held.get(reference)
        await self.services.clock.sleep(after_ns)
        if held is not None and self._held.get(reference) is held:
            self.unlock(UnlockArgs(RefID=reference))

    @method("GuardianSv1.RemoteUnlock")
    def unlock(self, args: UnlockArgs) -> list[str] | None:
        """The locks given back; nothing when the reference holds none."""
        held = self._held.pop(args.RefID, None)
        if held is not None:
            self._release(set(held))
        return held

    def _release(self, locks: set[str] | list[str]) -> None:
        for lock in locks:
            semaphore = self._locks[lock]
            semaphore.release()
            if semaphore.value and not semaphore.statistics().tasks_waiting:
                del self._locks[lock]


def _held_by_another(lock: str) -> CgrdError:
    explain = (
        f"somebody else held the lock {lock!r} for all of {_PATIENCE_SECONDS} seconds; take it with a Timeout, or give it back by GuardianSv1.RemoteUnlock"
    )
    return CgrdError("LOCK_HELD", explain=explain)
