"""Sy: which session a threshold profile stands for, and who is told when it fires.

Source: spec/sessions.md §8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgrd import Peer
from cgrd.codec import decode, encode
from cgrd.errors import MandatoryMissing, NotFound
from cgrd_subsystem_thresholds.wire import SyConnection

if TYPE_CHECKING:
    from cgrd_subsystem_thresholds.service import ThresholdS

CONNECTIONS = "sy_connection"
"""Store kind, by threshold profile."""
NOTIFY = "SessionSv1.ThresholdNotify"


class SySessions:
    """The Sy sessions by threshold profile; those of before a restart are told over `sessions_conns`.

    Args:
        thresholds: whose edges and store are used.
    """

    def __init__(self, thresholds: ThresholdS) -> None:
        self._thresholds = thresholds
        self._known: dict[str, SyConnection] = {}
        self._peers: dict[str, Peer] = {}

    def load(self) -> None:
        """Read back what is stored."""
        for profile, data in self._thresholds.services.store.scan(CONNECTIONS):
            self._known[profile] = decode(data, SyConnection)

    def store(self, connection: SyConnection, peer: Peer | None) -> None:
        """Remember a session.

        Raises:
            MandatoryMissing: it names no session or no profile.
        """
        if missing := [name for name in ("CGRID", "ThresholdProfileID") if not getattr(connection, name)]:
            raise MandatoryMissing(*missing)
        profile = connection.ThresholdProfileID
        with self._thresholds.services.store.transaction(why="ThresholdSv1.StoreClientConnID") as tx:
            tx.put(CONNECTIONS, profile, encode(connection))
            tx.on_rollback(lambda: self._forget(profile))
        self._known[profile] = connection
        if peer is not None:
            self._peers[profile] = peer

    def remove(self, cgrid: str) -> None:
        """Forget a session; nothing happens when there is none."""
        for profile in [name for name, each in self._known.items() if cgrid == each.CGRID]:
            with self._thresholds.services.store.transaction(why="ThresholdSv1.RemoveClientConnID") as tx:
                tx.delete(CONNECTIONS, profile)
            self._forget(profile)

    def _forget(self, profile: str) -> None:
        self._known.pop(profile, None)
        self._peers.pop(profile, None)

    async def publish(self, profile: str) -> None:
        """Tell SessionS that the threshold of a session fired.

        Raises:
            NotFound: no session is known for the profile.
            CgrdError: nobody could be told.
        """
        connection = self._known.get(profile)
        if connection is None:
            raise NotFound(explain=f"no Sy session is stored for threshold {profile} (ThresholdSv1.StoreClientConnID)")
        peer = self._peers.get(profile)
        if peer is not None:
            await peer.call(NOTIFY, connection.CGRID)
        else:
            await self._thresholds.call("sessions", NOTIFY, connection.CGRID)
