"""CacheS' partitions under their names, and transactions over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from uuid import uuid4

import trio

from cgrd.cache.partition import CacheStats, Partition, PartitionConfig
from cgrd.clock import Clock
from cgrd.durations import SECOND
from cgrd.errors import Wrong

SWEEP_NS: Final = 10 * SECOND
READY: Final = "*ready"
PRECACHING: Final = "*precaching"


class Cache:
    """The partitions of a daemon.

    Args:
        partitions: by name, what the configuration says of each.
        clock: the kernel's clock; lives are measured by its monotonic reading, so a wall clock that jumps ends none.
    """

    def __init__(self, partitions: Mapping[str, PartitionConfig], clock: Clock) -> None:
        self._clock = clock
        self._partitions = {name: Partition(name, config, clock) for name, config in partitions.items()}
        self._precaching: set[str] = set()
        self._transactions: dict[str, list[Callable[[], object]]] = {}

    @classmethod
    def of(cls, partitions: Mapping[str, Mapping[str, Any]], clock: Clock) -> Cache:
        """From the section `caches.partitions`.

        Raises:
            Wrong: a partition's limit or ttl cannot be used.
        """
        return cls({name: PartitionConfig.of(section) for name, section in partitions.items()}, clock)

    def partition(self, name: str) -> Partition:
        """A partition.

        Raises:
            Wrong: there is none of that name.
        """
        try:
            return self._partitions[name]
        except KeyError:
            known = ", ".join(self._partitions) or "none"
            raise Wrong(f"unknown cacheID: {name}", explain=f"the configuration's caches.partitions has {known}") from None

    def names(self) -> list[str]:
        """All partitions."""
        return list(self._partitions)

    def stats(self, names: Iterable[str] = ()) -> dict[str, CacheStats]:
        """How much the named partitions hold, or all."""
        return {name: self.partition(name).stats() for name in self._asked(names)}

    def clear(self, names: Iterable[str] = ()) -> None:
        """Empty the named partitions, or all."""
        for partition in [self.partition(name) for name in self._asked(names)]:
            partition.clear()

    def precache_status(self, names: Iterable[str] = ()) -> dict[str, str]:
        """`*ready` or `*precaching` for the named partitions, or all."""
        asked = [self.partition(name).name for name in self._asked(names)]
        return {name: PRECACHING if name in self._precaching else READY for name in asked}

    def precaching(self, name: str, *, under_way: bool) -> None:
        """Say that loading everything into a partition has begun or ended."""
        self.partition(name)
        if under_way:
            self._precaching.add(name)
        else:
            self._precaching.discard(name)

    def _asked(self, names: Iterable[str]) -> list[str]:
        return list(names) or self.names()

    # Transactions: changes are kept aside and come to be all at once.

    def begin(self) -> str:
        """Start a transaction; its id."""
        transaction = uuid4().hex
        self._transactions[transaction] = []
        return transaction

    def set(self, name: str, key: str, value: Any, *, groups: Iterable[str] = (), transaction: str = "") -> None:
        """Put an item, now or when the transaction is committed."""
        partition, members = self.partition(name), tuple(groups)
        self._do(transaction, lambda: partition.set(key, value, members))

    def remove(self, name: str, key: str, *, transaction: str = "") -> None:
        """Take an item out, now or when the transaction is committed."""
        partition = self.partition(name)
        self._do(transaction, lambda: partition.remove(key))

    def remove_group(self, name: str, group: str, *, transaction: str = "") -> None:
        """Take a group out, now or when the transaction is committed."""
        partition = self.partition(name)
        self._do(transaction, lambda: partition.remove_group(group))

    def commit(self, transaction: str) -> None:
        """Make a transaction's changes, in their order.

        Raises:
            Wrong: no such transaction is open.
        """
        for change in self._end(transaction):
            change()

    def rollback(self, transaction: str) -> None:
        """Forget a transaction's changes.

        Raises:
            Wrong: no such transaction is open.
        """
        self._end(transaction)

    def _do(self, transaction: str, change: Callable[[], object]) -> None:
        if not transaction:
            change()
            return
        self._changes(transaction).append(change)

    def _changes(self, transaction: str) -> list[Callable[[], object]]:
        try:
            return self._transactions[transaction]
        except KeyError:
            raise Wrong(f"no cache transaction {transaction}", explain="it was never begun, or is committed or rolled back") from None

    def _end(self, transaction: str) -> list[Callable[[], object]]:
        changes = self._changes(transaction)
        del self._transactions[transaction]
        return changes

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Let go of expired items every ten seconds, until cancelled, so that nobody's forgotten items stay."""
        task_status.started()
        while True:
            await self._clock.sleep(SWEEP_NS)
            for partition in self._partitions.values():
                partition.sweep()
