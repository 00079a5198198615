"""One Janus as the gateway uses it: its API link, its admin link, and what it told about itself."""

from __future__ import annotations

from typing import Any, Protocol

import trio

from cgrd.clock import Clock
from cgrd_agent_janus.codec import JanusError, Message
from cgrd_agent_janus.link import Link


class BackendWatcher(Protocol):
    """Who is told what a Janus does."""

    def janus_event(self, backend: Any, event: Message) -> None:
        """An event of one of its sessions."""

    def janus_lost(self, backend: Any, *, heard_ns: int) -> None:
        """It is gone, and with it its sessions; it was alive at the monotonic reading `heard_ns`."""


class Backend:
    """A Janus server.

    Args:
        settings: one of `janus_conns`.
        watcher: who is told.
        clock: where stamps come from.
        log: a structured logger.
        reply_timeout: how long a request may take, seconds.
    """

    def __init__(self, *, settings: dict[str, Any], watcher: BackendWatcher, clock: Clock, log: Any, reply_timeout: float) -> None:
        self.name = str(settings["address"])
        self.session_timeout = 60.0
        self.reclaim_timeout = 0.0
        self.orphans: set[int] = set()
        self._watcher = watcher
        self._log = log
        self._news: trio.Event = trio.Event()
        kept = {"apisecret": settings.get("api_secret", ""), "token": settings.get("token", "")}
        secrets = {name: value for name, value in kept.items() if value}
        self.api = Link(
            url=_url(self.name),
            subprotocol="janus-protocol",
            secrets=secrets,
            watcher=self,
            clock=clock,
            log=log,
            reply_timeout=reply_timeout,
        )
        self.admin = Link(
            url=_url(str(settings.get("admin_address", ""))),
            subprotocol="janus-admin-protocol",
            secrets={"admin_secret": str(settings.get("admin_password", ""))},
            watcher=_Nobody(),
            clock=clock,
            log=log,
            reply_timeout=reply_timeout,
        )
        self._has_admin = bool(settings.get("admin_address"))

    @property
    def up(self) -> bool:
        """Whether it can be asked now."""
        return self.api.up

    async def run(self) -> None:
        """Keep both links up until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.api.run)
            nursery.start_soon(self._greet)
            if self._has_admin:
                nursery.start_soon(self.admin.run)

    async def request(self, message: Message) -> Message:
        """Janus' reply; raises `JanusError` when it cannot be reached."""
        return await self.api.request(message)

    async def command(self, message: Message) -> Message:
        """The reply of Janus' admin API; raises `JanusError` when it cannot be reached."""
        return await self.admin.request(message)

    def link_up(self) -> None:
        self._news.set()

    def link_down(self, *, heard_ns: int) -> None:
        self._watcher.janus_lost(self, heard_ns=heard_ns)

    def link_event(self, event: Message) -> None:
        self._watcher.janus_event(self, event)

    async def _greet(self) -> None:
        while True:
            await self._news.wait()
            self._news = trio.Event()
            await self._learn()
            await self._bury()

    async def _learn(self) -> None:
        """Ask how long Janus keeps a session that says nothing."""
        try:
            info = await self.request({"janus": "info"})
        except JanusError as error:
            self._log.warning("Janus does not tell about itself", janus=self.name, why=error.reason)
            return
        self.session_timeout = float(info.get("session-timeout") or 0)
        self.reclaim_timeout = float(info.get("reclaim-session-timeout") or 0)

    async def _bury(self) -> None:
        """End sessions that outlived a broken link (`reclaim_session_timeout`): nobody charges for them any more."""
        for session_id in sorted(self.orphans):
            try:
                await self.command({"janus": "destroy_session", "session_id": session_id})
            except JanusError as error:
                self._log.warning("a session without an owner could not be ended", session_id=session_id, why=error.reason)
                return
            self.orphans.discard(session_id)


class _Nobody:
    """Watches the admin link, over which nothing comes unasked."""

    def link_up(self) -> None:
        """Nothing to do."""

    def link_down(self, *, heard_ns: int) -> None:
        """Nothing to do: media does not depend on the admin link."""

    def link_event(self, event: Message) -> None:
        """Nothing to do: a late reply."""


def _url(address: str) -> str:
    """The URL of `host:port` or of a URL as it is."""
    return address if "://" in address else f"ws://{address}"
