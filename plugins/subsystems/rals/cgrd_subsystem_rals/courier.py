"""Takes the effects of actions from the outbox to where they go, at least once each, and gives up what nobody takes.

Who executes an action that is waited for (`Effect.waited`) makes the first attempt itself, as soon as the change is committed; everything
else, and every further attempt, is the courier's. What was given up stays in the outbox among the dead, and is in the log.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

import msgspec
import trio

from cgrd.codec import decode, encode
from cgrd.errors import CgrdError
from cgrd.hops import going_on
from cgrd.store import Outbox, OutboxRecord, Waiting
from cgrd_subsystem_rals.effects import OUTBOX, Effect, Sender, is_worth_another_attempt

if TYPE_CHECKING:
    from cgrd.store import Transaction
    from cgrd_subsystem_rals.desk import Desk

AT_ONCE: Final = 64
"""Deliveries at a time: a receiver that is slow holds up that many at most."""


class Courier:
    """Delivers.

    Args:
        desk: whose effects.
        senders: how each kind is sent.
    """

    def __init__(self, desk: Desk, senders: Mapping[str, Sender]) -> None:
        self._desk = desk
        self._senders = senders
        self._under_way: set[int] = set()
        self._slot_is_free = trio.Event()

    @property
    def _outbox(self) -> Outbox:
        return self._desk.services.store.outbox

    def order(self, tx: Transaction, ordered: Effect) -> Waiting:
        """Put an effect into the outbox, in a transaction."""
        payload = encode(ordered)
        number = tx.export(OutboxRecord(exporter=OUTBOX, payload=payload))
        return Waiting(number=number, exporter=OUTBOX, payload=payload, order_key="", attempts=0, at_ns=self._desk.services.clock.now_ns(), error="")

    def reserve(self, records: Collection[Waiting]) -> None:
        """Leave these alone: whoever ordered them makes the first attempt."""
        self._under_way.update(record.number for record in records)

    def release(self, records: Collection[Waiting]) -> None:
        """Deliver what is left of these as any other."""
        if not records:
            return
        self._under_way.difference_update(record.number for record in records)
        self._outbox.wake(OUTBOX)

    async def run(self) -> None:
        """Deliver until cancelled; what is under way then is delivered again after the restart."""
        async with trio.open_nursery() as nursery:
            while True:
                await self._outbox.wait(OUTBOX, under_way=self._under_way)
                for record in self._outbox.pending(OUTBOX, AT_ONCE, under_way=self._under_way):
                    while len(nursery.child_tasks) >= AT_ONCE:
                        await self._slot_is_free.wait()
                    if record.number not in self._under_way:
                        self.reserve([record])
                        nursery.start_soon(self._deliver, record)

    async def _deliver(self, record: Waiting) -> None:
        try:
            await self.attempt(record)
        finally:
            self._under_way.discard(record.number)
            self._slot_is_free.set()
            self._slot_is_free = trio.Event()

    async def attempt(self, record: Waiting, *, is_waited: bool = False) -> CgrdError | None:
        """Try to deliver a committed record, and keep what came of it.

        Args:
            record: the effect.
            is_waited: whether the one who ordered it learns what came of it.

        Returns:
            What that one is to be told.
        """
        try:
            ordered: Effect = decode(record.payload, Effect)
        except msgspec.DecodeError as unreadable:  # another version of cgrd has left it
            self._outbox.failed(record, f"cannot be read: {unreadable}", max_attempts=1)
            return None
        error = await self._sent(ordered)
        if error is None:
            self._outbox.done([record.number])
            return None
        is_told = is_waited and ordered.told
        self._failed(record, ordered, error, is_over=is_told or not is_worth_another_attempt(error))
        return error if is_told else None

    async def _sent(self, ordered: Effect) -> CgrdError | None:
        try:
            with going_on(ordered.hops):
                await self._senders[ordered.kind](self._desk, ordered)
        except CgrdError as error:
            return error
        except Exception as error:  # a fault of a sender must not end the delivery of everything else
            self._desk.services.log("rals").exception("an effect of actions failed", about=ordered.about, kind=ordered.kind, to=ordered.to)
            return CgrdError(f"{type(error).__name__}: {error}")
        return None

    def _failed(self, record: Waiting, ordered: Effect, error: CgrdError, *, is_over: bool) -> None:
        log = self._desk.services.log("rals").bind(about=ordered.about, kind=ordered.kind, to=ordered.to, attempt=record.attempts + 1, number=record.number)
        text = f"{error} {error.explain}".strip()
        if is_over or record.attempts + 1 >= ordered.attempts:
            self._outbox.failed(record, text, max_attempts=record.attempts + 1)
            log.error("effect of actions given up; it stays in the outbox among the dead", error=text)
        else:
            self._outbox.failed(record, text)
            log.warning("effect of actions not delivered, kept for another attempt", error=text)
