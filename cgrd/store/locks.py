"""Locks by key (an account, a session): taken in sorted order, free ones without a task switch, again by the task that has them."""

from __future__ import annotations

from types import TracebackType

import trio

from cgrd.errors import StoreError

Task = trio.lowlevel.Task


class _Held:
    __slots__ = ("depth", "lock")

    def __init__(self) -> None:
        self.lock = trio.Lock()
        self.depth = 0


class KeyedLocks:
    """Who holds which key. A key nobody holds or waits for takes no memory."""

    def __init__(self) -> None:
        self.held: dict[str, _Held] = {}
        self.wanted: dict[Task, str] = {}

    def lock(self, *keys: str) -> KeysLocked:
        """`async with locks.lock(a, b):` has them all inside; in sorted order, so two that take the same keys at once never block each other."""
        return KeysLocked(self, keys)

    async def take(self, key: str, task: Task) -> None:
        """One key for a task, waiting for it.

        Raises:
            StoreError: its holder waits for a key of this task, so both would wait for ever.
        """
        held = self.held.get(key)
        if held is None:
            held = self.held[key] = _Held()
        if held.lock.statistics().owner is task:
            held.depth += 1
            return
        try:
            held.lock.acquire_nowait()
        except trio.WouldBlock:
            await self._wait(key, held, task)
        held.depth = 1

    async def _wait(self, key: str, held: _Held, task: Task) -> None:
        self._refuse_circle(key, task)
        self.wanted[task] = key
        try:
            await held.lock.acquire()
        finally:
            del self.wanted[task]

    def _refuse_circle(self, key: str, task: Task) -> None:
        holder = self._holder(key)
        while holder is not None:
            if holder is task:
                text = f"waiting for the lock of {key} would never end"
                raise StoreError(text, explain="its holder waits for a key this task has; take all keys in one lock(…)")
            holder = self._blocker(holder)

    def _holder(self, key: str) -> Task | None:
        held = self.held.get(key)
        return held.lock.statistics().owner if held is not None else None

    def _blocker(self, task: Task) -> Task | None:
        wanted = self.wanted.get(task)
        holder = self._holder(wanted) if wanted is not None else None
        # A task that was just given its key still stands among those who want one, until it runs.
        return holder if holder is not task else None

    def release(self, key: str) -> None:
        """Give one key back; the task that waits longest has it next."""
        held = self.held[key]
        held.depth -= 1
        if held.depth == 0:
            held.lock.release()
            if not held.lock.locked():
                del self.held[key]


class KeysLocked:
    """The block in which keys are held by the task that entered it; tasks it starts have to wait like any other."""

    __slots__ = ("_keys", "_locks", "_taken")

    def __init__(self, locks: KeyedLocks, keys: tuple[str, ...]) -> None:
        self._locks = locks
        self._keys = sorted(set(keys)) if len(keys) > 1 else list(keys)
        self._taken = 0

    async def __aenter__(self) -> None:
        task = trio.lowlevel.current_task()
        try:
            for key in self._keys:
                await self._locks.take(key, task)
                self._taken += 1
        except BaseException:
            self._release()
            raise

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._release()

    def _release(self) -> None:
        while self._taken:
            self._taken -= 1
            self._locks.release(self._keys[self._taken])
