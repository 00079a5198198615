"""All sessions of the agent: found by id and owner, removed once, their last words kept for a poll that comes late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from cgrd_agent_janus.codec import NO_SUCH_HANDLE, NO_SUCH_SESSION, JanusError
from cgrd_agent_janus.mailbox import Mailbox
from cgrd_agent_janus.table import Call, Handle, Janus, Principal, Session


class Registry:
    """Sessions by id.

    Args:
        farewells: how many ended sessions keep their unread events.
    """

    def __init__(self, *, farewells: int = 1000) -> None:
        self._sessions: dict[int, Session] = {}
        self._departed: dict[int, Session] = {}
        self._farewells = farewells
        self._charged: dict[str, Call] = {}
        self._counts: Counter[Principal] = Counter()

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def __len__(self) -> int:
        return len(self._sessions)

    def add(self, session: Session) -> None:
        """Know a new session."""
        self._sessions[session.id] = session
        self._counts[session.owner] += 1

    def count(self, principal: Principal) -> int:
        """How many sessions the principal has."""
        return self._counts[principal]

    def get(self, session_id: object) -> Session | None:
        """The session of that id, whoever asks."""
        return self._sessions.get(session_id) if isinstance(session_id, int) else None

    def owned(self, session_id: int, principal: Principal) -> Session:
        """The session of that id if it is the principal's.

        Raises:
            JanusError: 458, the same for a session of somebody else as for one that never was.
        """
        session = self._sessions.get(session_id)
        if session is None or session.closing or not principal.may_use(session.owner):
            raise JanusError(NO_SUCH_SESSION, f"No such session {session_id}")
        return session

    def handle(self, session: Session, handle_id: int) -> Handle:
        """A handle of the session; raises `JanusError` 459."""
        handle = session.handles.get(handle_id)
        if handle is None:
            raise JanusError(NO_SUCH_HANDLE, f"No such handle {handle_id} in session {session.id}")
        return handle

    def remove(self, session: Session) -> bool:
        """Forget a session; False when it was forgotten before. Unread events of a mailbox stay for its owner."""
        if self._sessions.pop(session.id, None) is None:
            return False
        self._counts[session.owner] -= 1
        if not self._counts[session.owner]:
            del self._counts[session.owner]
        session.closing = True
        session.outlet.close()
        if isinstance(session.outlet, Mailbox) and len(session.outlet):
            self._departed[session.id] = session
            while len(self._departed) > self._farewells:
                del self._departed[next(iter(self._departed))]
        return True

    def last_words(self, session_id: int, principal: Principal) -> Mailbox | None:
        """What an ended session of the principal still has to say, once; None when there is nothing."""
        session = self._departed.get(session_id)
        if session is None or not principal.may_use(session.owner) or not isinstance(session.outlet, Mailbox):
            return None
        return self._departed.pop(session_id).outlet  # type: ignore[return-value]

    def of_janus(self, janus: Janus) -> list[Session]:
        """The sessions that a Janus has."""
        return [session for session in self if session.backend is janus]

    def calls(self) -> Iterator[Call]:
        """Every live call."""
        for session in self:
            yield from session.live_calls()

    @contextmanager
    def indexed(self, call: Call) -> Iterator[None]:
        """The call can be found by its OriginID as long as its charge is under way."""
        self._charged[call.origin_id] = call
        try:
            yield
        finally:
            self._charged.pop(call.origin_id, None)

    def call(self, origin_id: str) -> Call | None:
        """The live call of that OriginID."""
        call = self._charged.get(origin_id)
        return None if call is None or call.ended.is_set() else call

    def charged(self) -> list[Call]:
        """Every live call that SessionS knows of."""
        return [call for call in self._charged.values() if not call.ended.is_set()]
