"""Where RouteS takes part in flows: which ways lead to the destination, best first.

Source: spec/sessions.md §3 and §4.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from cgrd import CGREvent, Flow, Run, stage

GET = "RouteSv1.GetRoutes"
EDGE: Final[dict[str, Any]] = {"edge": "routes", "service": "RouteS", "reply": "RouteProfiles", "errors": "ROUTES_ERROR"}
INPUTS: Final = {"RoutesMaxCost": str, "RoutesIgnoreErrors": bool, "Limit": int | None, "Offset": int | None}


@stage("*routes", of="authorize", after="*attributes *chargers *rals *resources *ips", args="GetRoutes", inputs=INPUTS, **EDGE)
@stage("*routes", of="message", after="*attributes *resources *ips", before="*rals", args="GetRoutes", inputs=INPUTS, **EDGE)
async def routes(flow: Flow) -> Any:
    """The routes for the event, under the limits that the arguments name."""
    asked = flow.options()
    options: dict[str, Any] = {}
    if asked.get("RoutesIgnoreErrors"):
        options["*rouIgnoreErrors"] = True
    if asked.get("RoutesMaxCost"):
        options["*rouMaxCost"] = asked["RoutesMaxCost"]
    for name, option in (("Limit", "*rouLimit"), ("Offset", "*rouOffset")):
        if asked.get(name) is not None:
            options[option] = asked[name]
    return await flow.call(GET, asking(flow.event, options))


@stage("*routes", of="event", after="*chargers *attributes", per="run", **EDGE)
async def routes_of_view(flow: Flow, run: Run) -> Any:
    """The routes for one view of the event."""
    asked = flow.options()
    options: dict[str, Any] = {}
    if "*ignore_errors" in asked:
        options["*rouIgnoreErrors"] = True
    if "*event_cost" in asked:
        options["*rouMaxCost"] = "*event_cost"
    elif asked.get("*maxcost"):
        options["*rouMaxCost"] = asked["*maxcost"][0]
    return await flow.call(GET, asking(run.event, options))


def asking(event: CGREvent, options: dict[str, Any]) -> CGREvent:
    """The event as RouteS wants it; an average call duration (`ACD`) stands for the usage."""
    fields = event.Event
    if "ACD" in fields:
        fields = {**fields, "Usage": fields["ACD"]}
    return replace(event, Event=fields, APIOpts={**event.options(), **options})
