"""Request keys: the same request again gets the same answer and has no second effect, also across a restart."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Final

import trio

from cgrd.durations import HOUR, MINUTE
from cgrd.errors import Wrong
from cgrd.store.changes import Remembered

if TYPE_CHECKING:
    from cgrd.store.owned import OwnedStore

KEPT_NS: Final = 24 * HOUR
KEPT_COUNT: Final = 1_000_000
PURGE_EVERY_NS: Final = 10 * MINUTE
PURGE_STEP: Final = 2_000


class RequestKeys:
    """The answers kept under request keys.

    Args:
        store: where they are kept.
        kept_ns: how long, at least.
        kept_count: how many; beyond it the oldest go.
    """

    def __init__(self, store: OwnedStore, *, kept_ns: int = KEPT_NS, kept_count: int = KEPT_COUNT) -> None:
        self._store = store
        self._kept_ns = kept_ns
        self._kept_count = kept_count
        self._count = store.driver.remembered_count()
        self._purge_at = store.clock.monotonic_ns() + PURGE_EVERY_NS
        self._under_way: dict[str, tuple[bytes, trio.Event]] = {}

    def find(self, key: str, digest: bytes) -> bytes | None:
        """The answer given to this request, None when it is new.

        An answer that is not committed yet lets the present context's `durable` wait for it.

        Raises:
            Wrong: the key came with another body before.
        """
        found = self._queued(key)
        if found is not None:
            self._store.groups.depend()
        else:
            found = self._store.driver.remembered(key)
        if found is None or found.at_ns <= self._store.clock.now_ns() - self._kept_ns:
            return None
        _same(key, found.digest, digest)
        return found.answer

    def _queued(self, key: str) -> Remembered | None:
        for changes in self._store.layers():
            if key in changes.remembered:
                return changes.remembered[key]
        return None

    def once(self, key: str, digest: bytes) -> Once:
        """`async with once(key, digest) as once:` where `once.answer` is what was answered before, or None: do it now.

        A duplicate waits until the first one has left its block, then sees its answer, or does the work if the first remembered none.

        Raises:
            Wrong: the key came with another body.
        """
        return Once(self, key, digest)

    async def begin(self, key: str, digest: bytes) -> bytes | None:
        """Enter as the only one under way with this key; the answer, if there is one already (then nothing is entered)."""
        while under_way := self._under_way.get(key):
            _same(key, under_way[0], digest)
            await under_way[1].wait()
        answer = self.find(key, digest)
        if answer is None:
            self._under_way[key] = (digest, trio.Event())
        return answer

    def end(self, key: str) -> None:
        """The one under way has its outcome."""
        self._under_way.pop(key)[1].set()

    def added(self, count: int) -> None:
        """So many were committed."""
        self._count += count

    def purge_due(self) -> bool:
        """Whether it is time to drop old keys."""
        return self._count > self._kept_count or self._store.clock.monotonic_ns() >= self._purge_at

    def purge(self) -> None:
        """Drop a step's worth of old keys; blocking, in a thread or between requests."""
        before = self._store.clock.now_ns() - self._kept_ns
        gone = self._store.driver.purge(before_ns=before, keep=self._kept_count, at_most=PURGE_STEP)
        self._count = max(0, self._count - gone)
        if gone < PURGE_STEP:
            self._purge_at = self._store.clock.monotonic_ns() + PURGE_EVERY_NS
            self._count = self._store.driver.remembered_count()


def _same(key: str, kept: bytes, digest: bytes) -> None:
    if kept != digest:
        raise Wrong(
            f"request key {key} was used for another request",
            explain="the body differs from the first one's; a new request needs a new key, a repeated one the same body",
        )


class Once:
    """The block of one request under a key."""

    __slots__ = ("_digest", "_entered", "_key", "_keys", "answer")

    def __init__(self, keys: RequestKeys, key: str, digest: bytes) -> None:
        self._keys = keys
        self._key = key
        self._digest = digest
        self._entered = False
        self.answer: bytes | None = None

    async def __aenter__(self) -> Once:
        self.answer = await self._keys.begin(self._key, self._digest)
        self._entered = self.answer is None
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._entered:
            self._keys.end(self._key)
