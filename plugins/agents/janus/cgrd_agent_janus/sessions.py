"""SessionS as the gateway needs it: every question answered or failed within a time, every report repeated until it is taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from cgrd import CGREvent
from cgrd.clock import Clock
from cgrd.durations import SECOND
from cgrd.errors import CgrdError, ReplyTimeout, StoreError, Unreachable
from cgrd_agent_janus.flags import Asked
from cgrd_agent_janus.translate import Order, authorize_args, initiate_args, terminate_args, update_args
from cgrd_agent_janus.waiting import within
from cgrd_agent_janus.wire import ActiveSession, Grant, SessionFilter

Call = Callable[..., Awaitable[Any]]
"""`call(method, args, reply=…)`: SessionS over the agent's `sessions_conns`."""


class Refused(Exception):
    """SessionS does not let it happen; `reason` is what the browser is told, `explain` is for who runs the daemon."""

    def __init__(self, reason: str, *, explain: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.explain = explain


class SessionService(Protocol):
    """What the gateway asks of SessionS; the tests have their own."""

    async def authorize(self, order: Order) -> None:
        """Return when it may happen; raises `Refused`."""

    async def initiate(self, order: Order) -> int:
        """Start charging; the granted nanoseconds, -1 for as long as SessionS does not say otherwise; raises `CgrdError`."""

    async def update(self, asked: Asked, event: CGREvent) -> int:
        """Ask for more; the nanoseconds granted; raises `CgrdError`."""

    async def terminate(self, asked: Asked, event: CGREvent) -> None:
        """End charging; returns when it is done for good."""

    async def record(self, event: CGREvent) -> None:
        """Write the CDR; returns when it is done for good."""

    async def is_active(self, event: CGREvent) -> bool:
        """Whether SessionS still has the session."""


class Sessions:
    """SessionS over an edge.

    Args:
        call: the edge.
        log: a structured logger.
        timeout: how long a question may take, seconds; a call is not kept waiting longer for its answer.
        clock: measures it.
    """

    def __init__(self, *, call: Call, log: Any, timeout: float, clock: Clock) -> None:
        self._call = call
        self._log = log
        self._timeout = timeout
        self._clock = clock

    async def authorize(self, order: Order) -> None:
        """Ask whether it may happen; a grant of zero, no grant and no answer are refusals."""
        try:
            grant = await self._ask("SessionSv1.AuthorizeEvent", authorize_args(order), Grant)
        except CgrdError as error:
            raise Refused(str(error), explain=error.explain) from error
        if order.asked.accounts and not grant.MaxUsage:
            raise Refused("INSUFFICIENT_CREDIT", explain="the account's balances allow no use of this destination")

    async def initiate(self, order: Order) -> int:
        grant = await self._ask("SessionSv1.InitiateSession", initiate_args(order), Grant)
        if not order.asked.accounts:
            return -1
        return grant.MaxUsage or 0

    async def update(self, asked: Asked, event: CGREvent) -> int:
        grant = await self._ask("SessionSv1.UpdateSession", update_args(asked, event), Grant)
        return grant.MaxUsage or 0

    async def terminate(self, asked: Asked, event: CGREvent) -> None:
        await self._insist("SessionSv1.TerminateSession", terminate_args(asked, event), event)

    async def record(self, event: CGREvent) -> None:
        await self._insist("SessionSv1.ProcessCDR", event, event)

    async def is_active(self, event: CGREvent) -> bool:
        """Ask by the session's OriginID and OriginHost; raises `CgrdError` other than NOT_FOUND."""
        wanted = [f"*string:~*req.{name}:{event.Event[name]}" for name in ("OriginID", "OriginHost")]
        try:
            found = await self._ask("SessionSv1.GetActiveSessions", SessionFilter(Filters=wanted, Tenant=event.Tenant), list[ActiveSession])
        except CgrdError as error:
            if str(error) == "NOT_FOUND":
                return False
            raise
        return bool(found)

    async def _ask(self, method: str, args: object, reply: Any) -> Any:
        """One question. What it changed is on disk when it is answered: the graph sees to that for what agents ask."""
        answers = []

        async def question() -> None:
            answers.append(await self._call(method, args, reply))

        if await within(self._clock, int(self._timeout * SECOND), question):
            return answers[0]
        raise ReplyTimeout(explain=f"{method} took longer than {self._timeout} s")

    async def _insist(self, method: str, args: object, event: CGREvent) -> None:
        """Report until SessionS has taken it: money that was spent must be written down. What it refuses for good is logged."""
        wait = 0.5
        while True:
            try:
                await self._ask(method, args, Any)
                return
            except (Unreachable, StoreError) as error:
                self._log.warning("SessionS did not take a report; it is repeated", method=method, event_id=event.ID, why=str(error))
            except CgrdError as error:
                self._log.error("SessionS refused a report", method=method, event_id=event.ID, why=str(error), explain=error.explain)
                return
            await self._clock.sleep(int(wait * SECOND))
            wait = min(wait * 2, 30)
