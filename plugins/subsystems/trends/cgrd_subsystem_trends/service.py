"""TrendSv1: reads statistics by the clock and tells how they change.

Source: spec/tariffplans.md §9, spec/observed_events.md (Trends, rankings).
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import trio
from msgspec.structs import replace

from cgrd import CGREvent, Instant, Subsystem, method
from cgrd.cron import ScheduledProfiles
from cgrd.errors import MandatoryMissing, NotFound
from cgrd.instants import parse_instant
from cgrd_subsystem_trends.growth import grown
from cgrd_subsystem_trends.kinds import TrendProfile
from cgrd_subsystem_trends.runs import Metrics, Runs
from cgrd_subsystem_trends.wire import PartArgs, ScheduleArgs, Scheduled, ScheduledArgs, Summary, Trend, TrendArgs

if TYPE_CHECKING:
    from cgrd.services import Services

UPDATE = "TrendUpdate"
NONE = ["*none"]


class TrendS(Subsystem, section="trends"):
    """How statistics develop."""

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        super().__init__(services=services, config=config)
        self.runs = Runs(services=services)
        self.scheduled = ScheduledProfiles(services=services, kind="TrendProfile", log="trends", run=self.run)

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        self.runs.load()
        await self.scheduled.serve(self.config["scheduled_ids"], task_status=task_status)

    async def run(self, profile: TrendProfile) -> None:
        """Read the statistic of a trend once."""
        asked = {"Tenant": profile.Tenant, "ID": profile.StatID}
        numbers = await self.call("stats", "StatSv1.GetQueueFloatMetrics", asked, dict[str, Decimal])
        trend = self._with_run(profile, numbers)
        if len(trend.RunTimes) >= profile.MinItems:
            await self._tell(profile, trend)

    def _with_run(self, profile: TrendProfile, numbers: dict[str, Decimal]) -> Trend:
        now = self.services.clock.now()
        trend = self.runs.keep(profile, now)
        kept = [(trend.Metrics or {})[str(time)] for time in trend.RunTimes]
        wanted = [id for id in profile.Metrics if id in numbers] if profile.Metrics else list(numbers)
        found: Metrics = {
            id: grown(
                id, numbers[id], before=[run[id].Value for run in kept if id in run], by=profile.CorrelationType,
                tolerance=profile.Tolerance, decimals=self.services.rounding_decimals,
            )
            for id in wanted
        }  # fmt: skip
        trend = Trend(trend.Tenant, trend.ID, [*trend.RunTimes, now], {**(trend.Metrics or {}), str(now): found})
        self.runs.put(profile, trend, uncompressed=int(self.config["store_uncompressed_limit"]))
        return trend

    async def _tell(self, profile: TrendProfile, trend: Trend) -> None:
        time = trend.RunTimes[-1]
        fields = {"EventType": UPDATE, "TrendID": trend.ID, "Time": time, "Metrics": (trend.Metrics or {})[str(time)]}
        options: dict[str, Any] = {"*eventType": UPDATE}
        event = CGREvent(Tenant=trend.Tenant, ID=uuid4().hex, Time=time, Event=fields, APIOpts=options)
        if self.linked("thresholds") and profile.ThresholdIDs != NONE:
            named = {**options, "*thdProfileIDs": profile.ThresholdIDs} if profile.ThresholdIDs else options
            asked = replace(event, Event=fields, APIOpts=named)
            await self.call_or_none("thresholds", "ThresholdSv1.ProcessEvent", asked)
        if self.linked("ees"):
            args = {name: getattr(event, name) for name in event.__struct_fields__}
            await self.call_or_none("ees", "EeSv1.ProcessEvent", {**args, "EeIDs": self.config["ees_exporter_ids"] or None})

    @method("TrendSv1.ScheduleQueries")
    def schedule_queries(self, args: ScheduleArgs) -> int:
        """Schedule the trends; how many there are.

        Raises:
            PartiallyExecuted: some could not be.
        """
        return self.scheduled.schedule(args.Tenant or self.services.default_tenant, args.TrendIDs or [])

    @method("TrendSv1.GetScheduledTrends")
    def scheduled_trends(self, args: ScheduledArgs) -> list[Scheduled]:
        """What is scheduled and when, the next first.

        Raises:
            NotFound: nothing is.
        """
        found = self.scheduled.of(args.Tenant or self.services.default_tenant, args.TrendIDPrefixes or [])
        if not found:
            raise NotFound(explain="no such trend is scheduled; use TrendSv1.ScheduleQueries or trends.scheduled_ids")
        return [Scheduled(each.id, each.next, each.previous) for each in found]

    @method("TrendSv1.GetTrend")
    def trend(self, args: PartArgs) -> Trend:
        """A trend's runs, or part of them.

        Raises:
            NotFound: there is no such trend, or no such run.
        """
        if not args.ID:
            raise MandatoryMissing("ID")
        trend = self.runs.get(args.Tenant or self.services.default_tenant, args.ID)
        times = self._part(trend.RunTimes, args)
        if not times:
            raise NotFound(explain=f"trend {args.ID} has {len(trend.RunTimes)} runs, and none of them is asked for")
        return Trend(trend.Tenant, trend.ID, times, {str(time): (trend.Metrics or {})[str(time)] for time in times})

    def _part(self, times: list[Instant], args: PartArgs) -> list[Instant]:
        start = max(0, args.RunIndexStart)
        # An end before the start is none, as recorded.
        found = times[start : args.RunIndexEnd] if args.RunIndexEnd > start else times[start:]
        since, until = self._moment(args.RunTimeStart), self._moment(args.RunTimeEnd)
        return [time for time in found if (since is None or time >= since) and (until is None or time <= until)]

    def _moment(self, text: str) -> Instant | None:
        return parse_instant(text, zone=self.services.zone, now=self.services.clock.now()) if text else None

    @method("TrendSv1.GetTrendSummary")
    def trend_summary(self, args: TrendArgs) -> Summary:
        """A trend's last run.

        Raises:
            NotFound: there is no such trend.
        """
        trend = self.runs.get(args.Tenant or self.services.default_tenant, args.ID)
        if not trend.RunTimes:
            return Summary(trend.Tenant, trend.ID)
        last = trend.RunTimes[-1]
        return Summary(trend.Tenant, trend.ID, last, (trend.Metrics or {})[str(last)])
