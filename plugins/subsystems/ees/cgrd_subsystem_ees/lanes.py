"""One configured exporter: what it takes, what it makes of it, and the task that delivers from the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
import trio

from cgrd import CGREvent, Exporter, ExportRecord
from cgrd.codec import decode, encode
from cgrd.errors import CgrdError
from cgrd.fields import OrderedWriter, Targets, apply_after_fetch, compile_fields
from cgrd.store import OutboxRecord, Waiting, back_off
from cgrd_subsystem_ees.metrics import Metrics

if TYPE_CHECKING:
    from cgrd.services import Services

BATCH: Final = 100


class Lane:
    """An exporter with its filters, fields and metrics.

    Args:
        exporter: where records go.
        services: what the kernel offers.
    """

    def __init__(self, *, exporter: Exporter, services: Services) -> None:
        self.exporter = exporter
        self.services = services
        self.metrics = Metrics(ExportPath=str(exporter.config["export_path"]))
        self._around = services.template_context(str(exporter.config.get("timezone") or ""))
        self._fields = compile_fields(exporter.config.get("fields") or (), self._around)
        self._filters = services.filters.compile(services.default_tenant, exporter.config.get("filters") or ())

    @property
    def id(self) -> str:
        return self.exporter.id

    async def takes(self, event: CGREvent) -> bool:
        """Whether the exporter's filters pass."""
        return await self._filters.passes_after_fetch(_roots(event))

    async def record_of(self, event: CGREvent) -> ExportRecord:
        """What the template makes of the event."""
        name = event.ID or str(event.Event.get("CGRID", ""))
        if not self._fields:
            return ExportRecord(id=name, fields=dict(event.Event))
        parts = {part: OrderedWriter() for part in ("*exp", "*hdr", "*trl")}
        roots = {**_roots(event), "*vars": {"*tenant": event.Tenant, "*exporterID": self.id}, "*em": self.metrics}
        await apply_after_fetch(self._fields, roots, Targets(parts), self._around)
        made = {part: {written.path: written.value for written in writer.fields} for part, writer in parts.items()}
        return ExportRecord(id=name, fields=made["*exp"], head=made["*hdr"], tail=made["*trl"])

    def queue(self, record: ExportRecord, event: CGREvent) -> None:
        """Put the record into the outbox, in the transaction that is open."""
        with self.services.store.transaction(why=f"export to {self.id}") as tx:
            account = f"{event.Tenant}:{event.Event.get('Account', '')}"
            tx.export(OutboxRecord(exporter=self.id, payload=encode(record), order_key=account))

    async def send_now(self, record: ExportRecord, event: CGREvent) -> None:
        """Deliver at once, without the outbox (`synchronous`).

        Raises:
            CgrdError: it did not arrive after all attempts.
        """
        attempts = max(1, int(self.exporter.config["attempts"]))
        for attempt in range(attempts):
            try:
                await self.exporter.send([record])
                self.count(event)
                return
            except CgrdError:
                if attempt == attempts - 1:
                    self.metrics.NegativeExports = [*self.metrics.NegativeExports, record.id][-1000:]
                    raise

    def count(self, event: CGREvent) -> None:
        """Count an event that was handed over."""
        self.metrics.add(event.ID, event.Event, at=self.services.clock.now())

    async def deliver(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Take what the outbox holds for this exporter to its place, until cancelled.

        A batch that fails is halved, down to single records, so that one which is never taken does not hold up those of others.
        """
        task_status.started()
        outbox, size = self.services.store.outbox, BATCH
        try:
            while True:
                await outbox.wait(self.id)
                waiting = outbox.pending(self.id, size)
                if waiting and (failure := await self._sent(waiting)):
                    self._put_off(waiting, failure)
                    size = max(1, len(waiting) // 2)
                else:
                    outbox.done(each.number for each in waiting)
                    size = min(BATCH, size * 2)
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 1):
                await self.exporter.close()

    def _put_off(self, waiting: Sequence[Waiting], failure: str) -> None:
        """All of the batch are due again at one time, which is that of the record that was tried most often."""
        retry_ns = self.services.clock.now_ns() + back_off(max(each.attempts for each in waiting))
        for each in waiting:
            self.services.store.outbox.failed(each, failure, retry_ns=retry_ns)

    async def _sent(self, waiting: Sequence[Waiting]) -> str:
        """Send a batch; why it did not arrive, "" when it did. Whatever an exporter raises stays here: the others go on."""
        log = self.services.log("ees").bind(exporter=self.id, records=len(waiting))
        try:
            await self.exporter.send([_read(each) for each in waiting])
        except CgrdError as error:
            log.warning("not exported, kept for another attempt", error=str(error), explain=error.explain)
            return str(error)
        except Exception as error:
            log.exception("the exporter failed, its records are kept for another attempt")
            return f"{type(error).__name__}: {error}"
        return ""


def _read(waiting: Waiting) -> ExportRecord:
    record: ExportRecord = decode(waiting.payload, ExportRecord)
    return msgspec.structs.replace(record, id=record.id or str(waiting.number))


def _roots(event: CGREvent) -> dict[str, Any]:
    return {"*req": event.Event, "*opts": event.options(), "*tenant": event.Tenant, "*ec": event.Event.get("CostDetails")}
