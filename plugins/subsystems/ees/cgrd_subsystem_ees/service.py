"""EeSv1: every exporter that takes an event gets its record; what must arrive goes through the outbox.

Source: spec/agents.md §M.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import trio
from msgspec.structs import replace

from cgrd import CGREvent, Subsystem, method
from cgrd.codec import plain_tree
from cgrd.errors import CgrdError, ConfigurationError, MandatoryMissing, NotFound, PartiallyExecuted
from cgrd_subsystem_ees.lanes import Lane
from cgrd_subsystem_ees.metrics import Metrics

if TYPE_CHECKING:
    from cgrd.services import Services


class ExportArgs(CGREvent, kw_only=True):
    """An event, and the exporters it is meant for; all that take it when none is named."""

    EeIDs: list[str] | None = None


class ResetArgs(msgspec.Struct, kw_only=True):
    """Whose metrics begin anew."""

    Tenant: str = ""
    ID: str = ""
    ExporterID: str = ""
    APIOpts: dict[str, Any] | None = None


class EventExporterS(Subsystem, section="ees"):
    """Owns the exporters that the configuration describes."""

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        super().__init__(services=services, config=config)
        self.lanes = {lane.id: lane for lane in self._lanes(config)}
        self._changed = trio.Event()

    def _lanes(self, config: dict[str, Any]) -> Iterator[Lane]:
        types = self.services.plugins.vocabulary("cgrd_exporters")
        for entry in config["exporters"]:
            kind = entry["type"]
            if kind == "*none":
                continue
            if kind not in types:
                known = ", ".join(sorted(types)) or "none"
                raise ConfigurationError(f"ees.exporters: {entry['id']} is of type {kind}, which no installed plugin gives; there are {known}")
            exporter = types[kind](services=self.services, config=entry)
            exporter.check()
            yield Lane(exporter=exporter, services=self.services)

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        while True:
            async with trio.open_nursery() as nursery:
                self._changed = trio.Event()
                for lane in self.lanes.values():
                    await nursery.start(lane.deliver)
                task_status.started()
                await self._changed.wait()
                nursery.cancel_scope.cancel()

    async def reload(self, config: dict[str, Any]) -> None:
        """Export by another configuration. What waits for an exporter that stays is delivered by its new settings; for one that goes, it waits.

        Raises:
            ConfigurationError: an exporter cannot be used; the old ones go on.
        """
        fresh = {lane.id: lane for lane in self._lanes(config)}
        for name, lane in self.lanes.items():
            if name in fresh:
                fresh[name].metrics = lane.metrics
        self.config, self.lanes = config, fresh
        self._changed.set()

    @method("EeSv1.ProcessEvent")
    async def process_event(self, args: ExportArgs) -> dict[str, Any]:
        """Hand an event over; by exporter, its metrics when `*eesVerbose` is set."""
        if not args.Event:
            raise MandatoryMissing("Event")
        event = CGREvent(Tenant=args.Tenant or self.services.default_tenant, ID=args.ID, Time=args.Time, Event=args.Event, APIOpts=args.APIOpts)
        lanes = await self._taking(event, args.EeIDs)
        if not lanes:
            raise NotFound(explain=f"no exporter takes the event; configured are {', '.join(self.lanes) or 'none'}")
        failed = [f"{lane.id}: {error}" for lane in lanes if (error := await self._hand_over(lane, event))]
        if failed:
            raise PartiallyExecuted(explain="; ".join(failed))
        verbose = bool(event.options().get("*eesVerbose"))
        return {lane.id: plain_tree(lane.metrics) if verbose and lane.exporter.config["synchronous"] else {} for lane in lanes}

    async def _taking(self, event: CGREvent, ids: list[str] | None) -> list[Lane]:
        return [lane for lane in self.lanes.values() if (not ids or lane.id in ids) and await lane.takes(event)]

    async def _hand_over(self, lane: Lane, event: CGREvent) -> CgrdError | None:
        try:
            event = await self._with_attributes(lane, event)
            record = await lane.record_of(event)
            if lane.exporter.config["synchronous"]:
                await lane.send_now(record, event)
            else:
                lane.queue(record, event)
                lane.count(event)
        except CgrdError as error:
            self.services.log("ees").warning("not exported", exporter=lane.id, event_id=event.ID, error=str(error))
            return error
        return None

    async def _with_attributes(self, lane: Lane, event: CGREvent) -> CGREvent:
        config = lane.exporter.config
        if not any(str(flag).startswith("*attributes") for flag in config.get("flags") or ()):
            return event
        options = {**event.options(), "*subsys": "*ees", "*context": config["attribute_context"] or "*ees"}
        if config["attribute_ids"]:
            options["*attrProfileIDs"] = config["attribute_ids"]
        sent = replace(event, APIOpts=options)
        changed: CGREvent | None = await self.call_or_none("attributes", "AttributeSv1.ProcessEvent", sent, CGREvent)
        return event if changed is None else changed

    @method("EeSv1.ResetExporterMetrics")
    def reset_metrics(self, args: ResetArgs) -> str:
        """Begin an exporter's metrics anew."""
        name = args.ExporterID or args.ID
        if name not in self.lanes:
            raise NotFound(explain=f"no exporter {name}; there are {', '.join(self.lanes) or 'none'}")
        self.lanes[name].metrics = Metrics(ExportPath=str(self.lanes[name].exporter.config["export_path"]))
        return "OK"
