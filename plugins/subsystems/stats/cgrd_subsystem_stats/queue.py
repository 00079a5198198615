"""One queue: the events in it, and the metrics over them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from cgrd import Instant, Metric, MetricFactory
from cgrd.errors import CgrdError
from cgrd.fields import MISSING, Duration, Roots
from cgrd.filters import Filters, Matcher
from cgrd_subsystem_stats.kinds import StatQueueProfile
from cgrd_subsystem_stats.metrics import Kept
from cgrd_subsystem_stats.metrics.metric import rounded, text_of_metric
from cgrd_subsystem_stats.wire import Numbers, Queue, QueueItem

NOT_YET = "N/A"
Values = dict[str, Any]
"""What an event gave to the metrics, by their ids."""


class Item(msgspec.Struct, kw_only=True):
    """An event in a queue; Expiry in unix ns, None = never."""

    ID: str
    Expiry: int | None = None
    Number: int


class StoredItem(Item, kw_only=True):
    """An event with what it gave, as it is stored."""

    Values: Values


class Slot(NamedTuple):
    """A metric with the filters that events must pass for it."""

    metric: Metric
    filter_ids: list[str]
    matcher: Matcher | None


class StatQueue:
    """A queue of a profile. Plain memory: whoever changes it keeps it stored (see `Queues`).

    Args:
        profile: what it is.
        metrics: factories by name.
        filters: compiles the metrics' filters.
    """

    def __init__(self, *, profile: StatQueueProfile, metrics: Mapping[str, MetricFactory], filters: Filters) -> None:
        self.profile = profile
        self.items: deque[Item] = deque()
        self.numbered = 0
        self.slots = {each.MetricID: _slot(profile.Tenant, each.MetricID, each.FilterIDs or [], metrics, filters) for each in profile.Metrics}

    @property
    def aggregates(self) -> bool:
        """Whether events are only added up: nothing ever leaves, so nobody need be told apart."""
        return self.profile.QueueLength == -1 and self.profile.TTL == -1

    async def measure(self, roots: Roots, refuse: Callable[[str, CgrdError], None]) -> Values:
        """What the event gives to the metrics; `refuse` is told of those that cannot use it."""
        found: Values = {}
        for id, slot in self.slots.items():
            try:
                if slot.matcher is not None and not await slot.matcher.passes_after_fetch(roots):
                    continue
                value = slot.metric.read(roots)
            except CgrdError as error:
                refuse(id, error)
                continue
            if value is not MISSING:
                found[id] = value
        return found

    def add(self, event_id: str, values: Values, now_ns: int) -> Item:
        """Put an event at the end; its item is in the queue unless that only aggregates."""
        expiry = now_ns + self.profile.TTL if self.profile.TTL > 0 else None
        item = Item(ID=event_id, Expiry=expiry, Number=self.numbered + 1)
        self.put_back(item, values)
        return item

    def put_back(self, item: Item, values: Values) -> None:
        """Put an item at the end as it is."""
        if not self.aggregates:
            self.items.append(item)
        self.numbered = max(self.numbered, item.Number)
        for id, value in values.items():
            if id in self.slots:
                self.slots[id].metric.add(None if self.aggregates else item.ID, value)

    def drop_expired(self, now_ns: int) -> list[Item]:
        """Let go of events whose time is over; those."""
        gone = []
        while self.items and (expiry := self.items[0].Expiry) is not None and expiry <= now_ns:
            gone.append(self._drop_first())
        return gone

    def make_room(self) -> list[Item]:
        """Let go of the oldest until one more event fits; those."""
        gone = []
        while 0 < self.profile.QueueLength <= len(self.items):
            gone.append(self._drop_first())
        return gone

    def _drop_first(self) -> Item:
        item = self.items.popleft()
        for slot in self.slots.values():
            slot.metric.take(item.ID)
        return item

    def follow(self, old: StatQueue) -> None:
        """Go on with the events of an older profile's queue; metrics that it had go on, too."""
        self.items, self.numbered = old.items, old.numbered
        for id, slot in self.slots.items():
            if id in old.slots:
                self.slots[id] = Slot(old.slots[id].metric, slot.filter_ids, slot.matcher)

    # -- telling

    def _number(self, metric: Metric) -> Decimal | None:
        if metric.count < self.profile.MinItems or (not metric.count and not metric.empty):
            return None
        return metric.number()

    def _told(self, decimals: int) -> Iterator[tuple[str, str, Decimal | Duration | None]]:
        for id, slot in self.slots.items():
            number, unit = self._number(slot.metric), slot.metric.unit
            yield id, unit, None if number is None else rounded(number, unit, decimals)

    def texts(self, decimals: int) -> dict[str, str]:
        """The metrics as text."""
        return {id: NOT_YET if value is None else text_of_metric(value, unit) for id, unit, value in self._told(decimals)}

    def numbers(self, decimals: int) -> Numbers:
        """The metrics as numbers."""
        return {id: -1 if value is None else int(value) if unit == "duration" else value for id, unit, value in self._told(decimals)}

    def values(self, decimals: int) -> dict[str, Any]:
        """The metrics as fields of an event: durations know what they are."""
        return {id: -1 if value is None else value for id, _, value in self._told(decimals)}

    def shown(self) -> Queue:
        """The queue with all that is in it."""
        items = [QueueItem(each.ID, None if each.Expiry is None else Instant(each.Expiry)) for each in self.items]
        profile = self.profile
        return Queue(profile.Tenant, profile.ID, items or None, {id: self._shown(slot) for id, slot in self.slots.items()})

    def _shown(self, slot: Slot) -> dict[str, Any]:
        return {"FilterIDs": slot.filter_ids or None, "MinItems": self.profile.MinItems, **slot.metric.shown()}

    # -- keeping sums

    def keep(self) -> dict[str, Kept]:
        """What an aggregating queue is stored as."""
        return {id: slot.metric.keep() for id, slot in self.slots.items()}

    def resume(self, kept: Mapping[str, Kept]) -> None:
        """Go on with what was stored."""
        for id, slot in self.slots.items():
            if id in kept:
                slot.metric.resume(kept[id])


def _slot(tenant: str, id: str, filter_ids: list[str], metrics: Mapping[str, MetricFactory], filters: Filters) -> Slot:
    name, _, argument = id.partition("#")
    return Slot(metrics[name](argument), filter_ids, filters.compile(tenant, filter_ids) if filter_ids else None)
