"""Where AttributeS takes part in flows: it changes the event before others see it.

Source: spec/sessions.md §3 and §4, spec/rating.md §9.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from cgrd import AlteredEvent, CGREvent, Flow, Run, stage

PROCESS = "AttributeSv1.ProcessEvent"
IDS = "*attrProfileIDs"
CONTEXT = "*context"


@stage(
    "*attributes", of="authorize initiate update message", before="*chargers *rals *resources *ips *routes", args="GetAttributes",
    inputs={"AttributeIDs": list[str] | None}, edge="attributes", service="AttributeS", reply="Attributes", errors="ATTRIBUTES_ERROR",
)  # fmt: skip
async def enrich(flow: Flow) -> AlteredEvent | None:
    """Let the profiles of the driver's context change the event; the flow goes on with the changed one."""
    flow.event, answer = await changed(flow, flow.event, flow.options().get("AttributeIDs"))
    return answer


@stage("*attributes", of="event", after="*chargers", per="run", edge="attributes", service="AttributeS", reply="Attributes", errors="ATTRIBUTES_ERROR")
async def enrich_run(flow: Flow, run: Run) -> AlteredEvent | None:
    """The same for one view of the event; profiles that a charger named for its run were applied by it."""
    ids = flow.options().get("*ids") or None
    run.event, answer = await changed(flow, _without(run.event, IDS) if run.charger else run.event, ids)
    return answer


@stage("*attributes", of="cdr", before="*chargers", edge="attributes", service="AttributeS", errors="ATTRIBUTES_ERROR")
async def enrich_record(flow: Flow) -> None:
    """Change the event of a CDR before it is forked."""
    flow.event, _ = await changed(flow, flow.event, None)


async def changed(flow: Flow, event: CGREvent, ids: list[str] | None) -> tuple[CGREvent, AlteredEvent | None]:
    """The event to go on with, and what AttributeS made of it in the context named after the driver, None when no profile matches.

    The context is only lent to a profile that changes the event. An event that none has changed keeps it, as recorded: what asks
    AttributeS about it later, such as a charger, asks in the same context.
    """
    context = f"*{flow.driver.section}"
    given: dict[str, Any] = {**event.options(), "*subsys": context}
    given[IDS] = ids or given.get(IDS)
    sent = replace(event, APIOpts={CONTEXT: context, **given})
    answer: AlteredEvent | None = await flow.call_or_none(PROCESS, sent, AlteredEvent)
    if answer is None:
        return sent, None
    if CONTEXT not in given:
        answer = _without_context(answer)
    return answer.as_event(), answer


def _without(event: CGREvent, option: str) -> CGREvent:
    options = {name: value for name, value in event.options().items() if name != option}
    return replace(event, APIOpts=options)


def _without_context(answer: AlteredEvent) -> AlteredEvent:
    return replace(answer, APIOpts={name: value for name, value in answer.options().items() if name != CONTEXT})
