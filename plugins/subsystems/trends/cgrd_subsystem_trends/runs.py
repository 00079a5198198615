"""The runs of all trends: in memory, stored where the profile says so, in short form when they are many."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import msgspec

from cgrd import Instant
from cgrd.codec import decode, encode
from cgrd.profiles import ProfileStates
from cgrd_subsystem_trends.kinds import TrendProfile
from cgrd_subsystem_trends.wire import Growth, Trend

if TYPE_CHECKING:
    from cgrd.services import Services

TRENDS = "trend"
"""Store kind."""
Metrics = dict[str, Growth]


class Runs:
    """The trends by tenant and id.

    Args:
        services: the profiles, the store.
    """

    def __init__(self, *, services: Services) -> None:
        self._store = services.store
        self._states = ProfileStates(table=services.profiles["TrendProfile"], store=services.store, kind=TRENDS, record=Trend, opened=_opened)

    def load(self) -> None:
        """Read all stored trends back."""
        self._states.load()

    def get(self, tenant: str, id: str) -> Trend:
        """A trend, without runs when it has not run yet.

        Raises:
            NotFound: there is no such profile; or it was asked for before there was one and has not run since, as recorded.
        """
        return self._states.seen(f"{tenant}:{id}") or Trend(Tenant=tenant, ID=id)

    def keep(self, profile: TrendProfile, now: Instant) -> Trend:
        """The trend without the runs that the profile lets go before another one."""
        old = self._states.find(f"{profile.Tenant}:{profile.ID}") or Trend(Tenant=profile.Tenant, ID=profile.ID)
        times = [time for time in old.RunTimes if profile.TTL < 0 or time.ns > now.ns - profile.TTL]
        if profile.QueueLength > 0:
            times = times[-profile.QueueLength :]
        metrics = old.Metrics or {}
        return Trend(Tenant=old.Tenant, ID=old.ID, RunTimes=times, Metrics={str(time): metrics[str(time)] for time in times})

    def put(self, profile: TrendProfile, trend: Trend, *, uncompressed: int) -> None:
        """Put a trend in place, stored where the profile says so."""
        key = f"{profile.Tenant}:{profile.ID}"
        if not profile.Stored:
            self._states.put(key, trend)
            return
        with self._store.transaction(why="TrendS run") as tx:
            self._states.keep(tx, key, trend, stored=_stored(trend, uncompressed))


def _opened(trend: Trend) -> Trend:
    if trend.CompressedMetrics is None:
        return trend
    return msgspec.structs.replace(trend, Metrics=decode(zlib.decompress(trend.CompressedMetrics), dict[str, Metrics]), CompressedMetrics=None)


def _stored(trend: Trend, uncompressed: int) -> Trend:
    if not uncompressed or len(trend.RunTimes) <= uncompressed:
        return trend
    return msgspec.structs.replace(trend, Metrics=None, CompressedMetrics=zlib.compress(encode(trend.Metrics)))
