"""ThresholdSv1: events count against the thresholds that they match, and set off what those stand for.

Source: spec/tariffplans.md §11, spec/observed_events.md (Thresholds).
"""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Mapping, Set
from typing import TYPE_CHECKING, Any

import trio

from cgrd import CGREvent, EventArgs, Instant, Peer, Subsystem, method
from cgrd.errors import NotFound, PartiallyExecuted
from cgrd.fields import text_of
from cgrd.options import asked_flag, asked_ids
from cgrd_subsystem_thresholds.acting import act, export
from cgrd_subsystem_thresholds.kinds import ThresholdProfile
from cgrd_subsystem_thresholds.states import States
from cgrd_subsystem_thresholds.sy import SySessions
from cgrd_subsystem_thresholds.wire import SyConnection, TenantArgs, Threshold, ThresholdArgs

if TYPE_CHECKING:
    from cgrd.services import Services

PROCESS = "ThresholdSv1.ProcessEvent"
Found = list[ThresholdProfile]


class ThresholdS(Subsystem, section="thresholds"):
    """Acts when events of a sort have come often enough."""

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        super().__init__(services=services, config=_with_actions(config))
        self._table = services.profiles["ThresholdProfile"]
        self.states = States(services=services)
        self.sy = SySessions(self)

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        self.states.load()
        self.sy.load()
        await super().serve(task_status=task_status)

    async def reload(self, config: dict[str, Any]) -> None:
        self.config = _with_actions(config)

    def matching(self, event: CGREvent) -> Found | Coroutine[Any, Any, Found]:
        """The profiles that the event counts against, best weight first, none behind a blocker; a coroutine where filters ask others.

        Raises:
            NotFound: there are none.
            CgrdError: an option or a filter cannot be used.
        """
        defaults, options = self.config["opts"], event.options()
        found: Found | Coroutine[Any, Any, Found] = self._table.begin_matching(
            roots_of(event),
            tenant=event.Tenant,
            ids=asked_ids(options, "*thdProfileIDs", defaults["*profileIDs"]),
            ignore_filters=asked_flag(options, "*thdProfileIgnoreFilters", defaults["*profileIgnoreFilters"]),
            at=event.Time,
        )
        return _until_blocker(found, event) if isinstance(found, list) else _after_fetch(found, event)

    def heeds(self, tenant: str, fields: Set[str], options: Mapping[str, Any]) -> bool:
        """Whether an event may hit anything that has these fields, whatever they hold, and these options."""
        named = asked_ids(options, "*thdProfileIDs", self.config["opts"]["*profileIDs"])
        return bool(named) or self._table.may_match(tenant or self.services.default_tenant, fields, options)

    @method(PROCESS, heeds="heeds")
    def process_event(self, args: EventArgs) -> list[str] | Coroutine[Any, Any, list[str]]:
        """Count the event; the ids of the thresholds that it hits.

        Raises:
            MandatoryMissing, NotFound: no event, or no threshold for it.
            PartiallyExecuted: it is counted, but actions or exporters failed.
        """
        event = args.event(self.services.default_tenant)
        found = self.matching(event)
        return self._processed(event, found) if isinstance(found, list) else self._processed_after_fetch(event, found)

    async def _processed_after_fetch(self, event: CGREvent, finding: Awaitable[Found]) -> list[str]:
        done = self._processed(event, await finding)
        return done if isinstance(done, list) else await done

    def _processed(self, event: CGREvent, found: Found) -> list[str] | Coroutine[Any, Any, list[str]]:
        hit, fired = self._count(found)
        ids = [profile.ID for profile in hit]
        return self._fire_each(event, fired, ids) if fired else ids

    async def _fire_each(self, event: CGREvent, fired: Found, ids: list[str]) -> list[str]:
        failed = [line for profile in fired for line in await self._fire(profile, event)]
        if failed:
            self.services.log("thresholds").warning("not all done", event_id=event.ID, failed=failed)
            raise PartiallyExecuted(explain="; ".join(failed))
        return ids

    def _count(self, profiles: Found) -> tuple[Found, Found]:
        """Count a hit for those that take any more; these, and those of them that fire."""
        now = self.services.clock.now()
        hit, fired = [], []
        with self.services.store.transaction(why=PROCESS) as tx:
            for profile in profiles:
                state = self.states.of(profile)
                if profile.MaxHits != -1 and state.Hits >= profile.MaxHits:
                    continue
                fires = now >= state.Snooze and state.Hits + 1 >= profile.MinHits
                snooze = now.plus(profile.MinSleep) if fires else state.Snooze
                self.states.set(profile, tx, hits=state.Hits + 1, snooze=snooze)
                hit.append(profile)
                if fires:
                    fired.append(profile)
        return hit, fired

    async def _fire(self, profile: ThresholdProfile, event: CGREvent) -> list[str]:
        if not profile.Async:
            failed = await act(self, profile, event)
        else:
            failed = []
            self.services.background.start_soon(self._act_aside, profile, event)
        return failed + await export(self, profile, self.states.told(profile), event)

    async def _act_aside(self, profile: ThresholdProfile, event: CGREvent) -> None:
        if failed := await act(self, profile, event):
            self.services.log("thresholds").warning("not all done", event_id=event.ID, failed=failed)

    @method("ThresholdSv1.GetThresholdsForEvent")
    async def thresholds_for_event(self, args: EventArgs) -> list[Threshold]:
        """How the thresholds stand that the event would count against."""
        found = self.matching(args.event(self.services.default_tenant))
        return [self.states.told(profile) for profile in (found if isinstance(found, list) else await found)]

    @method("ThresholdSv1.GetThresholdIDs")
    def threshold_ids(self, args: TenantArgs) -> list[str]:
        """Ids of all thresholds of a tenant."""
        ids: list[str] = self.services.profiles["ThresholdProfile"].ids(args.Tenant or self.services.default_tenant)
        return ids

    @method("ThresholdSv1.GetThreshold")
    def threshold(self, args: ThresholdArgs) -> Threshold:
        """How a threshold stands."""
        return self.states.get(args.Tenant or self.services.default_tenant, args.ID)

    @method("ThresholdSv1.ResetThreshold")
    def reset_threshold(self, args: ThresholdArgs) -> str:
        """Begin anew: no hits, no sleep."""
        profile = self.services.profiles["ThresholdProfile"].get(args.Tenant or self.services.default_tenant, args.ID)
        with self.services.store.transaction(why="ThresholdSv1.ResetThreshold") as tx:
            self.states.set(profile, tx, hits=0, snooze=Instant.ZERO)
        return "OK"

    @method("ThresholdSv1.StoreClientConnID")
    def store_connection(self, args: SyConnection, peer: Peer | None) -> str:
        """Remember which Sy session a threshold stands for; the caller is told when it fires."""
        self.sy.store(args, peer)
        return "OK"

    @method("ThresholdSv1.RemoveClientConnID")
    def remove_connection(self, args: str) -> str:
        """Forget the Sy session with this CGRID."""
        self.sy.remove(args)
        return "OK"

    @method("ThresholdSv1.RegisterInternalBiJSONConn")
    def register_connection(self, args: str) -> str:
        """Nothing to do: a caller in this process is known by its calls."""
        return "OK"


async def _after_fetch(finding: Awaitable[Found], event: CGREvent) -> Found:
    return _until_blocker(await finding, event)


def _until_blocker(found: Found, event: CGREvent) -> Found:
    if not found:
        raise NotFound(explain=f"no threshold of tenant {event.Tenant} matches; load Thresholds.csv or use APIerSv1.SetThresholdProfile")
    blocker = next((at for at, profile in enumerate(found) if profile.Blocker), len(found))
    return found[: blocker + 1]


def roots_of(event: CGREvent) -> dict[str, Any]:
    """What filters may read: the event, its options, and of an account's summary `~*asm.BalanceSummaries.<balance>.Value`."""
    roots: dict[str, Any] = {"*req": event.Event, "*opts": event.options()}
    summaries = event.Event.get("BalanceSummaries")
    if isinstance(summaries, (list, tuple)):
        by_id = {text_of(each.get("ID") or each.get("UUID")): each for each in summaries if isinstance(each, dict)}
        roots["*asm"] = {**event.Event, "BalanceSummaries": by_id}
    return roots


def _with_actions(config: dict[str, Any]) -> dict[str, Any]:
    """The section with the edge over which actions run: `apiers_conns`, and this daemon's own where it names none."""
    return {**config, "actions_conns": config["apiers_conns"] or ["*internal"]}
