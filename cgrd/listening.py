"""The doors: which address speaks what, opened when everything behind them stands, and kept through a reload."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import structlog
import trio

from cgrd.component import Served
from cgrd.durations import SECOND
from cgrd.errors import UnknownService
from cgrd.rpc.limits import Limits
from cgrd.rpc.server import TcpServer

if TYPE_CHECKING:
    from cgrd.assembly import House
    from cgrd.component import Peer
    from cgrd.config import Tree
    from cgrd.rpc.http_server import HttpServer

BOTH_WAYS = ("SessionSv1", "ThresholdSv1")
_LIMITS: Final = {
    "body": "max_body",
    "depth": "max_depth",
    "connections": "max_connections",
    "connections_per_peer": "max_connections_per_peer",
    "under_way": "max_in_flight",
}


class Door:
    """A directory that follows the house: a reload changes what is behind the door, not the door."""

    def __init__(self, *, only: Iterable[str] = ()) -> None:
        self.house: House | None = None
        self._only = frozenset(only)

    def find(self, method: str) -> Served:
        assert self.house is not None
        served = self.house.graph.find(method)
        if self._only and served.service not in self._only:
            raise UnknownService(method, explain=f"this listener serves {', '.join(sorted(self._only))}")
        return served

    def request_nowait(self, served: Served, args: Any, peer: Peer | None) -> Any:
        assert self.house is not None
        return self.house.graph.request_nowait(served, args, peer)


def limits_of(tree: Tree) -> Limits:
    """What peers may ask, from the sections `rpc` and `cores`."""
    rpc: Mapping[str, Any] = tree.sections.get("rpc", {})
    known: dict[str, Any] = {name: int(rpc[key]) for name, key in _LIMITS.items() if key in rpc}
    if rpc.get("read_timeout"):
        known["value_seconds"] = tree.duration("rpc", "read_timeout") / SECOND
    return Limits(**known, stop_seconds=tree.duration("cores", "shutdown_timeout") / SECOND)


class Listeners:
    """All of a daemon's listeners."""

    def __init__(self) -> None:
        self._all = Door()
        self._both = Door(only=BOTH_WAYS)
        self.agents = Door(only=("AgentV1",))
        """What the other end of a both-way connection that we opened may call."""
        self.addresses: dict[str, list[str]] = {}

    async def open(self, house: House, nursery: trio.Nursery) -> None:
        """Listen.

        Raises:
            ConfigurationError: an address is taken or none of ours.
        """
        tree = house.services.config
        limits = limits_of(tree)
        await self.follow(house)
        listen = tree.sections["listen"]
        for name, door, both in (("rpc_json", self._all, False), ("birpc_json", self._both, True)):
            if address := listen.get(name):
                server = TcpServer(address=address, directory=door, limits=limits, both_ways=both)
                self.addresses[name] = await nursery.start(server.serve)
        for http in await self._http_servers(house, limits):
            self.addresses.setdefault("http", []).extend(await nursery.start(http.serve))
        structlog.get_logger("kernel").info("listening", **self.addresses)

    async def follow(self, house: House) -> None:
        """Serve another house behind the same doors."""
        self._all.house = self._both.house = self.agents.house = house

    async def _http_servers(self, house: House, limits: Limits) -> Iterable[HttpServer]:
        sections = house.services.config.sections
        faces = [face for component in house.components.values() for face in component.faces()]
        listen = str(sections["listen"].get("http") or "")
        if not listen and not faces:
            return ()
        # hypercorn and Starlette are imported only where HTTP is served, and beside the requests that come over TCP already.
        room = await trio.to_thread.run_sync(import_module, "cgrd.rpc.http_listeners")
        servers: Iterable[HttpServer] = room.http_servers(
            listen=listen, http=sections["http"], directory=self._all, faces=faces, limits=limits, hosts=sections.get("rpc", {}).get("allowed_hosts", ())
        )
        return servers
