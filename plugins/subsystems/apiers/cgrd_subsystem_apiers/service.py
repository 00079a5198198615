"""APIerSv1 and V2: what the kernel derives from the profile kinds, and the parts that stand beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cgrd import Served, Subsystem, methods_of, served_as
from cgrd.profiles import all_methods
from cgrd_subsystem_apiers.database import Database
from cgrd_subsystem_apiers.failed_posts import FailedPosts
from cgrd_subsystem_apiers.versions import Versions

if TYPE_CHECKING:
    from cgrd.services import Services


class ApierS(Subsystem, section="apiers"):
    """Made of parts; each serves its methods, the derived ones come from the kinds of all installed plugins."""

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        super().__init__(services=services, config=config)
        self.parts: tuple[object, ...] = (FailedPosts(services), Database(services=services), Versions(services=services))

    def served(self) -> Iterator[Served]:
        for part in self.parts:
            yield from methods_of(part, owner=self.section)
        for component in self.services.components.values():
            for part in component.administration():
                yield from methods_of(part, owner=component.section)
        for made in all_methods(self.services.profiles):
            yield served_as(made.name, made.handler, owner=self.section, args=made.args)
