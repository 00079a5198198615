"""Once a second: tell Janus which sessions live, find browsers that are gone, note that all calls are alive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cgrd.clock import Clock
from cgrd.durations import SECOND
from cgrd_agent_janus.calls import Calls
from cgrd_agent_janus.codec import NO_SUCH_SESSION, JanusError
from cgrd_agent_janus.journal import Journal
from cgrd_agent_janus.registry import Registry
from cgrd_agent_janus.table import Session


class Watch:
    """The round.

    Args:
        registry: the sessions.
        calls: the life of calls.
        journal: where proofs of life are kept.
        clock: stamps.
        spawn: starts a task.
        log: a structured logger.
    """

    def __init__(self, *, registry: Registry, calls: Calls, journal: Journal, clock: Clock, spawn: Callable[..., None], log: Any) -> None:
        self._registry = registry
        self._calls = calls
        self._journal = journal
        self._clock = clock
        self._spawn = spawn
        self._log = log

    async def run(self) -> None:
        """Go round until cancelled."""
        while True:
            await self._clock.sleep(SECOND)
            self.round()

    def round(self) -> None:
        """One round."""
        now = self._clock.monotonic_ns()
        for session in self._registry:
            self._look(session, now)
        if self._journal.busy:
            self._journal.prove(self._clock.now_ns())

    def _look(self, session: Session, now: int) -> None:
        if session.closing:
            return
        if not session.held and session.grace_ns and now - session.seen_ns > session.grace_ns:
            self._log.info("a browser is gone", session_id=session.id)
            self._calls.lose(session, cause="BROWSER_GONE")
            session.closing = True
            self._spawn(self._calls.destroy, session)
        elif session.held and self._is_due(session, now):
            session.kept_ns = now
            self._spawn(self._keep_alive, session)

    def _is_due(self, session: Session, now: int) -> bool:
        timeout = session.backend.session_timeout
        return bool(timeout) and now - session.kept_ns > timeout * SECOND / 3

    async def _keep_alive(self, session: Session) -> None:
        """Tell Janus that the browser is there: it polls, or its WebSocket is open."""
        try:
            reply = await session.backend.request({"janus": "keepalive", "session_id": session.id})
        except JanusError as error:
            self._log.warning("no keepalive to Janus", session_id=session.id, why=error.reason)
            return
        if reply.get("error", {}).get("code") == NO_SUCH_SESSION:
            self._calls.deliver(session, {"janus": "timeout", "session_id": session.id})
            self._calls.forget(session, cause="SESSION_TIMEOUT")
