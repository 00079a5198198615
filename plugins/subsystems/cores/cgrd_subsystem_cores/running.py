"""ServiceManagerV1: whether a service that can be started and stopped by itself runs. The scheduler is the only one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cgrd import method
from cgrd.errors import MandatoryMissing, Wrong

if TYPE_CHECKING:
    from cgrd.services import Services


class ServiceArgs(msgspec.Struct):
    """Which service: `*scheduler`."""

    ServiceID: str = ""
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class ServiceManager:
    """Asks the component itself: it offers `pause()`, `resume()` and `running`."""

    def __init__(self, *, services: Services) -> None:
        self.services = services

    def _scheduler(self, args: ServiceArgs) -> Any:
        if not args.ServiceID:
            raise MandatoryMissing("ServiceID")
        component = self.services.components.get("schedulers")
        if args.ServiceID != "*scheduler" or component is None:
            raise Wrong("UNSUPPORTED_SERVICE_ID", explain="only *scheduler can be started and stopped, where schedulers.enabled is set")
        return component

    @method("ServiceManagerV1.ServiceStatus")
    def status(self, args: ServiceArgs) -> str:
        """RUNNING or STOPPED."""
        return "RUNNING" if self._scheduler(args).running else "STOPPED"

    @method("ServiceManagerV1.StartService")
    def start(self, args: ServiceArgs) -> str:
        """Let it work again."""
        self._scheduler(args).resume()
        return "OK"

    @method("ServiceManagerV1.StopService")
    def stop(self, args: ServiceArgs) -> str:
        """Let it rest until it is started again."""
        self._scheduler(args).pause()
        return "OK"
