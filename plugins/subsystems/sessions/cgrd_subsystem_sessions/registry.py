"""Which sessions there are: active ones that are charged here, passive copies of another daemon's, closed ones that wait for their CDR.

Memory is what counts; active and closed sessions are in the store too, put there in the transaction of the debit they tell of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import replace

from cgrd import Instant
from cgrd.codec import decode, encode
from cgrd.durations import DAY, MINUTE
from cgrd_subsystem_sessions.session import Session, SRun

if TYPE_CHECKING:
    from cgrd.store import Store, Transaction

KIND: Final = "session"
CLOSED_KIND: Final = "closed_session"
KEPT_NS: Final = DAY
"""How long a closed session waits for its CDR."""
KEPT_AFTER_CDR_NS: Final = MINUTE
"""How long it is kept afterwards, for a CDR that is sent again."""


class Closed(msgspec.Struct, kw_only=True):
    """An ended session. `CDRDue`: nobody else will send its CDR; `RecordedAt`: when it was recorded."""

    Session: Session
    EndedAt: Instant
    CDRDue: bool = False
    RecordedAt: Instant | None = None

    def kept_until(self) -> int:
        """Unix nanoseconds."""
        return self.RecordedAt.ns + KEPT_AFTER_CDR_NS if self.RecordedAt is not None else self.EndedAt.ns + KEPT_NS


class Index:
    """Finds sessions by fields of their runs' events; a field that is missing or empty has a value of its own."""

    def __init__(self, fields: Iterable[str]) -> None:
        self.fields = tuple(fields)
        self._found: dict[tuple[str, str], set[str]] = {}

    def keys(self, session: Session) -> set[tuple[str, str]]:
        """Where the session stands."""
        return {(field, indexed(run.Event.get(field, MISSING))) for field in self.fields for run in session.SRuns}

    def add(self, session: Session) -> None:
        """Let it be found."""
        for key in self.keys(session):
            self._found.setdefault(key, set()).add(session.CGRID)

    def remove(self, session: Session) -> None:
        """Let it be found no more."""
        for key in self.keys(session):
            if found := self._found.get(key):
                found.discard(session.CGRID)
                if not found:
                    del self._found[key]

    def find(self, field: str, values: Iterable[str]) -> set[str]:
        """CGRIDs with one of the values in an indexed field."""
        return {cgrid for value in values for cgrid in self._found.get((field, value), ())}


MISSING: Final = object()


def indexed(value: Any) -> str:
    """How a field's value stands in the index."""
    return "not_available" if value is MISSING else "*empty" if value == "" else str(value)


class Registry:
    """All sessions of this daemon.

    Args:
        store: where active and closed ones are kept.
        fields: what active and passive ones are indexed by.
    """

    def __init__(self, *, store: Store, fields: Iterable[str] = ()) -> None:
        self.active: dict[str, Session] = {}
        self.passive: dict[str, Session] = {}
        self.closed: dict[str, Closed] = {}
        self._recorded: dict[str, Closed] = {}
        """Those of them whose CDRs were made, in the order in which they were."""
        self.doubtful: set[str] = set()
        """Closed ones whose CDR may have been made without our hearing of it."""
        self.active_index = Index(fields)
        self.passive_index = Index(self.active_index.fields)
        self._store = store
        self._due: dict[str, Callable[[], object]] = {}
        """What undoes all that was changed of active ones since they were kept, by CGRID."""

    def load(self) -> None:
        """Take up what the store kept, after a start."""
        for _, data in self._store.scan(KIND):
            self._enter(decode(data, Session))
        for key, data in self._store.scan(CLOSED_KIND):
            self.closed[key] = decode(data, Closed)
        self.doubtful.update(self.closed)

    def holds(self, session: Session) -> bool:
        """Whether this session is active; one that is charged at once never is, though another of its CGRID may be."""
        return self.active.get(session.CGRID) is session

    def _enter(self, session: Session) -> None:
        self.active[session.CGRID] = session
        self.active_index.add(session)

    def _leave(self, session: Session) -> None:
        if self.active.pop(session.CGRID, None) is not None:
            self.active_index.remove(session)

    def add(self, session: Session) -> None:
        """Make it active; a passive copy of it is one no more. It is due to be kept then."""
        self.drop_passive(session.CGRID)
        self._enter(session)
        self._due[session.CGRID] = partial(self._undo, session, partial(self._leave, session))

    def changing(self, session: Session) -> None:
        """It is changed in memory now, and due to be kept: with whatever keeps it next the change comes to be, or is undone.

        One that is not active has nothing that it could be undone for.
        """
        if session.CGRID not in self._due and self.holds(session):
            self._due[session.CGRID] = partial(self._undo, session, session.restoring())

    def _undo(self, session: Session, undo: Callable[[], object]) -> None:
        """What was changed since then and is not kept yet is undone with it."""
        undo()
        self._due.pop(session.CGRID, None)

    def is_due(self, session: Session) -> bool:
        """Whether it was changed since it was kept."""
        return session.CGRID in self._due and self.holds(session)

    def put(self, session: Session, *, tx: Transaction) -> None:
        """Keep it as it is now, where it is active."""
        if not self.holds(session):
            return
        self.join(session, tx=tx)
        tx.put(KIND, session.CGRID, encode(session))

    def join(self, session: Session, *, tx: Transaction) -> None:
        """What was changed of it so far comes to be with this transaction, whose outer one keeps it, or is undone with it."""
        undo = self._due.pop(session.CGRID, None)
        if undo is not None:
            tx.on_rollback(undo)

    def change(self, session: Session, at: int, run: SRun) -> None:
        """Put another state in the place of a run; the session is due to be kept."""
        self.changing(session)
        runs = session.SRuns.copy()
        runs[at] = run
        session.SRuns = runs

    def rename(self, session: Session, cgrid: str, *, fields: Mapping[str, Any], tx: Transaction) -> None:
        """Give it another key; `fields` of its events change with it."""
        self.join(session, tx=tx)
        before = (session.CGRID, session.EventStart, session.SRuns)
        self._rename(session, cgrid, {**session.start(), **fields, "CGRID": cgrid}, [_renamed(run, cgrid, fields) for run in session.SRuns])
        tx.on_rollback(lambda: self._rename(session, *before))
        tx.delete(KIND, before[0])
        self.put(session, tx=tx)

    def _rename(self, session: Session, cgrid: str, start: dict[str, Any] | None, runs: list[SRun]) -> None:
        self._leave(session)
        session.CGRID, session.EventStart, session.SRuns = cgrid, start, runs
        self._enter(session)

    def remove(self, session: Session, *, tx: Transaction) -> None:
        """It is active no more; another one of the same CGRID stays."""
        if self.holds(session):
            self.join(session, tx=tx)
            self._leave(session)
            tx.on_rollback(partial(self._enter, session))
            tx.delete(KIND, session.CGRID)

    def close(self, closed: Closed, *, tx: Transaction) -> None:
        """Keep an ended session for its CDR."""
        cgrid = closed.Session.CGRID
        self.remove(closed.Session, tx=tx)
        tx.on_rollback(partial(self._reopen, cgrid, self.closed.get(cgrid)))
        self.closed[cgrid] = closed
        tx.put(CLOSED_KIND, cgrid, encode(closed))

    def _reopen(self, cgrid: str, before: Closed | None) -> None:
        """Not closed after all; one of the same CGRID that ended before stays, for its CDR."""
        if before is None:
            self.closed.pop(cgrid, None)
        else:
            self.closed[cgrid] = before

    def recorded(self, closed: Closed, *, at: Instant, tx: Transaction) -> None:
        """Its CDR is made: it need not be kept over a restart."""
        before = closed.RecordedAt, closed.CDRDue

        def undo() -> None:
            closed.RecordedAt, closed.CDRDue = before
            self._recorded.pop(closed.Session.CGRID, None)

        closed.RecordedAt, closed.CDRDue = at, False
        self._recorded[closed.Session.CGRID] = closed
        tx.on_rollback(undo)
        tx.delete(CLOSED_KIND, closed.Session.CGRID)

    def forget_old(self, *, now_ns: int, at_most: int = 100) -> None:
        """Let go of closed sessions whose time is over, oldest first."""
        for queue in (self._recorded, self.closed):
            for _ in range(at_most):
                closed = next(iter(queue.values()), None)
                if closed is None or closed.kept_until() > now_ns:
                    break
                self._forget(closed)

    def _forget(self, closed: Closed) -> None:
        cgrid = closed.Session.CGRID
        self._recorded.pop(cgrid, None)
        if self.closed.get(cgrid) is not closed:
            return
        del self.closed[cgrid]
        self.doubtful.discard(cgrid)
        with self._store.transaction(why="closed sessions") as tx:
            tx.delete(CLOSED_KIND, cgrid)

    def set_passive(self, session: Session) -> None:
        """Keep a copy of another daemon's session."""
        self.drop_passive(session.CGRID)
        self.passive[session.CGRID] = session
        self.passive_index.add(session)

    def drop_passive(self, cgrid: str) -> Session | None:
        """Forget a copy; it, or None when there is none."""
        session = self.passive.pop(cgrid, None)
        if session is not None:
            self.passive_index.remove(session)
        return session


def _renamed(run: SRun, cgrid: str, fields: Mapping[str, Any]) -> SRun:
    return replace(run, Event={**run.Event, **fields, "CGRID": cgrid}, CD=replace(run.CD, CgrID=cgrid))
