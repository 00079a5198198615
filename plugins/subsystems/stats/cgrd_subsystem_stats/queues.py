"""All queues: made of their profiles, kept in step with them, stored where the profile says so and read back after a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cgrd.codec import decode, encode
from cgrd.profiles import Change
from cgrd.store import Transaction
from cgrd_subsystem_stats.kinds import StatQueueProfile
from cgrd_subsystem_stats.metrics import Kept
from cgrd_subsystem_stats.queue import Item, StatQueue, StoredItem, Values

if TYPE_CHECKING:
    from cgrd.services import Services

ITEMS = "stat_item"
"""Store kind of the events in queues, a record each: an event costs one short write however long its queue is."""
SUMS = "stat_sum"
"""Store kind of queues that only aggregate."""
_STEP = "\x1f"


class Queues:
    """The queues by tenant and id.

    Args:
        services: the profiles, the filter language, the store, the clock.
    """

    def __init__(self, *, services: Services) -> None:
        self._services = services
        self._table = services.profiles["StatQueueProfile"]
        self._metrics = services.plugins.vocabulary("cgrd_metrics")
        self._queues: dict[str, StatQueue] = {}
        self._table.watch(self._changed)

    def load(self) -> None:
        """Read all stored queues back, so that a change of their profiles finds them."""
        for key, profile in self._table.items():
            if profile.Stored:
                self._made(key, profile)

    def get(self, tenant: str, id: str) -> StatQueue:
        """The queue, without the events whose time is over.

        Raises:
            NotFound: there is no such profile.
        """
        profile = self._table.get(tenant, id)
        key = f"{tenant}:{id}"
        queue = self._queues.get(key) or self._made(key, profile)
        queue.drop_expired(self._services.clock.now_ns())
        return queue

    def find(self, profile: StatQueueProfile) -> StatQueue | None:
        """The queue of a profile as that is now, None when it is gone."""
        key = f"{profile.Tenant}:{profile.ID}"
        current = self._table.find(key)
        return None if current is None else self._queues.get(key) or self._made(key, current)

    def _made(self, key: str, profile: StatQueueProfile) -> StatQueue:
        queue = self._queues[key] = StatQueue(profile=profile, metrics=self._metrics, filters=self._services.filters)
        if profile.Stored:
            self._read_back(key, queue)
        return queue

    def _read_back(self, key: str, queue: StatQueue) -> None:
        store = self._services.store
        if queue.aggregates:
            if (kept := store.get(SUMS, key)) is not None:
                queue.resume(decode(kept, dict[str, Kept]))
            return
        for _, data in sorted(store.scan(ITEMS, f"{key}{_STEP}")):
            item = decode(data, StoredItem)
            queue.put_back(Item(ID=item.ID, Expiry=item.Expiry, Number=item.Number), item.Values)

    def add(self, queue: StatQueue, event_id: str, values: Values, tx: Transaction | None) -> None:
        """Put an event into a queue, in the transaction where the queue is stored."""
        now_ns = self._services.clock.now_ns()
        gone = [*queue.drop_expired(now_ns), *queue.make_room()]
        item = queue.add(event_id, values, now_ns)
        if tx is None or not queue.profile.Stored:
            return
        key = f"{queue.profile.Tenant}:{queue.profile.ID}"
        tx.on_rollback(lambda: self._queues.pop(key, None))
        if queue.aggregates:
            tx.put(SUMS, key, encode(queue.keep()))
            return
        tx.put(ITEMS, _item_key(key, item), encode(StoredItem(ID=item.ID, Expiry=item.Expiry, Number=item.Number, Values=values)))
        for each in gone:
            tx.delete(ITEMS, _item_key(key, each))

    def reset(self, queue: StatQueue, *, why: str) -> None:
        """Empty a queue."""
        self._forget(f"{queue.profile.Tenant}:{queue.profile.ID}", why=why)

    def _forget(self, key: str, *, why: str) -> None:
        queue = self._queues.pop(key, None)
        if queue is None or not queue.profile.Stored:
            return
        store = self._services.store
        with store.transaction(why=why) as tx:
            tx.on_rollback(lambda: self._queues.pop(key, None))
            tx.delete(SUMS, key)
            for stored, _ in list(store.scan(ITEMS, f"{key}{_STEP}")):
                tx.delete(ITEMS, stored)

    def _changed(self, change: Change) -> None:
        for key in change.dropped:
            self._forget(key, why="RemoveStatQueueProfile")
        for key in change.put:
            if (queue := self._queues.get(key)) is not None:
                self._renew(key, queue, self._table.find(key))

    def _renew(self, key: str, old: StatQueue, profile: StatQueueProfile) -> None:
        """Go on with another profile: events stay, unless what decides about their staying is another."""
        if _shape(old.profile) != _shape(profile):
            self._forget(key, why="SetStatQueueProfile")
            return
        queue = self._queues[key] = StatQueue(profile=profile, metrics=self._metrics, filters=self._services.filters)
        queue.follow(old)


def _shape(profile: StatQueueProfile) -> tuple[Any, ...]:
    return profile.QueueLength, profile.TTL, profile.MinItems, profile.Stored


def _item_key(key: str, item: Item) -> str:
    return f"{key}{_STEP}{item.Number:012d}"
