"""What an exporter is: it takes a batch of records to a place and says when they have arrived. The outbox keeps, retries and orders.

An exporter plugin gives its classes by type with the hook `cgrd_exporters`; EEs makes one of each configured exporter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

if TYPE_CHECKING:
    from cgrd.services import Services

__all__ = [
    "ExportRecord",
    "Exporter",
]


class ExportRecord(msgspec.Struct, kw_only=True):
    """One event as the exporter's fields have made it.

    Attributes:
        id: the same for each attempt, so that a receiver can tell a repetition.
        fields: what the template wrote under `*exp`, in its order; the whole event where no fields are configured.
        head: what it wrote under `*hdr`.
        tail: what it wrote under `*trl`.
    """

    id: str
    fields: dict[str, Any]
    head: dict[str, Any] = {}
    tail: dict[str, Any] = {}


class Exporter:
    """A place where records go.

    Args:
        services: what the kernel offers.
        config: one entry of `ees.exporters`, defaults filled in.
    """

    type: ClassVar[str] = ""

    def __init_subclass__(cls, *, type: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if type:
            cls.type = type

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        self.services = services
        self.config = config
        self.id: str = config["id"]

    @property
    def option(self) -> dict[str, Any]:
        """The exporter's `opts`."""
        return self.config.get("opts") or {}

    def check(self) -> None:
        """Refuse a configuration that cannot work, before anything is exported.

        Raises:
            ConfigurationError: what is wrong, and what would mend it.
        """

    async def send(self, batch: Sequence[ExportRecord]) -> None:
        """Take the records there, in order; returning is the acknowledgement.

        Raises:
            CgrdError: none of them, or only some, arrived; all are sent again.
        """
        raise TypeError(f"{type(self).__name__} does not say how it sends")

    async def close(self) -> None:
        """Let go of what is open."""
