"""How all thresholds stand: in memory, stored with each hit, kept in step with their profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cgrd import Instant
from cgrd.profiles import ProfileStates
from cgrd.store import Transaction
from cgrd_subsystem_thresholds.kinds import ThresholdProfile
from cgrd_subsystem_thresholds.wire import Threshold

if TYPE_CHECKING:
    from cgrd.services import Services

STATES = "threshold"
"""Store kind of the states."""


class Counted(Threshold, kw_only=True):
    """A state as it is stored: with the profile's numbers that it was counted for."""

    Shape: tuple[int, int, int]


class States:
    """The states by tenant and id.

    Args:
        services: the profiles, the store.
    """

    def __init__(self, *, services: Services) -> None:
        self._table = services.profiles["ThresholdProfile"]
        self._states = ProfileStates(table=self._table, store=services.store, kind=STATES, record=Counted)

    def load(self) -> None:
        """Read all stored states back."""
        self._states.load()

    def of(self, profile: ThresholdProfile) -> Counted:
        """How the profile's threshold stands; anew when what decides about hits is another since."""
        state = self._states.find(f"{profile.Tenant}:{profile.ID}")
        if state is None or state.Shape != shape(profile):
            return Counted(Tenant=profile.Tenant, ID=profile.ID, Shape=shape(profile))
        return state

    def get(self, tenant: str, id: str) -> Threshold:
        """How a threshold stands.

        Raises:
            NotFound: there is no such profile.
        """
        return self.told(self._table.get(tenant, id))

    def told(self, profile: ThresholdProfile) -> Threshold:
        """How a threshold stands, for the wire."""
        state = self.of(profile)
        return Threshold(Tenant=state.Tenant, ID=state.ID, Hits=state.Hits, Snooze=state.Snooze)

    def set(self, profile: ThresholdProfile, tx: Transaction, *, hits: int, snooze: Instant) -> None:
        """Put another state in place, stored with the transaction."""
        state = Counted(Tenant=profile.Tenant, ID=profile.ID, Hits=hits, Snooze=snooze, Shape=shape(profile))
        self._states.keep(tx, f"{profile.Tenant}:{profile.ID}", state)


def shape(profile: ThresholdProfile) -> tuple[Any, ...]:
    """What decides about hits: with another one a threshold begins anew."""
    return profile.MaxHits, profile.MinHits, profile.MinSleep
