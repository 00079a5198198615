"""Locks by key (an account, a session): taken in sorted order, free ones without a task switch, again by the task that has them."""

from __future__ import annotations

from types import TracebackType

import trio

from cgrd.errors import StoreError

Task = trio.lowlevel.Task


class _Held:
    """A key that `owner` has, `depth` times, and the tasks that wait for it, the first one first."""

    __slots__ = ("depth", "owner", "waiting")

    def __init__(self, owner: Task) -> None:
        self.owner = owner
        self.depth = 1
        self.waiting: dict[Task, None] = {}


class KeyedLocks:
    """Who holds which key. A key nobody holds or waits for takes no memory."""

    def __init__(self) -> None:
        self.held: dict[str, _Held] = {}
        self.wanted: dict[Task, str] = {}

    def lock(self, *keys: str) -> KeysLocked:
        """`async with locks.lock(a, b):` has them all inside; in sorted order, so two that take the same keys at once never block each other."""
        return KeysLocked(self, keys)

    def take_now(self, key: str, task: Task) -> bool:
        """One key for a task, if nobody else has it."""
        held = self.held.get(key)
        if held is None:
            self.held[key] = _Held(task)
        elif held.owner is task:
            held.depth += 1
        else:
            return False
        return True

    async def wait(self, key: str, task: Task) -> None:
        """One key that another task has, waiting for it.

        Raises:
            StoreError: its holder waits for a key of this task, so both would wait for ever.
        """
        self._refuse_circle(key, task)
        self.wanted[task] = key
        waiting = self.held[key].waiting
        waiting[task] = None

        def leave(_: object) -> trio.lowlevel.Abort:
            del waiting[task], self.wanted[task]
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(leave)

    def _refuse_circle(self, key: str, task: Task) -> None:
        wanted: str | None = key
        while wanted is not None:
            holder = self.held[wanted].owner
            if holder is task:
                text = f"waiting for the lock of {key} would never end"
                raise StoreError(text, explain="its holder waits for a key this task has; take all keys in one lock(…)")
            wanted = self.wanted.get(holder)

    def release(self, key: str) -> None:
        """Give one key back; the task that waits longest has it next."""
        held = self.held[key]
        held.depth -= 1
        if held.depth:
            return
        if not held.waiting:
            del self.held[key]
            return
        held.owner = next(iter(held.waiting))
        held.depth = 1
        del held.waiting[held.owner], self.wanted[held.owner]
        trio.lowlevel.reschedule(held.owner)


class KeysLocked:
    """The block in which keys are held by the task that entered it; tasks it starts have to wait like any other."""

    __slots__ = ("_keys", "_locks", "_taken")

    def __init__(self, locks: KeyedLocks, keys: tuple[str, ...]) -> None:
        self._locks = locks
        self._keys = sorted(set(keys)) if len(keys) > 1 else keys
        self._taken = 0

    async def __aenter__(self) -> None:
        task = trio.lowlevel.current_task()
        try:
            for key in self._keys:
                if not self._locks.take_now(key, task):
                    await self._locks.wait(key, task)
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
