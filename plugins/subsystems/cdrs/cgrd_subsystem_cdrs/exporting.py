"""APIerSv1.ExportCDRs: kept records go to the exporters once more.

Source: spec/api.md (ArgExportCDRs); the edge is that of ApierS, `apiers.ees_conns`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import trio

from cgrd import CGREvent, method
from cgrd.codec import convert, plain_tree
from cgrd.errors import CgrdError, NotConnected, NotFound, PartiallyExecuted, ServerError
from cgrd.store import Condition
from cgrd_subsystem_cdrs.keeping import CDRS, CDRsFilter, conditions, order, record_of
from cgrd_subsystem_cdrs.records import CDR
from cgrd_subsystem_cdrs.stages import told

if TYPE_CHECKING:
    from cgrd.services import Services

PAGE: Final = 200


class ExportArgs(CDRsFilter, kw_only=True):
    """Which records, to which exporters (all that take them when none is named), and whether to tell the exporters' metrics."""

    ExporterIDs: list[str] | None = None
    Verbose: bool = False


class Exporting:
    """Reads the table `cdrs`; the files are the exporters' own."""

    def __init__(self, *, services: Services) -> None:
        self.services = services

    @method("APIerSv1.ExportCDRs")
    async def export(self, args: ExportArgs) -> dict[str, Any]:
        """Hand kept records to exporters; by exporter, its metrics when `Verbose` is set and it is synchronous."""
        if not self.services.components["apiers"].linked("ees"):
            raise NotConnected("EEs", explain="apiers.ees_conns is empty; name a connection there")
        found, taken = 0, 0
        failed: list[str] = []
        reply: dict[str, Any] = {}
        for row in self._rows(args):
            found += 1
            try:
                reply |= await self._handed_over(row, args)
                taken += 1
            except NotFound:  # no exporter takes this one
                pass
            except CgrdError as error:
                failed.append(f"{row['cgrid']}:{row['run_id']}: {error} {error.explain}".strip())
            await trio.lowlevel.checkpoint()
        return self._outcome(reply, found=found, taken=taken, failed=failed)

    def _outcome(self, reply: dict[str, Any], *, found: int, taken: int, failed: list[str]) -> dict[str, Any]:
        if failed:
            raise PartiallyExecuted(explain=f"{len(failed)} of {found} records were not exported: {'; '.join(failed[:10])}")
        if not taken:
            raise NotFound(explain=f"none of {found} records is taken by an exporter that is meant" if found else "no kept record meets the query")
        return reply

    async def _handed_over(self, row: dict[str, Any], args: ExportArgs) -> dict[str, Any]:
        record = convert(record_of(row), CDR)
        options = {**(args.APIOpts or {}), "*eventType": "CDR", **({"*eesVerbose": True} if args.Verbose else {})}
        event = CGREvent(Tenant=record.Tenant, ID=f"{record.CGRID}:{record.RunID}", Event=told(record), APIOpts=options)
        answer = await self.services.components["apiers"].call("ees", "EeSv1.ProcessEvent", {"EeIDs": args.ExporterIDs or None, **plain_tree(event)})
        return answer or {}

    def _rows(self, args: ExportArgs) -> Iterator[dict[str, Any]]:
        """The records of the query, some at a time where their order allows it: all of a year need not be in memory at once."""
        try:
            where, by = conditions(args, zone=self.services.zone), order(args)
        except CgrdError as error:
            raise ServerError(error) from error
        if by != ["order_id"] or args.Limit or args.Offset:
            yield from self.services.store.select(CDRS, where, order=by, limit=args.Limit, offset=args.Offset or 0)
            return
        last = 0
        while page := self.services.store.select(CDRS, [*where, Condition("order_id", ">", last)], order=by, limit=PAGE):
            yield from page
            last = page[-1]["order_id"]
