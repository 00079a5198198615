"""CoreS as a component: the parts that serve CoreSv1, GuardianSv1 and ServiceManagerV1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cgrd import Served, Subsystem, methods_of
from cgrd_subsystem_cores.guardian import Guardian
from cgrd_subsystem_cores.panicking import Panicking
from cgrd_subsystem_cores.profiling import CpuProfiling, MemoryProfiling
from cgrd_subsystem_cores.running import ServiceManager
from cgrd_subsystem_cores.status import Status
from cgrd_subsystem_cores.telling import Telling
from cgrd_subsystem_cores.tracing import Tracing

if TYPE_CHECKING:
    from cgrd.services import Services


class CoreS(Subsystem, section="cores"):
    """Made of one part per service: CoreSv1, GuardianSv1, ServiceManagerV1."""

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        super().__init__(services=services, config=config)
        self.parts: tuple[object, ...] = (
            Status(services=services),
            CpuProfiling(),
            MemoryProfiling(services=services),
            Guardian(services=services),
            ServiceManager(services=services),
            Tracing(services=services),
            Panicking(services=services),
            Telling(services=services),
        )

    def served(self) -> Iterator[Served]:
        for part in self.parts:
            yield from methods_of(part, owner=self.section)
