"""What the agent knows of each browser's Janus session: who owns it, its handles, its calls, and where its events go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import trio

from cgrd import CGREvent, Instant
from cgrd_agent_janus.codec import Message


class Principal(NamedTuple):
    """Who a session belongs to: the token where the browser sends one, its address otherwise."""

    address: str
    token: str = ""

    def may_use(self, owner: Principal) -> bool:
        """Whether this is the owner; a token may change its address, an address may not gain or lose a token."""
        return self.token == owner.token and (bool(self.token) or self.address == owner.address)


class Janus(Protocol):
    """A Janus server as everything above the links uses it.

    Attributes:
        name: its address, for people.
        session_timeout: how long it keeps a session that is silent, seconds; 0 = for ever.
        reclaim_timeout: how long it keeps a session whose connection broke, seconds.
        orphans: sessions to be ended when it is back.
    """

    name: str
    session_timeout: float
    reclaim_timeout: float
    orphans: set[int]

    @property
    def up(self) -> bool:
        """Whether it can be asked now."""

    async def request(self, message: Message) -> Message:
        """Its reply; raises `JanusError` when it cannot be reached."""

    async def command(self, message: Message) -> Message:
        """The reply of its admin API; raises `JanusError` when it cannot be reached."""


class Outlet(Protocol):
    """Where the events of a session are delivered: its mailbox for long polls, or a WebSocket."""

    def put(self, event: Message) -> None:
        """Take an event; never waits. Raises `Overflow` when the reader is too slow."""

    def close(self) -> None:
        """The session is over; what was put may still be read."""


class Overflow(Exception):
    """A browser does not read its events; its session is ended rather than kept in memory for ever."""


@dataclass(eq=False, kw_only=True)
class Call:
    """One PeerConnection from Janus' `webrtcup` to its end. Readings are the clock's monotonic nanoseconds.

    Attributes:
        origin_id: its OriginID; a request processor may give it another.
        start: the event of InitiateSession, once it is made.
        ended: set once the end is known; `ended_ns` and `cause` say when and why.
        gone: set when Janus has said that the media is over.
        silent: when each medium stopped flowing; a medium that flows is not in it.
        told: the reason the browser was given, "" when the end was not ours.
        ended_by_sessions: SessionS wants it ended; it may have closed and recorded it already.
        paid_ns: what was granted in all, once SessionS has no more to grant; what the media lasts beyond it is nobody's debt.
    """

    handle: Handle
    origin_id: str
    answered: Instant
    answered_ns: int
    start: CGREvent | None = None
    ended: trio.Event = field(default_factory=trio.Event)
    gone: trio.Event = field(default_factory=trio.Event)
    ended_ns: int = 0
    cause: str = ""
    media: set[str] = field(default_factory=set)
    silent: dict[str, int] = field(default_factory=dict)
    told: str = ""
    ended_by_sessions: bool = False
    paid_ns: int | None = None

    @property
    def usage_ns(self) -> int:
        """How long it lasted as far as it was paid for, once it has ended."""
        lasted = max(0, self.ended_ns - self.answered_ns)
        return lasted if self.paid_ns is None else min(lasted, self.paid_ns)

    def end(self, *, at_ns: int, cause: str) -> None:
        """Note the end; the first one holds."""
        if not self.ended.is_set():
            self.ended_ns, self.cause = max(at_ns, self.answered_ns), cause
            self.ended.set()

    def flowing(self, mid: str, *, receiving: bool, at_ns: int) -> None:
        """Note what Janus said about a medium."""
        self.media.add(mid)
        if receiving:
            self.silent.pop(mid, None)
        else:
            self.silent[mid] = at_ns

    def proof_ns(self, *, browser_ns: int, now_ns: int, slack_ns: int) -> int:
        """The last moment at which the browser was certainly there: its last sign, or its media's.

        Args:
            browser_ns: its last request.
            now_ns: the reading now.
            slack_ns: how late Janus notices that a medium has stopped.
        """
        if self.media - self.silent.keys():
            return now_ns
        last_media = max(self.silent.values(), default=0) - slack_ns
        return min(now_ns, max(browser_ns, last_media, self.answered_ns))


@dataclass(eq=False, kw_only=True)
class Handle:
    """A plugin handle. `request` is the last message that said where its calls go, as templates see it (`*req`)."""

    id: int
    plugin: str
    session: Session
    request: dict[str, Any]
    destination: str
    setup: Instant
    opaque_id: str = ""
    calls: int = 0
    call: Call | None = None


@dataclass(eq=False, kw_only=True)
class Session:
    """A Janus session of a browser.

    Attributes:
        backend: the Janus that has it.
        outlet: where its events go.
        seen_ns: the last sign of its browser.
        polls: open long polls.
        holder: the open WebSocket it belongs to. While there is a poll or a holder, the browser is there.
        grace_ns: how long it may be silent while it holds nothing open.
        kept_ns: when Janus was last asked something for it.
        closing: it is being ended; nothing more is accepted.
    """

    id: int
    owner: Principal
    backend: Janus
    outlet: Outlet
    origin_host: str
    created: Instant
    seen_ns: int
    grace_ns: int
    kept_ns: int = 0
    polls: int = 0
    holder: object = None
    calls: int = 0
    events: int = 0
    closing: bool = False
    handles: dict[int, Handle] = field(default_factory=dict)

    def next_origin_id(self, handle: Handle | None = None) -> str:
        """`<session>` for its first PeerConnection, `<session>:<handle>:<n>` for others."""
        return str(self.id) if not self.calls or handle is None else f"{self.id}:{handle.id}:{handle.calls + 1}"

    def next_event_id(self, step: str) -> str:
        """An id for an event, which tells a reader of a trace where it belongs."""
        self.events += 1
        return f"{self.id}:{step}:{self.events}"

    def live_calls(self) -> list[Call]:
        """Its calls that have not ended."""
        return [handle.call for handle in self.handles.values() if handle.call is not None and not handle.call.ended.is_set()]

    @property
    def held(self) -> bool:
        """Whether a connection of the browser is open now."""
        return self.polls > 0 or self.holder is not None

    def proof_ns(self, now_ns: int) -> int:
        """The last sign of the browser itself."""
        return now_ns if self.held else self.seen_ns
