"""Flows and stages: how an event goes through the subsystems without any of them naming another.

SessionS and CDRs drive flows (authorize, initiate, update, terminate, message, event, cdr). A stage says in which flows it takes
part, where, behind which flag, over which edge of the driver, and what it gives to the reply. The stages of a flow are put in
order once, at start; a stranger's stage is in the tuple like any other. `runs` is the little flow inside others that turns an
event into charger runs (`Flow.forked`).
"""

from __future__ import annotations

import graphlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed
from typing import Any, TypeVar

from msgspec.structs import replace

from cgrd.component import Component, Peer
from cgrd.errors import CgrdError, ConfigurationError, NotConnected, PartiallyExecuted, Prefixed, Wrong
from cgrd.event import CGREvent

__all__ = [
    "FLOWS",
    "Flow",
    "Options",
    "Run",
    "Stage",
    "concerned",
    "ordered",
    "settled",
    "stage",
    "stages_of",
    "through",
    "travel",
]

F = TypeVar("F", bound=Callable[..., Awaitable[Any]])
Options = Mapping[str, Any]

FLOWS = ("authorize", "initiate", "update", "terminate", "message", "event", "cdr", "runs")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One part that a subsystem takes in flows.

    Attributes:
        flag: what asks for it (`*attributes`); several stages may share one, told apart by `option`.
        run: the work: `async (flow)` or, with `per="run"`, `async (flow, run)`; its value goes into the reply.
        of: the flows it takes part in.
        edge: the driver's `<edge>_conns` it goes over; "" = none needed.
        service: how the error for a missing edge names it (`NOT_CONNECTED: ResourceS`).
        unlinked: the whole text of that error, where the API has another one.
        option: the sub-option that asks for it (`*rals:*authorize`).
        unless: sub-options that stand in its place when they are asked for too.
        args: names of structured arguments that ask for it (`GetMaxUsage`), a boolean each.
        inputs: further structured arguments it reads (`AttributeIDs`), with their type; options under the same name.
        after, before: flags or names of stages that must come earlier or later.
        per: "event" or "run".
        forks: it makes the runs that later stages see.
        always: it runs without being asked, where its edge is linked.
        holds: it takes something that must be given back.
        releases: it gives back what the same flag took; a driver that ends something by itself asks for it.
        reply: the reply's key; "" = no part of the reply.
        merge: how the runs' values become one (`min`).
        errors: the prefix of its errors (`RALS_ERROR`).
        tolerant: its errors do not stop the flow but end it with PARTIALLY_EXECUTED.
        linked: though it is tolerant, an edge that leads nowhere stops the flow.
        name: what `after` and `before` of others may call it; the flag by default.
    """

    flag: str
    run: Callable[..., Awaitable[Any]]
    of: frozenset[str]
    edge: str = ""
    service: str = ""
    unlinked: str = ""
    option: str = ""
    unless: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    per: str = "event"
    forks: bool = False
    always: bool = False
    holds: bool = False
    releases: bool = False
    reply: str = ""
    merge: Callable[..., Any] | None = None
    errors: str = ""
    tolerant: bool = False
    linked: bool = False
    name: str = ""

    @property
    def called(self) -> str:
        """The name others order themselves by."""
        return self.name or self.flag


def stage(flag: str, *, of: str, args: str = "", after: str = "", before: str = "", unless: str = "", **rest: Any) -> Callable[[F], F]:
    """Declare an async function as a stage; blank-separated words for `of`, `args`, `after`, `before`, `unless`; may be stacked.

    The declared stages are found by `stages_of(module or namespace)`, which a plugin's `cgrd_stages` hook returns.
    """

    def mark(function: F) -> F:
        lists: dict[str, str] = {"args": args, "after": after, "before": before, "unless": unless}
        words: dict[str, Any] = {name: tuple(text.split()) for name, text in lists.items()}
        made = Stage(flag=flag, run=function, of=frozenset(of.split()), **words, **rest)
        function.__dict__.setdefault("__cgrd_stages__", []).append(made)
        return function

    return mark


def stages_of(namespace: Mapping[str, Any]) -> list[Stage]:
    """Every stage declared in a module's namespace (`stages_of(globals())`)."""
    functions = {id(value): value for value in namespace.values() if hasattr(value, "__cgrd_stages__")}
    return [made for function in functions.values() for made in function.__cgrd_stages__]


@dataclass
class Run:
    """One charger's view of the event. `state` is for the flow's driver and its stages."""

    id: str
    event: CGREvent
    charger: str = ""
    state: dict[str, Any] = field(default_factory=dict)


class Flow:
    """One event on its way through the stages.

    Attributes:
        name: which flow.
        driver: the component whose edges are used.
        event: the event as the stages have left it; replaced, never changed in place.
        asked: what was asked for: options by flag.
        runs: the charger runs, once forked.
        reply: the parts of the answer by key.
        by_run: the same per run, by key and run id.
        peer: who asked, where it can be called back.
        partial: what failed in tolerant stages.
        strict: no stage is tolerant.
        state: for the driver and its own stages.
    """

    __slots__ = ("asked", "by_run", "driver", "event", "name", "partial", "peer", "reply", "runs", "stage", "state", "strict")

    def __init__(self, *, name: str, driver: Component, event: CGREvent, asked: Mapping[str, Options], peer: Peer | None = None) -> None:
        self.name = name
        self.driver = driver
        self.event = event
        self.asked = asked
        self.peer = peer
        self.runs: list[Run] = []
        self.reply: dict[str, Any] = {}
        self.by_run: dict[str, dict[str, Any]] = {}
        self.partial: list[CgrdError] = []
        self.state: dict[str, Any] = {}
        self.stage: Stage | None = None
        self.strict = False

    def options(self) -> Options:
        """What was asked of the stage at work."""
        assert self.stage is not None
        return self.asked.get(self.stage.flag) or {}

    def call(self, method: str, args: object, reply: Any = Any) -> Coroutine[Any, Any, Any]:
        """Ask the subsystem of the stage at work, over the driver's edge. To be awaited."""
        assert self.stage is not None
        return self.driver.call(self.stage.edge, method, args, reply)

    def call_or_none(self, method: str, args: object, reply: Any = Any) -> Coroutine[Any, Any, Any]:
        """The same, where it is no failure that nothing is found there: None then."""
        assert self.stage is not None
        return self.driver.call_or_none(self.stage.edge, method, args, reply)

    async def matched(self, method: str, event: CGREvent, *, option: str, ids: Sequence[str] | None) -> list[str] | None:
        """The ids of the profiles that the subsystem of the stage at work finds for an event; None where it finds none.

        Args:
            option: the request's option that names profiles to be taken instead of those that match (`*stsProfileIDs`).
            ids: its value; the event's own holds where none are given.
        """
        if ids:
            event = replace(event, APIOpts={**event.options(), option: ids})
        found: list[str] | None = await self.call_or_none(method, event, list[str])
        return found

    def chosen(self) -> Sequence[Run]:
        """The runs that the stage at work sees, when it works run by run; a driver may choose otherwise."""
        return self.runs

    async def forked(self, event: CGREvent) -> list[Run]:
        """The charger runs of an event, by the stages of the flow `runs`, over this flow's driver.

        Raises:
            CgrdError: what a stage raised, with its prefix.
        """
        stages = self.driver.services.flows["runs"]
        inner = Flow(name="runs", driver=self.driver, event=event, asked={made.flag: {} for made in stages}, peer=self.peer)
        return settled(await travel(stages, inner)).runs


def ordered(name: str, stages: Iterable[Stage]) -> tuple[Stage, ...]:
    """The stages of the flow `name` in their order; independent ones keep the order they were given in.

    Raises:
        ConfigurationError: `after` and `before` contradict one another; the circle is named.
    """
    mine = [made for made in stages if name in made.of]
    sorter: graphlib.TopologicalSorter[int] = graphlib.TopologicalSorter()
    known: dict[str, list[int]] = {}
    for at, made in enumerate(mine):
        for called in {made.called, made.flag}:
            known.setdefault(called, []).append(at)
    for at, made in enumerate(mine):
        sorter.add(at, *(other for word in made.after for other in known.get(word, ()) if other != at))
        for word in made.before:
            for other in known.get(word, ()):
                if other != at:
                    sorter.add(other, at)
    try:
        sorter.prepare()
    except graphlib.CycleError as error:
        circle = " → ".join(mine[at].called for at in error.args[1])
        raise ConfigurationError(f"the stages of {name} go in a circle: {circle}") from error
    order: list[int] = []
    ready = sorted(sorter.get_ready())
    while ready:
        at = ready.pop(0)
        order.append(at)
        sorter.done(at)
        ready = sorted([*ready, *sorter.get_ready()])
    return tuple(mine[at] for at in order)


def concerned(stages: Iterable[Stage], asked: Mapping[str, Options], driver: Component) -> list[Stage]:
    """The stages that an event goes through of which this is asked: asked for themselves, or always at work where their edge is linked.

    One that is asked for and whose edge leads nowhere is a stage that says so.
    """
    found = []
    for made in stages:
        if made.edge and not driver.linked(made.edge):
            if _is_asked(made, asked):
                found.append(_dead_end(made, driver))
        elif made.always or _is_asked(made, asked):
            found.append(made)
    return found


def _is_asked(made: Stage, asked: Mapping[str, Options]) -> bool:
    options = asked.get(made.flag)
    if options is None or (made.option and made.option not in options):
        return False
    return not (made.unless and any(other in options for other in made.unless))


def _dead_end(made: Stage, driver: Component) -> Stage:
    explain = f"{driver.section}.{made.edge}_conns is empty; name a connection there"

    async def say(_: Flow) -> None:
        raise Wrong(made.unlinked, explain=explain) if made.unlinked else NotConnected(made.service or made.called, explain=explain)

    return changed(made, run=say, per="event", errors="", tolerant=made.tolerant and not made.linked)


async def travel(stages: Iterable[Stage], flow: Flow) -> Flow:
    """Take the event through the stages that were asked for. Raises as `through`."""
    return await through(concerned(stages, flow.asked, flow.driver), flow)


async def through(stages: Iterable[Stage], flow: Flow) -> Flow:
    """Take the event through the stages that it is concerned with.

    Raises:
        NotConnected: a flag asks for a stage whose edge leads nowhere.
        CgrdError: what a stage raised, with its prefix; the request ends there.
        PartiallyExecuted: everything was done but a tolerant stage failed; `flow.reply` is complete.
    """
    for made in stages:
        flow.stage = made
        try:
            if made.per == "run":
                await _run_each(made, flow)
            elif (value := await made.run(flow)) is not None and made.reply:
                flow.reply[made.reply] = value
        except CgrdError as error:
            _fail(flow, Prefixed(made.errors, error) if made.errors else error)
    return flow


def _fail(flow: Flow, error: CgrdError) -> None:
    """An error of the stage at work: it ends the flow now or, where the stage is tolerant, is told at the end."""
    assert flow.stage is not None
    if not flow.stage.tolerant or flow.strict:
        raise error
    flow.partial.append(error)


def settled(flow: Flow) -> Flow:
    """The flow, or PARTIALLY_EXECUTED when a tolerant stage failed on the way."""
    if flow.partial:
        raise PartiallyExecuted(explain="; ".join(f"{error} {error.explain}".strip() for error in flow.partial))
    return flow


async def _run_each(made: Stage, flow: Flow) -> None:
    values = {}
    for run in flow.chosen():
        try:
            value = await made.run(flow, run)
        except CgrdError as error:
            if not made.tolerant or flow.strict:
                raise
            flow.partial.append(Prefixed(made.errors, error) if made.errors else error)
            continue
        if value is not None:
            values[run.id] = value
    if made.reply and values:
        flow.by_run[made.reply] = values
        flow.reply[made.reply] = made.merge(values.values()) if made.merge else next(iter(values.values()))
