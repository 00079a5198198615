"""RankingSv1: orders statistics by the clock.

Source: spec/tariffplans.md §10, spec/observed_events.md (Trends, rankings).
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import trio
from msgspec.structs import replace

from cgrd import CGREvent, Subsystem, method
from cgrd.cron import Cadence, Timetable
from cgrd.errors import CgrdError, MandatoryMissing, NotFound, PartiallyExecuted
from cgrd.profiles import Change
from cgrd_subsystem_rankings.kinds import RankingProfile
from cgrd_subsystem_rankings.ordering import ordered
from cgrd_subsystem_rankings.rankings import Rankings
from cgrd_subsystem_rankings.wire import Numbers, Ranking, RankingArgs, ScheduleArgs, Scheduled, ScheduledArgs, Summary

if TYPE_CHECKING:
    from cgrd.services import Services

UPDATE = "RankingUpdate"
NONE = ["*none"]


class RankingS(Subsystem, section="rankings"):
    """Statistics compared."""

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        super().__init__(services=services, config=config)
        self.rankings = Rankings(services=services)
        self.timetable = Timetable(clock=services.clock, run=self.run)
        services.profiles["RankingProfile"].watch(self._changed)

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        self.rankings.load()
        async with trio.open_nursery() as nursery:
            await nursery.start(self.timetable.serve)
            for tenant, ids in (self.config["scheduled_ids"] or {}).items():
                self._schedule(tenant, ids or self.services.profiles["RankingProfile"].ids(tenant))
            task_status.started()

    def _schedule(self, tenant: str, ids: list[str]) -> list[str]:
        """Schedule profiles; what could not be, a line each."""
        failed = []
        for id in ids:
            try:
                profile: RankingProfile = self.services.profiles["RankingProfile"].get(tenant, id)
                self.timetable.put(tenant, id, Cadence(profile.Schedule))
            except CgrdError as error:
                failed.append(f"{tenant}:{id}: {error} {error.explain}".rstrip())
        if failed:
            self.services.log("rankings").warning("not scheduled", failed=failed)
        return failed

    def _changed(self, change: Change) -> None:
        for key in change.dropped:
            tenant, _, id = key.partition(":")
            self.timetable.drop(tenant, id)
        for key in change.put:
            tenant, _, id = key.partition(":")
            if (tenant, id) in self.timetable:
                self.timetable.drop(tenant, id)
                self._schedule(tenant, [id])

    async def run(self, tenant: str, id: str) -> None:
        """Order the statistics of a ranking once; what goes wrong is logged."""
        try:
            profile: RankingProfile = self.services.profiles["RankingProfile"].get(tenant, id)
            ranking = await self._ranked(profile)
            self.rankings.put(profile, ranking)
            if ranking.SortedStatIDs:
                await self._tell(profile, ranking)
        except Exception as error:
            # A run that fails is followed by the next one.
            self.services.log("rankings").warning("ranking not run", ranking=f"{tenant}:{id}", error=str(error) or repr(error))

    async def _ranked(self, profile: RankingProfile) -> Ranking:
        """The ranking now; where a statistic cannot be asked, those before it, and no order."""
        numbers: Numbers = {}
        ranking = Ranking(profile.Tenant, profile.ID, self.services.clock.now(), numbers, profile.Sorting, profile.SortingParameters or [])
        try:
            for id in profile.StatIDs or ():
                asked = {"Tenant": profile.Tenant, "ID": id}
                found = await self.call("stats", "StatSv1.GetQueueFloatMetrics", asked, dict[str, Decimal])
                numbers[id] = {metric: value for metric, value in found.items() if not profile.MetricIDs or metric in profile.MetricIDs}
            ranking.SortedStatIDs = ordered(numbers, sorting=profile.Sorting, parameters=profile.SortingParameters or [])
        except CgrdError as error:
            self.services.log("rankings").warning("no order", ranking=f"{profile.Tenant}:{profile.ID}", error=str(error))
        return ranking

    async def _tell(self, profile: RankingProfile, ranking: Ranking) -> None:
        fields = {"EventType": UPDATE, "RankingID": ranking.ID, "LastUpdate": ranking.LastUpdate, "SortedStatIDs": ranking.SortedStatIDs}
        options: dict[str, Any] = {"*eventType": UPDATE}
        event = CGREvent(Tenant=ranking.Tenant, ID=uuid4().hex, Time=ranking.LastUpdate, Event=fields, APIOpts=options)
        if self.linked("thresholds") and profile.ThresholdIDs != NONE:
            named = {**options, "*thdProfileIDs": profile.ThresholdIDs} if profile.ThresholdIDs else options
            asked = replace(event, Event=fields, APIOpts=named)
            await self.call_or_none("thresholds", "ThresholdSv1.ProcessEvent", asked)
        if self.linked("ees"):
            args = {name: getattr(event, name) for name in event.__struct_fields__}
            await self.call_or_none("ees", "EeSv1.ProcessEvent", {**args, "EeIDs": self.config["ees_exporter_ids"] or None})

    @method("RankingSv1.ScheduleQueries")
    def schedule_queries(self, args: ScheduleArgs) -> int:
        """Schedule the rankings; how many there are.

        Raises:
            PartiallyExecuted: some could not be.
        """
        ids = args.RankingIDs or []
        if failed := self._schedule(args.Tenant or self.services.default_tenant, ids):
            raise PartiallyExecuted(explain="; ".join(failed))
        return len(ids)

    @method("RankingSv1.GetSchedule")
    def schedule(self, args: ScheduledArgs) -> list[Scheduled]:
        """What is scheduled and when, the next first.

        Raises:
            NotFound: nothing is.
        """
        found = self.timetable.of(args.Tenant or self.services.default_tenant, args.RankingIDPrefixes or [])
        if not found:
            raise NotFound(explain="no such ranking is scheduled; use RankingSv1.ScheduleQueries or rankings.scheduled_ids")
        return [Scheduled(each.id, each.next, each.previous) for each in found]

    @method("RankingSv1.GetRanking")
    def ranking(self, args: RankingArgs) -> Ranking:
        """A ranking with the metrics that decided.

        Raises:
            NotFound: there is no such ranking.
        """
        if not args.ID:
            raise MandatoryMissing("ID")
        return self.rankings.get(args.Tenant or self.services.default_tenant, args.ID)

    @method("RankingSv1.GetRankingSummary")
    def ranking_summary(self, args: RankingArgs) -> Summary:
        """The order alone.

        Raises:
            NotFound: there is no such ranking.
        """
        found = self.rankings.get(args.Tenant or self.services.default_tenant, args.ID)
        return Summary(found.Tenant, found.ID, found.LastUpdate, found.SortedStatIDs)
