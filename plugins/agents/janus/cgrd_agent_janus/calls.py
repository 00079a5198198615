"""Calls begin, end and are cut here; whatever ends one first, it is charged once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cgrd import Instant
from cgrd.clock import Clock
from cgrd.durations import SECOND
from cgrd.errors import CgrdError
from cgrd_agent_janus.charging import Charging
from cgrd_agent_janus.codec import JanusError, Message, hangup
from cgrd_agent_janus.ladder import Ladder
from cgrd_agent_janus.registry import Registry
from cgrd_agent_janus.table import Call, Handle, Overflow, Session
from cgrd_agent_janus.translate import Facts, Order, Translator, answered

MEDIA_SLACK_NS = 2 * SECOND
"""Janus looks once a second whether a medium was silent for a second, so it may say so up to two seconds late."""


class Calls:
    """The life of calls.

    Args:
        registry: the sessions.
        translator: makes events.
        account_of: who pays for a session.
        clock: stamps.
        ladder: stops media.
        spawn: starts a task that outlives the request it comes from.
        log: a structured logger.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        translator: Translator,
        account_of: Callable[[Session], str],
        clock: Clock,
        ladder: Ladder,
        spawn: Callable[..., None],
        log: Any,
    ) -> None:
        self._registry = registry
        self.translator = translator
        self._account_of = account_of
        self._clock = clock
        self._ladder = ladder
        self._spawn = spawn
        self._log = log
        self.charging: Charging | None = None

    async def order(self, session: Session, *, origin_id: str, request: dict[str, Any], destination: str, setup: Instant, step: str, at: Instant) -> Order:
        """The event of a step of a session; raises `CgrdError` where a request processor cannot make it."""
        facts = Facts(
            account=self._account_of(session),
            destination=destination,
            origin_host=session.origin_host,
            origin_id=origin_id,
            setup=setup,
            remote_host=session.owner.address,
        )
        return await self.translator.order(request=request, facts=facts, event_id=session.next_event_id(step), at=at)

    def now(self) -> Instant:
        """The present, as events tell it."""
        return Instant(self._clock.now_ns())

    def begin(self, handle: Handle) -> None:
        """Janus has put a PeerConnection through."""
        if handle.call is not None and not handle.call.ended.is_set():
            return
        session, origin_id = handle.session, handle.session.next_origin_id(handle)
        session.calls, handle.calls = session.calls + 1, handle.calls + 1
        call = handle.call = Call(handle=handle, origin_id=origin_id, answered=self.now(), answered_ns=self._clock.monotonic_ns())
        self._spawn(self._charge, call, dict(handle.request), handle.destination, handle.setup)

    async def _charge(self, call: Call, request: dict[str, Any], destination: str, setup: Instant) -> None:
        assert self.charging is not None
        try:
            order = await self.order(
                call.handle.session,
                origin_id=call.origin_id,
                request={**request, "janus": "webrtcup"},
                destination=destination,
                setup=setup,
                step="initiate",
                at=call.answered,
            )
            if not order.free:
                order = answered(order, at=call.answered)
                call.start, call.origin_id = order.event, str(order.event.Event["OriginID"])
                with self._registry.indexed(call):
                    await self.charging.charge(call, order)
        except CgrdError as error:
            self._log.error("no event can be made of a call", origin_id=call.origin_id, why=str(error), explain=error.explain)
            self.cut(call, str(error))
        except Exception:
            # Whatever this is, it is this call's alone: without a charge there is no call.
            self._log.exception("the charge of a call failed", origin_id=call.origin_id)
            self.cut(call, "SERVER_ERROR")

    def end(self, call: Call, *, cause: str, at_ns: int | None = None) -> None:
        """The media of a call is over, now or at an earlier reading."""
        call.gone.set()
        call.end(at_ns=self._clock.monotonic_ns() if at_ns is None else at_ns, cause=cause)

    def end_at_proof(self, call: Call, *, cause: str) -> None:
        """A call whose browser is lost ends where the browser was last certainly there."""
        now = self._clock.monotonic_ns()
        browser = call.handle.session.proof_ns(now)
        self.end(call, cause=cause, at_ns=call.proof_ns(browser_ns=browser, now_ns=now, slack_ns=MEDIA_SLACK_NS))

    def split(self, handle: Handle) -> None:
        """The destination of a live call has changed: what was is charged as it was, what comes is another call."""
        if handle.call is not None and not handle.call.ended.is_set():
            handle.call.end(at_ns=self._clock.monotonic_ns(), cause="DESTINATION_CHANGED")
            self.begin(handle)

    def cut(self, call: Call, reason: str) -> None:
        """End a call that may not go on: the browser is told why, its media is stopped, its session destroyed."""
        if call.told or call.ended.is_set():
            return
        call.told = reason
        session = call.handle.session
        self._log.info("a call is cut", origin_id=call.origin_id, reason=reason)
        self.deliver(session, hangup(session_id=session.id, handle_id=call.handle.id, reason=reason))
        self._spawn(self._stop, call)

    async def _stop(self, call: Call) -> None:
        step = await self._ladder.climb(call)
        self.end(call, cause=call.told)
        self._log.info("a call was stopped", origin_id=call.origin_id, step=step)
        if not call.handle.session.live_calls():
            await self.destroy(call.handle.session)

    async def destroy(self, session: Session) -> None:
        """End a session in Janus and here."""
        session.closing = True
        try:
            await session.backend.request({"janus": "destroy", "session_id": session.id})
        except JanusError as error:
            session.backend.orphans.add(session.id)
            self._log.warning("a session could not be ended in Janus", session_id=session.id, why=error.reason)
        self.forget(session, cause="DESTROYED")

    def forget(self, session: Session, *, cause: str, at_ns: int | None = None) -> None:
        """A session is over: so are its calls."""
        for call in session.live_calls():
            self.end(call, cause=cause, at_ns=at_ns)
        self._registry.remove(session)

    def lose(self, session: Session, *, cause: str) -> None:
        """The browser of a session is lost: its calls end at their last proof of life."""
        for call in session.live_calls():
            self.end_at_proof(call, cause=cause)

    def deliver(self, session: Session, event: Message) -> None:
        """Give the browser an event. One that does not read is ended, with its calls charged."""
        try:
            session.outlet.put(event)
        except Overflow as error:
            if not session.closing:
                session.closing = True
                self._log.warning("a session is ended: its browser does not read", session_id=session.id, why=str(error))
                self._spawn(self.destroy, session)

    def settle_all(self) -> None:
        """The agent stops: every call ends now."""
        for call in list(self._registry.calls()):
            call.end(at_ns=self._clock.monotonic_ns(), cause="SHUTDOWN")
