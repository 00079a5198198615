"""What SessionS does itself in the flows that it drives: it starts, updates and ends sessions, and hands events to CDRs.

Source: spec/sessions.md §3 and §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cgrd import Flow, Run, stage
from cgrd.costs import requested_usage
from cgrd.errors import CgrdError, MandatoryMissing, Prefixed
from cgrd_subsystem_sessions.lifecycle import key_of, used_of
from cgrd_subsystem_sessions.session import Session

if TYPE_CHECKING:
    from cgrd_subsystem_sessions.service import SessionS

EARLIER: Final = "*chargers *attributes *routes *thresholds *stats *stir_authenticate *stir_initiate *resources *ips *cost"
FORCE: Final = {"ForceDuration": bool}
RAW: Final = "*raw"
"""The event's own view in the generic API."""
LOOPED: Final = -1
"""MaxUsage of a session that debit loops pay."""


def _owner(flow: Flow) -> SessionS:
    owner: Any = flow.driver
    return owner  # type: ignore[no-any-return]


def _forces(flow: Flow) -> bool:
    return bool(flow.options().get("ForceDuration")) or "*fd" in flow.options()


@stage("*rals", of="initiate", after="*attributes *resources *ips", args="InitSession", inputs=FORCE, edge="rals", service="RALs", reply="MaxUsage")
async def initiate(flow: Flow) -> int:
    """Start a session; how long it may go on."""
    owner = _owner(flow)
    session = await _start(owner, flow)
    return LOOPED if session.has_loop() else await _granted(owner, flow, session, session.start())


async def _granted(owner: SessionS, flow: Flow, session: Session, fields: dict[str, Any]) -> int:
    try:
        granted = await owner.lifecycle.update(session, fields, chargeable=owner.is_chargeable(flow.event))
    except CgrdError as error:
        raise Prefixed("RALS_ERROR", error) from error
    await owner.replication.changed(session)
    return min(granted)


async def _start(owner: SessionS, flow: Flow) -> Session:
    """Make and register a session of the flow's event."""
    begun = owner.registry.active.get(key_of(flow.event.Event))
    if begun is not None and begun.Starting:
        owner.lifecycle.renew(begun, flow.event, flow.peer)
        return begun
    session = await owner.lifecycle.make(flow, debit_interval=owner.debit_interval(flow.event), force=_forces(flow))
    session.Held = owner.held(flow)
    session.Starting = owner.settings.rals_are_remote
    owner.lifecycle.register(session)
    return session


@stage("*rals", of="update", after="*attributes", args="UpdateSession", inputs=FORCE, edge="rals", service="RALs", reply="MaxUsage")
async def update(flow: Flow) -> int:
    """Let a session go on, or start the one that is not there; how long it may go on."""
    owner = _owner(flow)
    session = owner.find(flow.event)
    if session is None:
        session = await _start(owner, flow)
    else:
        owner.lifecycle.renew(session, flow.event, flow.peer)
    return await _granted(owner, flow, session, flow.event.Event)


@stage("*rals", of="terminate", args="TerminateSession", inputs=FORCE, edge="rals", service="RALs", before="*resources *ips *thresholds *stats")
async def terminate(flow: Flow) -> None:
    """End a session; one that was never started is charged at once. One that has ended already stays as it is."""
    owner = _owner(flow)
    fields = flow.event.Event
    if not fields.get("OriginID"):
        raise MandatoryMissing("OriginID")
    usage, last_used = used_of(fields, "Usage"), used_of(fields, "LastUsed")
    session = owner.find(flow.event)
    if session is None:
        if key_of(flow.event.Event) in owner.registry.closed:
            return
        session = await owner.lifecycle.make(flow, debit_interval=0, force=_forces(flow))
        if owner.charging.was_charged(session):
            return
        await owner.lifecycle.update(session, _asked_once(fields, session), chargeable=owner.is_chargeable(flow.event))
    failure = await owner.lifecycle.end(session, usage=usage, last_used=last_used, answered=owner.lifecycle.answered_at(fields))
    await owner.replication.removed(session)
    if failure is not None:
        raise Prefixed("RALS_ERROR", failure)


def _asked_once(fields: dict[str, Any], session: Session) -> dict[str, Any]:
    """What a session that was never started asks for: a LastUsed that stands for its Usage is not told of a grant before."""
    start = session.start()
    return start if "Usage" in fields else {name: value for name, value in start.items() if name != "LastUsed"}


@stage(
    "*rals", of="message", after="*attributes *resources *ips *routes", before="*thresholds *stats", args="Debit", inputs=FORCE,
    edge="rals", service="RALs", reply="MaxUsage", errors="RALS_ERROR",
)  # fmt: skip
async def debit(flow: Flow) -> int:
    """Charge an event once; how much of it could be paid. What one run was granted beyond that goes back."""
    owner = _owner(flow)
    session = await owner.lifecycle.make(flow, debit_interval=0, force=_forces(flow))
    granted = min(await owner.lifecycle.update(session, session.start(), chargeable=owner.is_chargeable(flow.event)))
    failure = await owner.lifecycle.end(session, usage=granted, last_used=None)
    if failure is not None:
        raise failure
    return granted


@stage("*keyed", of="event", after="*chargers", before="*attributes *routes *thresholds *stats *resources *ips *cost *rals *cdrs", always=True)
async def keyed(flow: Flow) -> None:
    """An event for RALs is its session's, and has its CGRID; the chargers' views have none, as recorded, but one that is called `*raw`."""
    if "*rals" in flow.asked:
        for run in flow.runs:
            if run.id == RAW:
                run.event = _owner(flow).completed(run.event)


LATE: Final[dict[str, Any]] = {"of": "event", "after": EARLIER, "before": "*cdrs", "edge": "rals", "service": "RALs"}


@stage("*rals", option="*initiate", unless="*authorize", **LATE)
async def initiate_event(flow: Flow) -> None:
    """Start a session by the generic API; a debit loop's first grant is the default usage."""
    flow.event = raw(flow).event
    usage = await initiate(flow)
    if usage == LOOPED:
        usage = requested_usage({"ToR": flow.event.Event.get("ToR", "")}, _owner(flow).settings.default_usage)
    flow.by_run["MaxUsage"] = {raw(flow).id: usage}


@stage("*rals", option="*update", unless="*authorize *initiate", **LATE)
async def update_event(flow: Flow) -> None:
    """Let a session go on by the generic API."""
    flow.event = raw(flow).event
    flow.by_run["MaxUsage"] = {raw(flow).id: await update(flow)}


@stage("*rals", option="*terminate", unless="*authorize *initiate *update", **LATE)
async def terminate_event(flow: Flow) -> None:
    """End a session by the generic API."""
    flow.event = raw(flow).event
    await terminate(flow)


@stage("*cdrs", of="event", after=f"{EARLIER} *rals", edge="cdrs", service="CDRs", errors="CDRS_ERROR", tolerant=True)
async def record(flow: Flow) -> None:
    """Record the event; the sub-options are the flags that CDRs sees."""
    flags = [name for name in flow.options() if name != "*derived_reply"]
    await _owner(flow).records.record(raw(flow).event, flags)


def raw(flow: Flow) -> Run:
    """The event's own view in the generic API."""
    return flow.runs[0]
