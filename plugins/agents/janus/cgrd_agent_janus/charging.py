"""The charge of one call, from Janus' `webrtcup` to its CDR."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cgrd import Instant
from cgrd.clock import Clock
from cgrd.durations import SECOND
from cgrd.errors import CgrdError, Unreachable
from cgrd_agent_janus.journal import Entry, Journal
from cgrd_agent_janus.sessions import SessionService
from cgrd_agent_janus.table import Call
from cgrd_agent_janus.translate import Order, ended, once
from cgrd_agent_janus.waiting import within

Cut = Callable[[Call, str], None]
"""Ends a call for a reason: tells the browser and stops the media."""


_DENIALS = 4


class Charging:
    """Starts, renews and ends charges.

    Args:
        sessions: SessionS.
        journal: where live calls are kept.
        clock: lengths and stamps.
        cut: ends a call.
        log: a structured logger.
    """

    def __init__(self, *, sessions: SessionService, journal: Journal, clock: Clock, cut: Cut, log: Any) -> None:
        self._sessions = sessions
        self._journal = journal
        self._clock = clock
        self._cut = cut
        self._log = log
        self.recovering: dict[str, Entry] = {}

    async def charge(self, call: Call, order: Order) -> None:
        """The whole charge of a call; returns when it is recorded. A start that fails ends the call."""
        entry = Entry(start=order.event, asked=order.asked, answered_ns=call.answered.ns)
        self._journal.write(entry)
        try:
            granted = await self._sessions.initiate(order)
        except CgrdError as error:
            self._log.warning("a call is ended: its charge did not start", origin_id=call.origin_id, why=str(error), explain=error.explain)
            self._cut(call, str(error))
            await call.ended.wait()
            if not isinstance(error, Unreachable):
                self._journal.forget(entry)
                return
        else:
            await self._last(call, entry, granted)
        await self._close(call, entry)

    async def recover(self, entry: Entry, *, proof_ns: int) -> None:
        """End and record a call that an earlier life of the daemon left.

        Args:
            proof_ns: the unix nanosecond of the last proof of life.
        """
        self.recovering[entry.key] = entry
        if entry.end is None:
            usage = max(0, proof_ns - entry.answered_ns)
            self._write_end(entry, usage_ns=usage, cause="LOST_SERVICE")
        if await self._is_active(entry):
            await self._report(entry)
        elif entry.end is not None and entry.end.Event.get("DisconnectCause") != "LOST_SERVICE":
            # Terminated before the crash; only the CDR may be missing, and a second one is refused.
            await self._record(entry)
        del self.recovering[entry.key]
        self._journal.forget(entry)

    async def _is_active(self, entry: Entry) -> bool:
        """Whether SessionS has the session; it may still be reading its own from the store, so "no" is asked again for a while."""
        denied = 0
        while denied < _DENIALS:
            try:
                if await self._sessions.is_active(entry.start):
                    return True
                denied += 1
            except CgrdError as error:
                self._log.warning("SessionS cannot be asked for a call that was left over", why=str(error))
            await self._clock.sleep(SECOND // 2)
        return False

    async def _last(self, call: Call, entry: Entry, granted: int) -> None:
        """Wait for the end; where SessionS does not debit by itself, ask for more before what was granted is used up."""
        total = granted
        while granted >= 0 and not call.ended.is_set():
            if await within(self._clock, self._until(call, total - min(SECOND, granted // 2)), call.ended.wait):
                return
            granted = await self._more(entry, total)
            total += granted
            if granted <= 0:
                await self._run_out(call, total)
        await call.ended.wait()

    async def _run_out(self, call: Call, total: int) -> None:
        call.paid_ns = total
        if not await within(self._clock, self._until(call, total), call.ended.wait):
            self._cut(call, "INSUFFICIENT_CREDIT")
        await call.ended.wait()

    def _until(self, call: Call, usage_ns: int) -> int:
        """Nanoseconds until the call has lasted so long."""
        return call.answered_ns + usage_ns - self._clock.monotonic_ns()

    async def _more(self, entry: Entry, used: int) -> int:
        try:
            return max(0, await self._sessions.update(entry.asked, _with_usage(entry, used)))
        except CgrdError as error:
            self._log.warning("no more credit for a call", event_id=entry.start.ID, why=str(error))
            return 0

    async def _close(self, call: Call, entry: Entry) -> None:
        if not (call.ended_by_sessions and await self._is_closed(entry)):
            self._write_end(entry, usage_ns=call.usage_ns, cause=call.told)
            await self._report(entry)
        self._journal.forget(entry)

    async def _is_closed(self, entry: Entry) -> bool:
        """Whether SessionS has ended the session by itself (a time-out, ForceDisconnect), and so recorded it."""
        try:
            return not await self._sessions.is_active(entry.start)
        except CgrdError as error:
            self._log.warning("SessionS cannot be asked whether it closed a call; the end is reported", event_id=entry.start.ID, why=str(error))
            return False

    async def _report(self, entry: Entry) -> None:
        assert entry.end is not None
        await self._sessions.terminate(entry.asked, once(entry.end, f"janus:{entry.key}:terminate"))
        await self._record(entry)

    async def _record(self, entry: Entry) -> None:
        assert entry.end is not None
        await self._sessions.record(once(entry.end, f"janus:{entry.key}:cdr"))

    def _write_end(self, entry: Entry, *, usage_ns: int, cause: str) -> None:
        at = Instant(self._clock.now_ns())
        entry.end = ended(entry.start, usage_ns=usage_ns, event_id=f"{entry.start.ID}:end", at=at, cause=cause)
        self._journal.write(entry)


def _with_usage(entry: Entry, used_ns: int) -> Any:
    """The event that asks for more: all of what was granted is used, and as much again as SessionS gives by itself is wanted."""
    start = entry.start
    return type(start)(Tenant=start.Tenant, ID=f"{start.ID}:more:{used_ns}", Time=start.Time, Event=dict(start.Event), APIOpts=start.APIOpts)
