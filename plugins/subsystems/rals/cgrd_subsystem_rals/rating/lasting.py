"""What was found and holds from then on, kept for the next who asks; whoever changes a record forgets it."""

from __future__ import annotations

from typing import Any, NamedTuple

from cgrd_subsystem_rals.rating.tables import PlanTables

_MOST = 50_000

Whose = tuple[str, str, str]
"""Tenant, category and subject."""


class Last(NamedTuple):
    """The last activation of the profile that is asked for a subject: its plan holds from `since` (unix ns) on."""

    profile: str
    plan: str
    since: int
    fallbacks: tuple[str, ...]
    tables: PlanTables


class Lasting:
    """Rates by whose they are and the longest known prefix of the number, and the last activations by whose they are."""

    def __init__(self) -> None:
        self._rates: dict[tuple[str, str, str, str], Any] = {}
        self._last: dict[Whose, Last | None] = {}
        self.rates = self._rates.get
        self.last = self._last.get

    def keep(self, key: tuple[str, str, str, str], rates: Any) -> None:
        """Keep rates."""
        if len(self._rates) >= _MOST:
            self._rates.clear()
        self._rates[key] = rates

    def keep_last(self, whose: Whose, last: Last | None) -> None:
        """Keep the last activation of a subject, or that there is none."""
        if len(self._last) >= _MOST:
            self._last.clear()
        self._last[whose] = last

    def forget(self) -> None:
        """A record has changed."""
        self._rates.clear()
        self._last.clear()
