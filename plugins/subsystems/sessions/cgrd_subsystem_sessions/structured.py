"""The structured API: AuthorizeEvent, InitiateSession, UpdateSession, TerminateSession, ProcessMessage.

Their arguments are made of the stages that take part: each says which booleans ask for it and what else it reads, so a stranger's
stage adds its own argument. Source: spec/sessions.md §3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from cgrd import CGREvent, Flow, Instant, Peer, Served, Stage, served_as
from cgrd.errors import MandatoryMissing
from cgrd.flows import concerned, settled, through
from cgrd_subsystem_sessions.digest import authorized_digest, initiated_digest

if TYPE_CHECKING:
    from cgrd_subsystem_sessions.service import SessionS


class Call(NamedTuple):
    """A method of the structured API: its flow, its arguments' name, and what it does beside the flow."""

    method: str
    flow: str
    args: str
    needs_a_part: bool = True
    paged: bool = False
    digest: Any = None


MOST_COURSES: Final = 256

CALLS = (
    Call("AuthorizeEvent", "authorize", "V1AuthorizeArgs", paged=True),
    Call("AuthorizeEventWithDigest", "authorize", "V1AuthorizeArgs", paged=True, digest=authorized_digest),
    Call("InitiateSession", "initiate", "V1InitSessionArgs"),
    Call("InitiateSessionWithDigest", "initiate", "V1InitSessionArgs", digest=initiated_digest),
    Call("UpdateSession", "update", "V1UpdateSessionArgs"),
    Call("TerminateSession", "terminate", "V1TerminateSessionArgs"),
    Call("ProcessMessage", "message", "V1ProcessMessageArgs", needs_a_part=False, paged=True),
)

UNTYPED_EVENT: tuple[tuple[str, Any, Any], ...] = (
    ("Tenant", str, ""),
    ("ID", str, ""),
    ("Time", Instant | None, None),
    ("Event", dict[str, Any] | None, None),
    ("APIOpts", dict[str, Any] | None, None),
)


def arguments(name: str, stages: Sequence[Stage], *, paged: bool) -> type[msgspec.Struct]:
    """The arguments' type: the event's own fields, a boolean per part, and what the parts read."""
    fields: dict[str, tuple[Any, Any]] = {}
    for made in stages:
        fields |= dict.fromkeys(made.args, (bool, False))
        fields |= {arg: (kind, zero_of(kind)) for arg, kind in made.inputs.items()}
    fields |= {each: (kind, zero) for each, kind, zero in UNTYPED_EVENT}
    if paged:
        fields |= {"Limit": (int | None, None), "Offset": (int | None, None)}
    return msgspec.defstruct(name, [(each, kind, zero) for each, (kind, zero) in fields.items()], kw_only=True)


def zero_of(kind: Any) -> Any:
    """What an argument is when it is not given."""
    return kind() if kind in (bool, str, int) else None


class Course(NamedTuple):
    """What a set of booleans comes to: the stages that they ask for, and all that the event goes through then."""

    asked: Sequence[Stage]
    stages: Sequence[Stage]


def asked_for(stages: Sequence[Stage], args: Any = None) -> dict[str, dict[str, Any]]:
    """What is asked of these stages, by flag: their options, and what they read of the arguments."""
    asked: dict[str, dict[str, Any]] = {}
    for made in stages:
        options = asked.setdefault(made.flag, {})
        for name in made.inputs:
            options[name] = getattr(args, name, None)
        if made.option:
            options[made.option] = []
    return asked


class Structured:
    """Serves the structured API.

    Args:
        owner: SessionS with its parts.
    """

    def __init__(self, owner: SessionS) -> None:
        self.owner = owner

    def served(self) -> Iterator[Served]:
        """Its methods, with the arguments that the stages of now make."""
        for call in CALLS:
            stages = self.owner.services.flows[call.flow]
            kind = arguments(call.args, stages, paged=call.paged)
            handler = _Handler(self, call, stages)
            yield served_as(f"SessionSv1.{call.method}", handler.answer, owner=self.owner.section, args=kind)

    async def charge(self, call: Call, event: CGREvent, peer: Peer | None) -> Any:
        """Answer a request for an event alone, of which only the charging is asked."""
        self.owner.peers.remember(peer)
        flow = Flow(name=call.flow, driver=self.owner, event=self.owner.completed(event), asked={"*chargers": {}, "*rals": {}}, peer=peer)
        return await self.travelled(call, concerned(self.owner.services.flows[call.flow], flow.asked, self.owner), flow)

    async def travelled(self, call: Call, stages: Sequence[Stage], flow: Flow) -> Any:
        """Take an event through these stages of its flow; the answer."""
        if call.flow == "authorize":
            await through(stages, flow)
        else:
            async with self.owner.lifecycle.lock(*self.owner.keys_of(flow.event)):
                await through(stages, flow)
        if call.flow == "update":
            self._log(flow)
        else:
            settled(flow)
        if call.flow == "terminate":
            return "OK"
        return call.digest(flow.reply, self.owner.services.config.general) if call.digest else flow.reply

    def _log(self, flow: Flow) -> None:
        """What fails beside an update is only logged."""
        for error in flow.partial:
            self.owner.log.warning("beside an update", id=flow.event.ID, error=str(error), explain=error.explain)


class _Handler:
    """One method bound to its call and the parts that its booleans ask for."""

    def __init__(self, structured: Structured, call: Call, stages: Sequence[Stage]) -> None:
        self._structured = structured
        self._owner = structured.owner
        self._call = call
        self._name = f"SessionSv1.{call.method}"
        self._stages = stages
        self._booleans = list(dict.fromkeys(boolean for made in stages for boolean in made.args))
        self._config = self._owner.config
        self._found = lru_cache(MOST_COURSES)(self._find)

    async def answer(self, args: Any, peer: Peer | None = None) -> Any:
        """Take the event through what the arguments' booleans ask for, at least one, and answer with what each of them gives."""
        owner, call = self._owner, self._call
        course = self._course(args)
        asked = asked_for(course.asked, args)
        event = owner.completed(args, keyed="*rals" in asked)
        if call.needs_a_part and not asked:
            raise MandatoryMissing("Subsystems", explain=f"set at least one of the booleans of {call.method}, as {self._example()}")
        owner.peers.remember(peer)
        flow = Flow(name=call.flow, driver=owner, event=event, asked=asked, peer=peer)
        return await owner.answering(self._name, args, event, partial(self._structured.travelled, call, course.stages, flow))

    def _course(self, args: Any) -> Course:
        # A configuration that cannot be used after all may have been tried for a moment: what was found under it does not hold.
        if self._config is not self._owner.config:
            self._config = self._owner.config
            self._found.cache_clear()
        return self._found(tuple([boolean for boolean in self._booleans if getattr(args, boolean)]))

    def _find(self, booleans: tuple[str, ...]) -> Course:
        asked = [made for made in self._stages if any(boolean in booleans for boolean in made.args)]
        return Course(asked, concerned(self._stages, asked_for(asked), self._owner))

    def _example(self) -> str:
        return next(iter(self._booleans), "none: no stage is installed")
