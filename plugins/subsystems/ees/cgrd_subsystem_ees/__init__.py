"""EEs: hands events to exporters through the outbox."""

from __future__ import annotations

from collections.abc import Sequence

from cgrd import Component, hookimpl


@hookimpl
def cgrd_components() -> Sequence[type[Component]]:
    from cgrd_subsystem_ees.service import EventExporterS

    return [EventExporterS]
