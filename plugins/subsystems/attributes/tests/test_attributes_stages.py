"""What a flow goes on with after AttributeS was asked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from cgrd_subsystem_attributes.stages import enrich, enrich_run

from cgrd import AlteredEvent, CGREvent, Component, Flow, Run
from cgrd.errors import NotFound


class Driver(Component):
    """SessionS, as far as a stage sees it; AttributeS answers what `answer` is."""

    section = "sessions"

    def __init__(self, answer: AlteredEvent | Exception) -> None:
        self.answer = answer
        self.sent: list[CGREvent] = []

    async def call(self, edge: str, method: str, args: CGREvent, reply: Any = Any) -> Any:
        self.sent.append(args)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def flow_of(answer: AlteredEvent | Exception, event: CGREvent) -> Flow:
    flow = Flow(name="initiate", driver=cast("Any", Driver(answer)), event=event, asked={"*attributes": {}})
    flow.stage = cast("Any", SimpleNamespace(flag="*attributes", edge="attributes"))
    return flow


EVENT = CGREvent(Tenant="cgrates.org", ID="e", Event={"Account": "1001"}, APIOpts={})


async def test_an_event_that_no_profile_changed_keeps_the_context() -> None:
    flow = flow_of(NotFound(), EVENT)
    assert await enrich(flow) is None
    assert (flow.event.Event, flow.event.options()["*context"], EVENT.APIOpts) == ({"Account": "1001"}, "*sessions", {})


async def test_a_profile_that_changed_the_event_takes_the_context_with_it() -> None:
    options = {"*context": "*sessions", "*subsys": "*sessions"}
    flow = flow_of(AlteredEvent(Tenant="cgrates.org", ID="e", Event={"Account": "1002"}, APIOpts=options, MatchedProfiles=["P"], AlteredFields=[]), EVENT)
    assert await enrich(flow) is not None
    assert (flow.event.Event, "*context" in flow.event.options()) == ({"Account": "1002"}, False)


async def test_profiles_that_a_charger_named_are_not_applied_again() -> None:
    flow = flow_of(NotFound(), EVENT)
    named = CGREvent(Tenant="cgrates.org", ID="e", Event={"RunID": "r"}, APIOpts={"*attrProfileIDs": ["P"]})
    await enrich_run(flow, Run(id="r", event=named, charger="C"))
    await enrich_run(flow, Run(id="*raw", event=named))
    driver = cast("Driver", flow.driver)
    assert [sent.options()["*attrProfileIDs"] for sent in driver.sent] == [None, ["P"]]
