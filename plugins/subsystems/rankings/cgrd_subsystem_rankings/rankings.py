"""All rankings: in memory, stored where the profile says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgrd.profiles import ProfileStates
from cgrd_subsystem_rankings.kinds import RankingProfile
from cgrd_subsystem_rankings.wire import Ranking

if TYPE_CHECKING:
    from cgrd.services import Services

RANKINGS = "ranking"
"""Store kind."""


class Rankings:
    """The rankings by tenant and id.

    Args:
        services: the profiles, the store.
    """

    def __init__(self, *, services: Services) -> None:
        self._store = services.store
        self._table = services.profiles["RankingProfile"]
        self._states = ProfileStates(table=self._table, store=services.store, kind=RANKINGS, record=Ranking)

    def load(self) -> None:
        """Read all stored rankings back."""
        self._states.load()

    def get(self, tenant: str, id: str) -> Ranking:
        """A ranking, empty when it has not run yet.

        Raises:
            NotFound: there is no such profile; or it was asked for before there was one and has not run since, as recorded.
        """
        found = self._states.seen(f"{tenant}:{id}")
        if found is not None:
            return found
        profile: RankingProfile = self._table.get(tenant, id)
        return Ranking(Tenant=tenant, ID=id, Sorting=profile.Sorting, SortingParameters=profile.SortingParameters or [])

    def put(self, profile: RankingProfile, ranking: Ranking) -> None:
        """Put a ranking in place, stored where the profile says so."""
        key = f"{profile.Tenant}:{profile.ID}"
        if not profile.Stored:
            self._states.put(key, ranking)
            return
        with self._store.transaction(why="RankingS run") as tx:
            self._states.keep(tx, key, ranking)
