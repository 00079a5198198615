"""ApierS: tariff plans, profiles and accounts over the API."""

from __future__ import annotations

from collections.abc import Sequence

from cgrd import Component, hookimpl


@hookimpl
def cgrd_components() -> Sequence[type[Component]]:
    from cgrd_subsystem_apiers.service import ApierS

    return [ApierS]
