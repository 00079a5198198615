"""CacheS' partitions under their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import trio

from cgrd.cache.partition import CacheStats, Partition, PartitionConfig
from cgrd.clock import Clock
from cgrd.durations import SECOND
from cgrd.errors import Wrong

SWEEP_NS: Final = 10 * SECOND
READY: Final = "*ready"


class Cache:
    """The partitions of a daemon.

    Args:
        partitions: by name, what the configuration says of each.
        clock: the kernel's clock; lives are measured by its monotonic reading, so a wall clock that jumps ends none.
    """

    def __init__(self, partitions: Mapping[str, PartitionConfig], clock: Clock) -> None:
        self._clock = clock
        self._partitions = {name: Partition(name, config, clock) for name, config in partitions.items()}

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
        """`*ready` for the named partitions, or all: what they hold is in memory from the start."""
        return {self.partition(name).name: READY for name in self._asked(names)}

    def _asked(self, names: Iterable[str]) -> list[str]:
        return list(names) or self.names()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Let go of expired items every ten seconds, until cancelled, so that nobody's forgotten items stay."""
        task_status.started()
        while True:
            await self._clock.sleep(SWEEP_NS)
            for partition in self._partitions.values():
                partition.sweep()
