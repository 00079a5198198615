"""Stopping the media of a call for certain: one step after the other until Janus says that it is over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from cgrd.clock import Clock
from cgrd.durations import SECOND
from cgrd_agent_janus.codec import JanusError, Message
from cgrd_agent_janus.destinations import farewell
from cgrd_agent_janus.table import Call
from cgrd_agent_janus.waiting import within

Step = tuple[str, Callable[[], Awaitable[Message]]]


class Ladder:
    """The steps of a forced disconnect: goodbye of the plugin, hangup, admin hangup, detach, destroy, admin destroy.

    Args:
        log: a structured logger; the alarm goes there.
        clock: measures patience.
        patience: how long a step may take until Janus confirms, seconds.
        rounds: how often all steps are tried before the alarm; they go on after it.
    """

    def __init__(self, *, log: Any, clock: Clock, patience: float = 0.3, rounds: int = 3) -> None:
        self._log = log
        self._clock = clock
        self._patience_ns = int(patience * SECOND)
        self._rounds = rounds

    async def climb(self, call: Call) -> str:
        """Return once Janus has confirmed that the media is over, with the name of the step that did it."""
        tried = 0
        while True:
            for name, step in _steps(call):
                if await self._works(call, name, step):
                    return name
            tried += 1
            if tried == self._rounds:
                self._log.critical("Janus does not end a call that nobody pays for", origin_id=call.origin_id, janus=call.handle.session.backend.name)
            await self._clock.sleep(min(2**tried, 50) * SECOND // 5)

    async def _works(self, call: Call, name: str, step: Callable[[], Awaitable[Message]]) -> bool:
        async def take() -> None:
            try:
                reply = await step()
            except JanusError as error:
                self._log.warning("a step to end a call failed", step=name, origin_id=call.origin_id, why=error.reason)
            else:
                if _already_over(name, reply):
                    call.gone.set()
            await call.gone.wait()

        await within(self._clock, self._patience_ns, take)
        return call.gone.is_set()


def _steps(call: Call) -> list[Step]:
    handle = call.handle
    backend = handle.session.backend
    here = {"session_id": handle.session.id, "handle_id": handle.id}
    session = {"session_id": handle.session.id}
    steps: list[Step] = [
        ("hangup", lambda: backend.request({"janus": "hangup", **here})),
        ("hangup_webrtc", lambda: backend.command({"janus": "hangup_webrtc", **here})),
        ("detach", lambda: backend.request({"janus": "detach", **here})),
        ("destroy", lambda: backend.request({"janus": "destroy", **session})),
        ("destroy_session", lambda: backend.command({"janus": "destroy_session", **session})),
    ]
    goodbye = farewell(handle.plugin)
    if goodbye is not None:
        steps.insert(0, ("goodbye", lambda: backend.request({"janus": "message", **here, "body": dict(goodbye)})))
    return steps


def _already_over(name: str, reply: Message) -> bool:
    """Whether the reply itself proves the end: the session is destroyed, or Janus no longer knows it or the handle."""
    if reply.get("janus") == "error":
        return reply.get("error", {}).get("code") in (458, 459)
    return name in ("destroy", "destroy_session")
