"""Where ChargerS takes part in flows: it forks an event into the runs that are charged.

Source: spec/sessions.md §3 to §5, spec/rating.md §9.
"""

from __future__ import annotations

from cgrd import Flow, Run, stage
from cgrd_subsystem_chargers.answer import ChargerAnswer

PROCESS = "ChargerSv1.ProcessEvent"
ANSWERS = list[ChargerAnswer]


@stage(
    "*chargers", of="authorize", after="*attributes", args="GetMaxUsage", edge="chargers", forks=True,
    service="ChargerS", unlinked="ChargerS is disabled", errors="CHARGERS_ERROR",
)  # fmt: skip
@stage("*chargers", of="runs", edge="chargers", service="ChargerS", unlinked="ChargerS is disabled", forks=True, errors="CHARGERS_ERROR")
@stage("*chargers", of="cdr", edge="chargers", service="ChargerS", forks=True, errors="CHARGERS_ERROR")
async def fork(flow: Flow) -> None:
    """The runs are those of the chargers that match, heaviest first."""
    flow.runs = await runs_of(flow)


@stage("*chargers", of="event", edge="chargers", service="ChargerS", forks=True, errors="CHARGERS_ERROR")
async def add_runs(flow: Flow) -> None:
    """The runs stand behind the event's own view, which stays the first."""
    flow.runs = [*flow.runs, *await runs_of(flow)]


async def runs_of(flow: Flow) -> list[Run]:
    """Ask ChargerS for the runs of the flow's event."""
    answers: ANSWERS = await flow.call(PROCESS, flow.event, ANSWERS)
    return [Run(id=str(each.CGREvent.Event.get("RunID", "")), event=each.CGREvent, charger=each.ChargerSProfile) for each in answers]
