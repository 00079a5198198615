"""CoreS: the daemon itself over the API: its state, its caches, its configuration, locks for others."""

from __future__ import annotations

from collections.abc import Sequence

from cgrd import Component, hookimpl


@hookimpl
def cgrd_components() -> Sequence[type[Component]]:
    from cgrd_subsystem_cores.partitions import CacheS
    from cgrd_subsystem_cores.service import CoreS

    return [CoreS, CacheS]
