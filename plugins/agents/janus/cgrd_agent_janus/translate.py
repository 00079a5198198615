"""From what a browser asks and what Janus says to the events of SessionS. Pure: no I/O, no clock, tested by cases.

The fields that are always set are Account, Destination, RequestType, Category, ToR, SetupTime, Source, OriginHost and OriginID,
and the tenant; request processors may change each and add others, with the field language over `*req` (the Janus message) and
`*vars` (RemoteHost, NodeID and the fields that are set without them).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from cgrd import CGREvent, Instant
from cgrd.fields import Exchange, RequestProcessor
from cgrd_agent_janus.flags import Asked, read_flags
from cgrd_agent_janus.wire import AuthorizeArgs, InitiateArgs, TerminateArgs, UpdateArgs, event_part

SOURCE = "JanusAgent"

# Neither belongs into an event: the description of the media is long, the secrets are Janus' own.
_NOT_FOR_EVENTS = frozenset({"jsep", "apisecret", "admin_secret", "candidate", "candidates"})


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent knows of a step: who, where to, since when, and under which id."""

    account: str
    destination: str
    origin_host: str
    origin_id: str
    setup: Instant
    remote_host: str = ""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An event and what SessionS is asked to do with it; `free` when a processor says `*none`: nothing at all."""

    event: CGREvent
    asked: Asked
    free: bool = False


class Translator:
    """Makes events.

    Args:
        tenant, request_type, category: what is used where no processor says otherwise.
        node_id: `~*vars.NodeID`.
        asked: what SessionS is asked for where no processor says otherwise.
        processors: the request processors, in their order.
    """

    def __init__(self, *, tenant: str, request_type: str, category: str, node_id: str, asked: Asked, processors: Sequence[RequestProcessor] = ()) -> None:
        self._tenant = tenant
        self._request_type = request_type
        self._category = category
        self._node_id = node_id
        self._asked = asked
        self._processors = processors

    async def order(self, *, request: Mapping[str, Any], facts: Facts, event_id: str, at: Instant) -> Order:
        """The event of a step. It waits only where a processor's field is asked of another subsystem.

        Args:
            request: the Janus message as processors see it (`*req`), made by `as_request`.
            facts: what the agent knows.
            event_id: the event's ID.
            at: the event's time.

        Raises:
            CgrdError: a processor's field is mandatory and empty, or a converter refuses.
        """
        fields = self._fields(facts)
        known = {"NodeID": self._node_id, "RemoteHost": facts.remote_host, **fields}
        exchange = Exchange(request=request, vars=known)
        event = CGREvent(Tenant=self._tenant, ID=event_id, Time=at, Event=fields)
        flags: list[str] = []
        for processor in self._processors:
            if await processor.takes(exchange.roots):
                made = await exchange.request(processor, default_tenant=event.Tenant, now=at, id=event_id)
                event = _merged(event, made)
                flags += processor.flags.texts
                if not processor.continues:
                    break
        return Order(event=event, asked=read_flags(flags, self._asked), free="*none" in flags)

    def _fields(self, facts: Facts) -> dict[str, Any]:
        return {
            "Account": facts.account,
            "Category": self._category,
            "Destination": facts.destination,
            "OriginHost": facts.origin_host,
            "OriginID": facts.origin_id,
            "RequestType": self._request_type,
            "SetupTime": str(facts.setup),
            "Source": SOURCE,
            "ToR": "*voice",
        }


def _merged(event: CGREvent, made: CGREvent) -> CGREvent:
    """What a processor wrote, over what there was."""
    options = {**(event.APIOpts or {}), **(made.APIOpts or {})}
    return CGREvent(Tenant=made.Tenant, ID=made.ID, Time=made.Time, Event={**event.Event, **made.Event}, APIOpts=options or None)


def as_request(message: Mapping[str, Any], *, plugin: str = "", opaque_id: str = "") -> dict[str, Any]:
    """A Janus message as templates see it: its own fields, and the plugin and opaque_id of its handle."""
    kept = {name: value for name, value in message.items() if name not in _NOT_FOR_EVENTS}
    return {**kept, **({"plugin": plugin} if plugin else {}), **({"opaque_id": opaque_id} if opaque_id else {})}


def answered(order: Order, *, at: Instant) -> Order:
    """The order of a call that Janus has put through: the same event with AnswerTime."""
    event = order.event
    fields = {**event.Event, "AnswerTime": str(at)}
    started = replace(event, Event=fields)
    return Order(event=started, asked=order.asked, free=order.free)


def ended(start: CGREvent, *, usage_ns: int, event_id: str, at: Instant, cause: str = "") -> CGREvent:
    """The event of a call's end: that of its start with Usage in nanoseconds, and why it was cut where it was."""
    fields = {**start.Event, "Usage": usage_ns, **({"DisconnectCause": cause} if cause else {})}
    return CGREvent(Tenant=start.Tenant, ID=event_id, Time=at, Event=fields, APIOpts=start.APIOpts)


def once(event: CGREvent, key: str) -> CGREvent:
    """The event with a request key: however often it is repeated, it takes effect once."""
    return replace(event, APIOpts={**(event.APIOpts or {}), "*idempotencyKey": key})


def authorize_args(order: Order) -> AuthorizeArgs:
    """What AuthorizeEvent is asked."""
    return AuthorizeArgs(**order.asked.authorize(), **event_part(order.event))


def initiate_args(order: Order) -> InitiateArgs:
    """What InitiateSession is asked."""
    return InitiateArgs(**order.asked.initiate(), **event_part(order.event))


def update_args(asked: Asked, event: CGREvent) -> UpdateArgs:
    """What UpdateSession is asked."""
    return UpdateArgs(**asked.update(), **event_part(event))


def terminate_args(asked: Asked, event: CGREvent) -> TerminateArgs:
    """What TerminateSession is asked."""
    return TerminateArgs(**asked.terminate(), **event_part(event))
