"""All rankings: in memory, stored where the profile says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgrd.codec import decode, encode
from cgrd.profiles import Change, MissingProfile
from cgrd_subsystem_rankings.kinds import RankingProfile
from cgrd_subsystem_rankings.wire import Ranking

if TYPE_CHECKING:
    from cgrd.services import Services

RANKINGS = "ranking"
"""Store kind."""
_MOST_MISSED = 10_000


class Rankings:
    """The rankings by tenant and id.

    Args:
        services: the profiles, the store.
    """

    def __init__(self, *, services: Services) -> None:
        self._services = services
        self._table = services.profiles["RankingProfile"]
        self._rankings: dict[str, Ranking] = {}
        self._missed: set[str] = set()
        self._table.watch(self._changed)

    def load(self) -> None:
        """Read all stored rankings back."""
        for key, data in self._services.store.scan(RANKINGS):
            self._rankings[key] = decode(data, Ranking)

    def get(self, tenant: str, id: str) -> Ranking:
        """A ranking, empty when it has not run yet.

        Raises:
            NotFound: there is no such profile; or it was asked for before there was one and has not run since, as recorded.
        """
        key = f"{tenant}:{id}"
        found = self._rankings.get(key)
        if found is not None:
            return found
        profile: RankingProfile | None = self._table.find(key)
        if profile is None and len(self._missed) < _MOST_MISSED:
            self._missed.add(key)
        if profile is None or key in self._missed:
            raise MissingProfile(self._table.kind, key)
        return Ranking(Tenant=tenant, ID=id, Sorting=profile.Sorting, SortingParameters=profile.SortingParameters or [])

    def put(self, profile: RankingProfile, ranking: Ranking) -> None:
        """Put a ranking in place, stored where the profile says so."""
        key = f"{profile.Tenant}:{profile.ID}"
        old = self._rankings.get(key)
        if profile.Stored:
            with self._services.store.transaction(why="RankingS run") as tx:
                tx.put(RANKINGS, key, encode(ranking))
                tx.on_rollback(lambda: self._restore(key, old))
        self._rankings[key] = ranking
        self._missed.discard(key)

    def _restore(self, key: str, old: Ranking | None) -> None:
        if old is None:
            self._rankings.pop(key, None)
        else:
            self._rankings[key] = old

    def _changed(self, change: Change) -> None:
        for key in change.dropped:
            self._missed.discard(key)
            old = self._rankings.pop(key, None)
            if old is not None:
                with self._services.store.transaction(why="RemoveRankingProfile") as tx:
                    tx.delete(RANKINGS, key)
                    tx.on_rollback(lambda key=key, old=old: self._restore(key, old))  # type: ignore[misc]
