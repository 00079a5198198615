"""StatSv1: events feed the queues that they match; anybody may ask what came of it.

Source: spec/tariffplans.md §8, spec/observed_events.md (Stats).
"""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Mapping, Set
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import trio

from cgrd import CGREvent, EventArgs, Subsystem, method
from cgrd.errors import CgrdError, MandatoryMissing, NotFound, PartiallyExecuted
from cgrd.options import asked_flag, asked_ids
from cgrd_subsystem_stats.kinds import StatQueueProfile
from cgrd_subsystem_stats.queue import StatQueue, Values
from cgrd_subsystem_stats.queues import Queues
from cgrd_subsystem_stats.telling import tell
from cgrd_subsystem_stats.wire import Numbers, Queue, QueueArgs, TenantArgs

if TYPE_CHECKING:
    from cgrd.services import Services

PROCESS = "StatSv1.ProcessEvent"
Found = list[StatQueueProfile]


class StatS(Subsystem, section="stats"):
    """Statistics over queues of events."""

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        super().__init__(services=services, config=config)
        self.queues = Queues(services=services)

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        self.queues.load()
        await super().serve(task_status=task_status)

    def matching(self, event: CGREvent) -> Found | Coroutine[Any, Any, Found]:
        """The profiles that take the event, best weight first, none behind a blocker; a coroutine where filters ask others.

        Raises:
            NotFound: there are none.
            CgrdError: an option or a filter cannot be used.
        """
        defaults, options = self.config["opts"], event.options()
        found: Found | Coroutine[Any, Any, Found] = self.services.profiles["StatQueueProfile"].begin_matching(
            {"*req": event.Event, "*opts": options},
            tenant=event.Tenant,
            ids=asked_ids(options, "*stsProfileIDs", defaults["*profileIDs"]),
            ignore_filters=asked_flag(options, "*stsProfileIgnoreFilters", defaults["*profileIgnoreFilters"]),
            at=event.Time,
        )
        return _until_blocker(found, event) if isinstance(found, list) else _after_fetch(found, event)

    def heeds(self, tenant: str, fields: Set[str], options: Mapping[str, Any]) -> bool:
        """Whether an event may feed anything that has these fields, whatever they hold, and these options."""
        named = asked_ids(options, "*stsProfileIDs", self.config["opts"]["*profileIDs"])
        return bool(named) or self.services.profiles["StatQueueProfile"].may_match(tenant or self.services.default_tenant, fields, options)

    @method("StatSv1.ProcessEvent", heeds="heeds")
    def process_event(self, args: EventArgs) -> Coroutine[Any, Any, list[str]]:
        """Feed the queues that match; their ids.

        Raises:
            MandatoryMissing, NotFound: no event, or no queue for it.
            PartiallyExecuted: the queues are fed, but thresholds or exporters could not be told.
        """
        event = args.event(self.services.default_tenant)
        return self._fed(event, self.matching(event))

    async def _fed(self, event: CGREvent, found: Found | Coroutine[Any, Any, Found]) -> list[str]:
        profiles = found if isinstance(found, list) else await found
        given = [await self._measured(profile, event) for profile in profiles]
        # Filters may have waited: what holds now counts, and a profile that is gone takes nothing.
        fed = [(queue, values) for queue, values in zip(map(self.queues.find, profiles), given, strict=True) if queue is not None]
        stored = any(queue.profile.Stored for queue, _ in fed)
        with self.services.store.transaction(why=PROCESS) if stored else nullcontext() as tx:
            for queue, values in fed:
                self.queues.add(queue, event.ID, values, tx)
        if failed := await tell(self, [queue for queue, _ in fed], event.options()):
            self.services.log("stats").warning("not told", event_id=event.ID, failed=failed)
            raise PartiallyExecuted(explain="; ".join(failed))
        return [profile.ID for profile in profiles]

    async def _measured(self, profile: StatQueueProfile, event: CGREvent) -> Values:
        def refuse(metric: str, error: CgrdError) -> None:
            self.services.log("stats").debug("metric without value", queue=profile.ID, metric=metric, event_id=event.ID, error=str(error))

        return await self.queues.get(profile.Tenant, profile.ID).measure({"*req": event.Event}, refuse)

    @method("StatSv1.GetStatQueuesForEvent")
    async def queues_for_event(self, args: EventArgs) -> list[str]:
        """Ids of the queues that the event would feed."""
        found = self.matching(args.event(self.services.default_tenant))
        return [profile.ID for profile in (found if isinstance(found, list) else await found)]

    @method("StatSv1.GetQueueIDs")
    def queue_ids(self, args: TenantArgs) -> list[str]:
        """Ids of all queues of a tenant."""
        return self.services.profiles["StatQueueProfile"].ids(args.Tenant or self.services.default_tenant)

    def _queue(self, args: QueueArgs) -> StatQueue:
        if not args.ID:
            raise MandatoryMissing("ID")
        return self.queues.get(args.Tenant or self.services.default_tenant, args.ID)

    @method("StatSv1.GetStatQueue")
    def stat_queue(self, args: QueueArgs) -> Queue:
        """A queue with its events and the inside of its metrics."""
        return self._queue(args).shown()

    @method("StatSv1.GetQueueStringMetrics")
    def string_metrics(self, args: QueueArgs) -> dict[str, str]:
        """The metrics as text, "N/A" for those without a number yet."""
        return self._queue(args).texts(self.services.rounding_decimals)

    @method("StatSv1.GetQueueFloatMetrics")
    def float_metrics(self, args: QueueArgs) -> Numbers:
        """The metrics as numbers, -1 for those without one yet."""
        return self._queue(args).numbers(self.services.rounding_decimals)

    @method("StatSv1.ResetStatQueue")
    def reset_queue(self, args: QueueArgs) -> str:
        """Empty a queue."""
        self.queues.reset(self._queue(args), why="StatSv1.ResetStatQueue")
        return "OK"


async def _after_fetch(finding: Awaitable[Found], event: CGREvent) -> Found:
    return _until_blocker(await finding, event)


def _until_blocker(found: Found, event: CGREvent) -> Found:
    if not found:
        raise NotFound(explain=f"no statistic of tenant {event.Tenant} takes the event; load Stats.csv or use APIerSv1.SetStatQueueProfile")
    blocker = next((at for at, profile in enumerate(found) if profile.Blocker), len(found))
    return found[: blocker + 1]
