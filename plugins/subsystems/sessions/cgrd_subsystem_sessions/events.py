"""The generic API: `ProcessEvent` does to an event what its flags say, `GetCost` prices it.

Source: spec/sessions.md §3 (GetCost) and §4.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from cgrd import CGREvent, FlaggedEvent, Flow, Peer, Run, method
from cgrd.costs import CallCost, EventCost, descriptor_of, duration_of, event_cost
from cgrd.errors import CgrdError, NotConnected, Prefixed
from cgrd.fields import Flags
from cgrd.flows import settled, travel
from cgrd_subsystem_sessions.stages import RAW

if TYPE_CHECKING:
    from cgrd_subsystem_sessions.service import SessionS

DERIVED = "*derived_reply"
BLOCKER = "*blocker_error"
"""Errors of tolerant stages end the request."""


class EventFlow(Flow):
    """The runs are the event's views: the event as it came first, then one per charger. A stage sees the others where it is asked to."""

    __slots__ = ()

    def chosen(self) -> Sequence[Run]:
        return self.runs if DERIVED in self.options() else self.runs[:1]


class Events:
    """Serves the generic API.

    Args:
        owner: SessionS with its parts.
    """

    def __init__(self, owner: SessionS) -> None:
        self._owner = owner

    @method("SessionSv1.ProcessEvent")
    async def process(self, args: FlaggedEvent, peer: Peer | None = None) -> dict[str, Any]:
        """Do what the flags say; the reply's parts are by run, `*raw` the event as it came.

        Raises:
            MandatoryMissing: no event.
            PartiallyExecuted: everything was done, something beside the main work failed.
        """
        asked = Flags(args.Flags or ()).asked()
        event = self._owner.completed(args, keyed=False)
        self._owner.peers.remember(peer)
        flow = EventFlow(name="event", driver=self._owner, event=event, asked=asked, peer=peer)
        flow.strict = BLOCKER in flow.asked
        flow.runs = [Run(id=RAW, event=event)]
        answer: dict[str, Any] = await self._owner.answering("SessionSv1.ProcessEvent", args, event, partial(self._travelled, flow))
        return answer

    async def _travelled(self, flow: Flow) -> dict[str, Any]:
        async with self._owner.lifecycle.lock(*self._owner.keys_of(flow.event)):
            await travel(self._owner.services.flows["event"], flow)
        return settled(flow).by_run

    @method("SessionSv1.GetCost")
    async def get_cost(self, args: FlaggedEvent) -> dict[str, Any]:
        """What an event would cost, after AttributeS where the flags ask for it; nobody pays.

        Raises:
            MandatoryMissing: no event.
        """
        event = self._owner.completed(args, keyed=False)
        asked = {flag: options for flag, options in Flags(args.Flags or ()).asked().items() if flag == "*attributes"}
        flow = EventFlow(name="event", driver=self._owner, event=event, asked=asked)
        flow.runs = [Run(id=RAW, event=event)]
        await travel(self._owner.services.flows["event"], flow)
        return {"Attributes": flow.reply.get("Attributes"), "EventCost": await self._cost(flow.runs[0].event)}

    async def _cost(self, event: CGREvent) -> EventCost:
        services = self._owner.services
        if not self._owner.linked("rals"):
            raise NotConnected("RALs", explain="sessions.rals_conns is empty; name a connection there")
        usage = duration_of(event.Event, "Usage") or 0
        call = replace(descriptor_of(event, usage=usage, zone=services.zone, category=services.default_category), CgrID=event.ID)
        try:
            cost: CallCost = await self._owner.call("rals", "Responder.GetCost", call, CallCost)
        except CgrdError as error:
            raise Prefixed("RALS_ERROR", error) from error
        return event_cost(cost, cgrid=event.ID, run_id=call.RunID, decimals=services.rounding_decimals)
