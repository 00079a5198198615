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
from cgrd.cron import ScheduledProfiles
from cgrd.errors import CgrdError, MandatoryMissing, NotFound
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
        self.scheduled = ScheduledProfiles(services=services, kind="RankingProfile", log="rankings", run=self.run)

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        self.rankings.load()
        await self.scheduled.serve(self.config["scheduled_ids"], task_status=task_status)

    async def run(self, profile: RankingProfile) -> None:
        """Order the statistics of a ranking once."""
        ranking = await self._ranked(profile)
        self.rankings.put(profile, ranking)
        if ranking.SortedStatIDs:
            await self._tell(profile, ranking)

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
        return self.scheduled.schedule(args.Tenant or self.services.default_tenant, args.RankingIDs or [])

    @method("RankingSv1.GetSchedule")
    def schedule(self, args: ScheduledArgs) -> list[Scheduled]:
        """What is scheduled and when, the next first.

        Raises:
            NotFound: nothing is.
        """
        found = self.scheduled.of(args.Tenant or self.services.default_tenant, args.RankingIDPrefixes or [])
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
