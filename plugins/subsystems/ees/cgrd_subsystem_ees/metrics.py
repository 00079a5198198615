"""What an exporter has done since its metrics were reset."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from cgrd import Instant
from cgrd.durations import parse_duration

_TOTALS: Final = {"*voice": "TotalDuration", "*data": "TotalDataUsage", "*sms": "TotalSMSUsage", "*mms": "TotalMMSUsage", "*generic": "TotalGenericUsage"}


class Metrics(msgspec.Struct, omit_defaults=True):
    """Counts and totals over the exported events; usage in ns or units by kind."""

    NumberOfEvents: int = 0
    TotalCost: Decimal = Decimal(0)
    TotalDuration: int = 0
    TotalDataUsage: int = 0
    TotalSMSUsage: int = 0
    TotalMMSUsage: int = 0
    TotalGenericUsage: int = 0
    FirstExpOrderID: int = 0
    LastExpOrderID: int = 0
    FirstEventATime: Instant = Instant.ZERO
    LastEventATime: Instant = Instant.ZERO
    PositiveExports: list[str] = []
    NegativeExports: list[str] = []
    TimeNow: Instant = Instant.ZERO
    ExportPath: str = ""

    def add(self, event_id: str, event: Mapping[str, Any], *, at: Instant) -> None:
        """Count one event."""
        self.NumberOfEvents += 1
        self.TimeNow = at
        self.PositiveExports = [*self.PositiveExports, event_id][-1000:]
        self._add_usage(event)
        self._add_cost(event)
        order = event.get("OrderID")
        if isinstance(order, int) and order:
            self.FirstExpOrderID = min(self.FirstExpOrderID or order, order)
            self.LastExpOrderID = max(self.LastExpOrderID, order)
        answered = event.get("AnswerTime")
        if isinstance(answered, Instant) and answered:
            self.FirstEventATime = min(self.FirstEventATime or answered, answered)
            self.LastEventATime = max(self.LastEventATime, answered)

    def _add_usage(self, event: Mapping[str, Any]) -> None:
        usage = event.get("Usage")
        field = _TOTALS.get(str(event.get("ToR", "")))
        if field and usage is not None:
            amount = usage if isinstance(usage, int) else parse_duration(str(usage))
            setattr(self, field, getattr(self, field) + amount)

    def _add_cost(self, event: Mapping[str, Any]) -> None:
        cost = event.get("Cost")
        if isinstance(cost, (int, Decimal)) and cost > 0:
            self.TotalCost += cost
