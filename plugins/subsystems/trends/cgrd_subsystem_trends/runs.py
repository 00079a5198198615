"""The runs of all trends: in memory, stored where the profile says so, in short form when they are many."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import msgspec

from cgrd import Instant
from cgrd.codec import decode, encode
from cgrd.profiles import Change, MissingProfile
from cgrd_subsystem_trends.kinds import TrendProfile
from cgrd_subsystem_trends.wire import Growth, Trend

if TYPE_CHECKING:
    from cgrd.services import Services

TRENDS = "trend"
"""Store kind."""
Metrics = dict[str, Growth]
_MOST_MISSED = 10_000


class Runs:
    """The trends by tenant and id.

    Args:
        services: the profiles, the store.
    """

    def __init__(self, *, services: Services) -> None:
        self._services = services
        self._table = services.profiles["TrendProfile"]
        self._trends: dict[str, Trend] = {}
        self._missed: set[str] = set()
        self._table.watch(self._changed)

    def load(self) -> None:
        """Read all stored trends back."""
        for key, data in self._services.store.scan(TRENDS):
            trend = decode(data, Trend)
            if trend.CompressedMetrics is not None:
                trend.Metrics = decode(zlib.decompress(trend.CompressedMetrics), dict[str, Metrics])
                trend.CompressedMetrics = None
            self._trends[key] = trend

    def get(self, tenant: str, id: str) -> Trend:
        """A trend, without runs when it has not run yet.

        Raises:
            NotFound: there is no such profile; or it was asked for before there was one and has not run since, as recorded.
        """
        key = f"{tenant}:{id}"
        trend = self._trends.get(key)
        if trend is not None:
            return trend
        if self._table.find(key) is None and len(self._missed) < _MOST_MISSED:
            self._missed.add(key)
        if key in self._missed:
            raise MissingProfile(self._table.kind, key)
        return Trend(Tenant=tenant, ID=id)

    def keep(self, profile: TrendProfile, now: Instant) -> Trend:
        """The trend without the runs that the profile lets go before another one."""
        key = f"{profile.Tenant}:{profile.ID}"
        old = self._trends.get(key) or Trend(Tenant=profile.Tenant, ID=profile.ID)
        times = [time for time in old.RunTimes if profile.TTL < 0 or time.ns > now.ns - profile.TTL]
        if profile.QueueLength > 0:
            times = times[-profile.QueueLength :]
        metrics = old.Metrics or {}
        return Trend(Tenant=old.Tenant, ID=old.ID, RunTimes=times, Metrics={str(time): metrics[str(time)] for time in times})

    def put(self, profile: TrendProfile, trend: Trend, *, uncompressed: int) -> None:
        """Put a trend in place, stored where the profile says so."""
        key = f"{profile.Tenant}:{profile.ID}"
        old = self._trends.get(key)
        if profile.Stored:
            with self._services.store.transaction(why="TrendS run") as tx:
                tx.put(TRENDS, key, encode(_stored(trend, uncompressed)))
                tx.on_rollback(lambda: self._restore(key, old))
        self._trends[key] = trend
        self._missed.discard(key)

    def _restore(self, key: str, old: Trend | None) -> None:
        if old is None:
            self._trends.pop(key, None)
        else:
            self._trends[key] = old

    def _changed(self, change: Change) -> None:
        for key in change.dropped:
            self._missed.discard(key)
            old = self._trends.pop(key, None)
            if old is not None:
                with self._services.store.transaction(why="RemoveTrendProfile") as tx:
                    tx.delete(TRENDS, key)
                    tx.on_rollback(lambda key=key, old=old: self._restore(key, old))  # type: ignore[misc]


def _stored(trend: Trend, uncompressed: int) -> Trend:
    if not uncompressed or len(trend.RunTimes) <= uncompressed:
        return trend
    return msgspec.structs.replace(trend, Metrics=None, CompressedMetrics=zlib.compress(encode(trend.Metrics)))
