"""What happens to a session without anybody asking: debit loops pay, time-outs and leases end it.

Source: spec/sessions.md §5 (debit loop, TTL), spec/reliability.md R6 (lease).
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from cgrd.config import as_duration
from cgrd.costs import duration_of
from cgrd.durations import MINUTE
from cgrd.errors import CgrdError
from cgrd_subsystem_sessions import accounting
from cgrd_subsystem_sessions.deadlines import Deadlines
from cgrd_subsystem_sessions.peers import LiveSession
from cgrd_subsystem_sessions.session import Session, is_prepaid

if TYPE_CHECKING:
    from cgrd_subsystem_sessions.service import SessionS

TIMED_OUT: Final = "SESSION_TIMEOUT"
NO_CREDIT: Final = "INSUFFICIENT_CREDIT"
AGAIN: Final = MINUTE
UNAUTHORIZED: Final = "UNAUTHORIZED_DESTINATION"


class Watching:
    """Debit loops, time-outs and leases of all sessions.

    Args:
        owner: SessionS with its parts.
    """

    def __init__(self, owner: SessionS) -> None:
        self._owner = owner
        self._clock = owner.services.clock
        self.deadlines = Deadlines(self._clock)

    def began(self, session: Session) -> None:
        """Watch a session from now on."""
        self.proved(session, session.options())
        if session.DebitInterval <= 0:
            return
        for at, run in enumerate(session.SRuns):
            if is_prepaid(run):
                due = run.NextAutoDebit.ns if run.NextAutoDebit else self._clock.now_ns()
                self.deadlines.set((session.CGRID, "debit", at), due, partial(self._debit, session, at))

    def ended(self, session: Session) -> None:
        """Watch it no more."""
        cgrid = session.CGRID
        loops = [(cgrid, "debit", at) for at in range(len(session.SRuns))] if session.DebitInterval > 0 else ()
        self.deadlines.clear((cgrid, "ttl"), (cgrid, "lease"), (cgrid, "cut"), *loops)

    def proved(self, session: Session, options: Mapping[str, Any]) -> None:
        """Its other end lives: time-out and lease begin anew."""
        ttl = self._setting("*sessionsTTL", "session_ttl", options, session)
        if ttl:
            most = self._setting("*sessionsTTLMaxDelay", "session_ttl_max_delay", options, session) or 0
            delay = random.randrange(most) if most > 0 else 0
            self.deadlines.set((session.CGRID, "ttl"), self._clock.now_ns() + ttl + delay, partial(self._time_out, session, dict(options)))
        lease = self._owner.settings.lease
        if lease:
            self.deadlines.set((session.CGRID, "lease"), session.ProvedAt.ns + lease, partial(self._check_lease, session))

    def resumed(self, session: Session) -> None:
        """Its end failed because RALs could not be reached: watch it again, and where it has a lease, try again in a while."""
        self.began(session)
        lease = self._owner.settings.lease
        if lease:
            due = max(self._clock.now_ns() + AGAIN, session.ProvedAt.ns + lease)
            self.deadlines.set((session.CGRID, "lease"), due, partial(self._check_lease, session))

    def _setting(self, option: str, key: str, options: Mapping[str, Any], session: Session) -> int | None:
        """The request's option, else the session's, else the configuration's; None where none says anything."""
        for given in (options, session.options()):
            if option in given and (value := duration_of(given, option)) is not None:
                return value
        return self._owner.settings.time_outs[key]

    async def _debit(self, session: Session, at: int) -> None:
        async with self._owner.lifecycle.lock(session.CGRID):
            if self._owner.registry.active.get(session.CGRID) is session:
                await self._owner.told(self._pay(session, at), session)

    async def _pay(self, session: Session, at: int) -> None:
        """One step of a run's debit loop."""
        interval = session.DebitInterval
        try:
            granted = await self._owner.charging.grant(session, at, interval)
        except CgrdError as error:
            self._owner.log.warning("a debit loop ended", cgrid=session.CGRID, error=str(error), explain=error.explain)
            self.cut_at(session, self._clock.now_ns(), _cause_of(error))
            return
        now = self._clock.now()
        next_debit = now.plus(interval)
        if self._owner.peers.of(session) is not None:
            session.ProvedAt = now
        with self._owner.services.store.transaction(why=f"debit loop of {session.CGRID}") as tx:
            self._owner.registry.change(session, at, replace(session.SRuns[at], NextAutoDebit=next_debit))
            self._owner.registry.put(session, tx=tx)
        if granted < interval:
            await self._run_out(session, granted)
        else:
            self.deadlines.set((session.CGRID, "debit", at), next_debit.ns, partial(self._debit, session, at))

    async def _run_out(self, session: Session, left: int) -> None:
        """The money lasts for `left` only: warn, and cut when it is used up."""
        self.cut_at(session, self._clock.now_ns() + max(0, left), NO_CREDIT)
        if 0 < left <= as_duration(self._owner.config["min_dur_low_balance"]):
            try:
                await self._owner.peers.warn(session)
            except CgrdError as error:
                self._owner.log.warning("the caller could not be warned", cgrid=session.CGRID, error=str(error), explain=error.explain)

    def cut_at(self, session: Session, at_ns: int, cause: str) -> None:
        """Have the session ended at that time."""
        self.deadlines.set((session.CGRID, "cut"), at_ns, partial(self._cut, session, cause))

    async def _cut(self, session: Session, cause: str) -> None:
        # Without the session's lock: the client may end the session before it answers.
        if self._owner.registry.active.get(session.CGRID) is session:
            await self._owner.told(self._owner.finishing.cut(session, cause), session)

    def tell_at_once(self, session: Session, cause: str) -> None:
        """Let the client know of an end, without waiting for it."""
        self.deadlines.set((session.CGRID, "tell"), self._clock.now_ns(), partial(self._owner.finishing.tell, session, cause))

    async def _time_out(self, session: Session, options: Mapping[str, Any]) -> None:
        async with self._owner.lifecycle.lock(session.CGRID):
            if self._owner.registry.active.get(session.CGRID) is session:
                await self._owner.told(self._expire(session, options), session)

    async def _expire(self, session: Session, options: Mapping[str, Any]) -> None:
        """Nothing was heard for `session_ttl`: what may have been used meanwhile is debited, then the session ends."""
        ttl = self._setting("*sessionsTTL", "session_ttl", options, session)
        last = self._setting("*sessionsTTLLastUsage", "session_last_usage", options, session)
        for at in range(len(session.SRuns)):
            try:
                await self._owner.charging.grant(session, at, (ttl or 0) if last is None else last)
            except CgrdError as error:
                self._owner.log.warning("the last usage could not be debited", cgrid=session.CGRID, error=str(error), explain=error.explain)
        await self._owner.finishing.force(
            session,
            TIMED_OUT,
            usage=self._setting("*sessionsTTLUsage", "session_ttl_usage", options, session),
            last_used=self._setting("*sessionsTTLLastUsed", "session_ttl_last_used", options, session),
        )

    async def _check_lease(self, session: Session) -> None:
        alive = await self._is_known(session)
        async with self._owner.lifecycle.lock(session.CGRID):
            if self._owner.registry.active.get(session.CGRID) is not session:
                return
            now = self._clock.now()
            if alive:
                session.ProvedAt = now
            elif now.ns >= session.ProvedAt.ns + self._owner.settings.lease:
                await self._owner.told(self._lapse(session), session)
                return
            self.proved(session, session.options())

    async def _is_known(self, session: Session) -> bool:
        """Whether its other end can be asked, and still has it."""
        peer = self._owner.peers.of(session)
        if peer is None:
            return False
        try:
            live: list[LiveSession] = await self._owner.peers.call(peer, "AgentV1.GetActiveSessionIDs", "", list[LiveSession])
        except CgrdError:
            return False
        start = session.start()
        return any(each.OriginID == start.get("OriginID") and each.OriginHost == start.get("OriginHost", "") for each in live or ())

    async def _lapse(self, session: Session) -> None:
        """Its other end is gone: it ended when it was last heard of."""
        elapsed = max(0, session.ProvedAt.ns - session.StartedAt.ns)
        usages = [accounting.proven(run, elapsed=elapsed) for run in session.SRuns]
        await self._owner.finishing.force_each(session, TIMED_OUT, usages)


def _cause_of(error: CgrdError) -> str:
    """What the client is told of a debit that was refused; the money's end is called so, also where all or nothing was asked (`ForceDuration`)."""
    return next((cause for cause in (UNAUTHORIZED, NO_CREDIT) if cause in error.word), "SERVER_ERROR")
