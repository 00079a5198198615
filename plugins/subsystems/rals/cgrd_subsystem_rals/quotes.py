"""Prices that are asked for again and again: what a call costs at one rate within a day depends on the rate and the length, not on when
and not on where to.

Price lists, least-cost routing and shops ask for the same few lengths under the same rates; they are rated once.
"""

from __future__ import annotations

from datetime import UTC
from typing import NamedTuple

import msgspec

from cgrd.costs import CallDescriptor, EventCost, RatingMatchedFilters, event_cost
from cgrd.durations import DAY
from cgrd_subsystem_rals.rating import RatingBook, cost_of
from cgrd_subsystem_rals.rating.find import Asked, Found, find_rates
from cgrd_subsystem_rals.rating.tables import RateTable

_MOST = 2_048


class _Key(NamedTuple):
    """What a cost depends on, but for the names of what was found."""

    table: RateTable
    length: int
    tor: str


class Quotes:
    """Costs of calls that nobody pays, from their start.

    Args:
        book: the rates. What it finds are their tables, so a cost is never told by rates that hold no more.
    """

    def __init__(self, book: RatingBook) -> None:
        self._book = book
        self._policy = book.policy
        self._known: dict[_Key, EventCost] = {}

    def cost(self, call: CallDescriptor) -> EventCost:
        """What a whole call costs; parts of it are shared with other answers and not to be changed.

        Raises:
            MaxUsageExceeded, RatingPlanNotFound, UnauthorizedDestination: no price for it.
        """
        found = self._at_one_rate(call)
        if found is None:
            return self._rated(call, None)
        key = _Key(found.tables[0], call.duration, call.ToR)
        known = self._known.get(key)
        if known is not None:
            return msgspec.structs.replace(known, StartTime=call.TimeStart, RatingFilters=_filters(known, found))
        made = self._rated(call, [found])
        self._keep(key, made)
        return made

    def _rated(self, call: CallDescriptor, found: list[Found] | None) -> EventCost:
        return event_cost(cost_of(self._book, call, found=found), decimals=self._book.policy.rounding_decimals)

    def _keep(self, key: _Key, made: EventCost) -> None:
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = made

    def _at_one_rate(self, call: CallDescriptor) -> Found | None:
        """The one rate that the whole call is at; None where its cost depends on more than that and its length."""
        if self._policy is not self._book.policy:
            self._policy = self._book.policy
            self._known.clear()
        start, length = call.TimeStart, call.duration
        if length <= 0 or not call.Destination or start.zone is not UTC or start.ns % DAY + length >= DAY:
            return None
        self._book.policy.check_usage(call.ToR, length)
        asked = Asked(call.Destination, start, call.TimeEnd.ns)
        found = find_rates(self._book, tenant=call.Tenant, category=call.Category, subject=call.Subject, asked=asked)
        tables = found[0].tables
        return found[0] if len(found) == 1 and len(tables) == 1 and tables[0].calendar.unbound else None


def _filters(known: EventCost, found: Found) -> dict[str, RatingMatchedFilters]:
    """What was found, under the name that it has in a cost at the same rate."""
    matched = RatingMatchedFilters(DestinationID=found.destination, DestinationPrefix=found.prefix, RatingPlanID=found.plan, Subject=found.subject)
    return dict.fromkeys(known.RatingFilters or (), matched)
