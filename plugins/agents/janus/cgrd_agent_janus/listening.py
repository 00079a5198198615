"""What Janus says by itself: calls come up and go down, sessions time out, a whole Janus is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cgrd_agent_janus.calls import Calls
from cgrd_agent_janus.codec import Message, hangup
from cgrd_agent_janus.registry import Registry
from cgrd_agent_janus.table import Handle, Janus, Session

# Janus gives up on media whose other end does not answer: the browser may have been gone for a while.
_LOST_REASONS = frozenset({"ICE failed", "Candidates timeout"})


class Listener:
    """Acts on events and hands them on to browsers.

    Args:
        registry: the sessions.
        calls: the life of calls.
        monotonic_ns: the clock's reading.
        log: a structured logger.
    """

    def __init__(self, *, registry: Registry, calls: Calls, monotonic_ns: Callable[[], int], log: Any) -> None:
        self._registry = registry
        self._calls = calls
        self._monotonic_ns = monotonic_ns
        self._log = log
        self.stopping = False
        """Whether it is the agent that leaves Janus."""

    def janus_event(self, backend: Janus, event: Message) -> None:
        """One event of a session; one that belongs to nobody is dropped."""
        session = self._registry.get(event.get("session_id"))
        if session is None or session.backend is not backend:
            return
        handle = session.handles.get(event.get("sender", 0))
        forward = self._act(session, handle, event)
        if forward:
            self._calls.deliver(session, event)
        if event.get("janus") == "timeout":
            self._registry.remove(session)

    def _act(self, session: Session, handle: Handle | None, event: Message) -> bool:
        """Do what the event means; whether the browser is to see it."""
        kind = event.get("janus")
        if kind == "timeout":
            self._calls.lose(session, cause="SESSION_TIMEOUT")
        elif handle is None:
            return True
        elif kind == "webrtcup":
            self._calls.begin(handle)
        elif kind == "media" and handle.call is not None:
            mid = f"{event.get('type')}:{event.get('mid')}"
            handle.call.flowing(mid, receiving=bool(event.get("receiving")), at_ns=self._monotonic_ns())
        elif kind in ("hangup", "detached"):
            return self._over(session, handle, event)
        return True

    def _over(self, session: Session, handle: Handle, event: Message) -> bool:
        call, reason = handle.call, str(event.get("reason", event["janus"]))
        if event["janus"] == "detached":
            session.handles.pop(handle.id, None)
        else:
            handle.call = None
        if call is None:
            return True
        if reason in _LOST_REASONS and not call.ended.is_set():
            self._calls.end_at_proof(call, cause=reason)
        else:
            self._calls.end(call, cause=reason)
        # Where the end was ours, the browser has been told already, with the reason that counts.
        return not (call.told and event["janus"] == "hangup")

    def janus_lost(self, backend: Janus, *, heard_ns: int) -> None:
        """A Janus is gone: its calls were alive when it was last heard."""
        lost = self._registry.of_janus(backend)
        if lost and not self.stopping:
            self._log.error("a Janus is lost", janus=backend.name, sessions=len(lost))
        for session in lost:
            backend.orphans.add(session.id)
            for call in session.live_calls():
                call.told = call.told or "JANUS_LOST"
                self._calls.deliver(session, hangup(session_id=session.id, handle_id=call.handle.id, reason="Janus is lost"))
            self._calls.deliver(session, {"janus": "timeout", "session_id": session.id})
            self._calls.forget(session, cause="JANUS_LOST", at_ns=heard_ns)
