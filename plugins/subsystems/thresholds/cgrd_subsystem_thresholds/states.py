"""How all thresholds stand: in memory, stored with each hit, kept in step with their profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cgrd import Instant
from cgrd.codec import decode, encode
from cgrd.profiles import Change
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
    """The states by tenant and id. A state is replaced, never changed, so a rollback is the old one.

    Args:
        services: the profiles, the store.
    """

    def __init__(self, *, services: Services) -> None:
        self._services = services
        self._table = services.profiles["ThresholdProfile"]
        self._states: dict[str, Counted] = {}
        self._table.watch(self._changed)

    def load(self) -> None:
        """Read all stored states back."""
        for key, data in self._services.store.scan(STATES):
            self._states[key] = decode(data, Counted)

    def of(self, profile: ThresholdProfile) -> Counted:
        """How the profile's threshold stands; anew when what decides about hits is another since."""
        state = self._states.get(f"{profile.Tenant}:{profile.ID}")
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
        key = f"{profile.Tenant}:{profile.ID}"
        old = self._states.get(key)
        state = Counted(Tenant=profile.Tenant, ID=profile.ID, Hits=hits, Snooze=snooze, Shape=shape(profile))
        tx.put(STATES, key, encode(state))
        tx.on_rollback(lambda: self._restore(key, old))
        self._states[key] = state

    def _restore(self, key: str, old: Counted | None) -> None:
        if old is None:
            self._states.pop(key, None)
        else:
            self._states[key] = old

    def _changed(self, change: Change) -> None:
        for key in change.dropped:
            old = self._states.pop(key, None)
            if old is not None:
                with self._services.store.transaction(why="RemoveThresholdProfile") as tx:
                    tx.delete(STATES, key)
                    tx.on_rollback(lambda key=key, old=old: self._restore(key, old))  # type: ignore[misc]


def shape(profile: ThresholdProfile) -> tuple[Any, ...]:
    """What decides about hits: with another one a threshold begins anew."""
    return profile.MaxHits, profile.MinHits, profile.MinSleep
