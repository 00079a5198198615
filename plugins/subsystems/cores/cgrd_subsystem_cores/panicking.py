"""CoreSv1.Panic: the reference ends its process on purpose. Here it fails, loudly, and nothing else does: no client ends the daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from cgrd import method
from cgrd.errors import ServerError

if TYPE_CHECKING:
    from cgrd.services import Services

LONGEST: Final = 500
"""Characters of a message that are told and logged."""


class PanicArgs(msgspec.Struct):
    """What to say."""

    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None
    Message: str = ""


class Panicking:
    """For trying what alerts and clients do when something fails badly."""

    def __init__(self, *, services: Services) -> None:
        self.services = services

    @method("CoreSv1.Panic")
    def panic(self, args: PanicArgs) -> str:
        """Fail this request, and log the message as critical; the daemon and all other requests go on."""
        told = args.Message[:LONGEST]
        self.services.log("cores").critical("panic asked for", message=told)
        raise ServerError(f"panic: {told}", explain="CoreSv1.Panic ends its own request only; to end the daemon, send it SIGTERM")
