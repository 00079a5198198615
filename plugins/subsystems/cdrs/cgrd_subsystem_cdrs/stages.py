"""What CDRs does itself in the flow `cdr`, run by run: refuse doubles, give back, price, keep, hand to the exporters.

Source: spec/rating.md §9.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from cgrd import Flow, Instant, Run, stage
from cgrd.codec import convert, plain_tree
from cgrd.costs import PAID_ONLY, CallCost, CallDescriptor, EventCost, event_cost, refundable
from cgrd.dynaprepaid import debited
from cgrd.errors import CgrdError, Exists, Unanswered, Unreachable, Wrong
from cgrd.options import asked_flag
from cgrd.store import Condition, Store, Table
from cgrd_subsystem_cdrs.keeping import CDRS, SESSION_COSTS, row_of
from cgrd_subsystem_cdrs.records import CDR, UNRATED, cdr_of

if TYPE_CHECKING:
    from cgrd_subsystem_cdrs.service import Recording

DEBITED: Final = frozenset({"*prepaid", "*postpaid", "*pseudoprepaid", "*dynaprepaid", "prepaid", "postpaid", "pseudoprepaid"})
UNASKED: Final = frozenset({"DISCONNECTED", "REPLY_TIMEOUT"})
REFUNDED: Final = frozenset({"*prepaid", "*postpaid", "*pseudoprepaid"})

Kept = dict[str, Any] | None
"""The row that is kept of a run already, if any."""


@stage("*records", of="cdr", after="*chargers *attributes", always=True)
async def make_records(flow: Recording) -> None:
    """Turn every run's event into a record; without ChargerS the event is the only run."""
    if not flow.runs and "*chargers" not in flow.asked:
        flow.runs = [Run(id=str(flow.event.Event.get("RunID") or "*default"), event=flow.event)]
    if len({run.id for run in flow.runs}) < len(flow.runs):
        raise _one_run_twice(flow.runs)
    defaults = flow.courses.defaults
    for run in flow.runs:
        run.state["record"] = cdr_of(run.event.Event, tenant=run.event.Tenant, defaults=defaults)


def _one_run_twice(runs: Sequence[Run]) -> Wrong:
    ids = [run.id for run in runs]
    twice = next(name for name in ids if ids.count(name) > 1)
    chargers = " and ".join(run.charger for run in runs if run.id == twice)
    return Wrong(f"chargers {chargers} both make the run {twice}", explain="an event has one record a run: give one of them another RunID, or a filter")


@stage("*unique", of="cdr", after="*records", always=True)
async def refuse_doubles(flow: Recording) -> None:
    """A record is made once; only `*rerate` and `*reprocess` with it may meet it again."""
    store, asked = flow.driver.services.store, flow.asked
    for run in flow.runs:
        mine: CDR = run.state["record"]
        kept = run.state["kept"] = _held(store, CDRS, mine)
        if kept and "*rerate" not in asked and not _waits_for_price(kept):
            raise Exists(explain=f"there is a record of {mine.CGRID}:{mine.RunID}; *rerate prices it again")
        if not kept and "*refund" in asked and "*rerate" not in asked:
            raise Wrong(f"no record of {mine.CGRID}:{mine.RunID} to refund", explain="*refund gives back what a kept record has cost")


def _held(store: Store, table: Table, mine: CDR) -> Kept:
    """The table's row of the record's run."""
    number = store.held_by(table, cgrid=mine.CGRID, run_id=mine.RunID)
    return None if number is None else store.select(table, [Condition(table.number, "=", number)])[0]


def _waits_for_price(kept: dict[str, Any]) -> bool:
    """Whether RALs could not be asked when the record came: who sends it again has it priced."""
    return kept["cost"] == UNRATED and kept["body"].get("ExtraInfo") in UNASKED


@stage("*rerate", of="cdr", after="*unique", before="*rals", per="run", edge="rals", service="RALs")
async def give_back(flow: Recording, run: Run) -> None:
    """Before a record is priced again: what it had cost goes back to the balances."""
    kept = run.state["kept"]
    if kept is None or kept["request_type"] not in REFUNDED or not kept["body"].get("CostDetails"):
        return
    mine: CDR = run.state["record"]
    with _asking(flow, mine, kept):
        await refund(flow, mine, read_cost(kept["body"]["CostDetails"]))
    mine.CostDetails = None


def read_cost(kept: Any) -> EventCost:
    """A cost as it was kept."""
    return cast("EventCost", convert(kept, EventCost))


async def refund(flow: Flow, mine: CDR, cost: EventCost, *, brought: bool = False) -> None:
    """Give a cost back, increment by increment, to the balances that paid it.

    Args:
        brought: the event told of the cost, so what the ledger does not know the call to have paid is not given back.

    Raises:
        Wrong: a cost that was brought tells of more than that; nothing happens.
    """
    descriptor = _descriptor(mine)
    descriptor.Increments = refundable(cost)
    if not descriptor.Increments:
        return
    if brought:
        descriptor.APIOpts = {PAID_ONLY: True}
    try:
        await flow.driver.call("rals", "Responder.RefundIncrements", descriptor)
    except Exists as error:
        if not brought:
            raise
        # Not EXISTS, which would say that there is a record.
        raise Wrong(f"the CostDetails of {mine.CGRID}:{mine.RunID} tell of more than the call has paid", explain=error.explain) from error


@stage("*rals", of="cdr", after="*unique", edge="rals", service="RALs")
async def rate(flow: Recording) -> None:
    """Price the records: what a session has paid stands, other prepaid and postpaid use is debited, the rest is only rated."""
    for run in flow.runs:
        mine: CDR = run.state["record"]
        if mine.RequestType != "*none":
            with _asking(flow, mine, run.state["kept"]):
                await _rate(flow, mine)


def _asking(flow: Recording, mine: CDR, kept: Kept) -> AbstractContextManager[Any]:
    """A block in which RALs of another daemon are asked under the record's key, so that they do it once, also when the record comes again."""
    if not flow.courses.rals_are_remote:
        return _HERE
    key = f"cdr:{mine.CGRID}:{mine.RunID}:{_prices(kept)}"
    return flow.driver.services.store.transaction(why=f"price of {mine.CGRID}:{mine.RunID}", key=key)


_HERE: Final = nullcontext()
"""What RALs do in this process is of the transaction that is open."""


def _prices(kept: Kept) -> int:
    """How often the record was priced before."""
    return int(kept["prices"] or 0) if kept else 0


async def _rate(flow: Flow, mine: CDR) -> None:
    if mine.Usage < 0:
        mine.Usage = 0
    brought = mine.CostDetails is not None
    if not brought and mine.RequestType == "*prepaid":
        mine.CostDetails = _session_cost(flow.driver.services.store, mine)
    if mine.CostDetails is not None:
        if mine.Usage <= mine.CostDetails.usage():
            _take(mine, mine.CostDetails, source=mine.CostSource or "*sessions")
            return
        await refund(flow, mine, mine.CostDetails, brought=brought)
        mine.CostDetails = None
    await _price(flow, mine)


def _session_cost(store: Store, mine: CDR) -> EventCost | None:
    kept = _held(store, SESSION_COSTS, mine)
    return read_cost(kept["cost_details"]) if kept else None


async def _price(flow: Flow, mine: CDR) -> None:
    try:
        cost = await _call_cost(flow, mine)
    except CgrdError as error:
        if isinstance(error, Unreachable | Unanswered):
            flow.partial.append(error)
        mine.Cost, mine.CostDetails, mine.ExtraInfo = UNRATED, None, str(error)
        return
    details = event_cost(cost, cgrid=mine.CGRID, run_id=mine.RunID, decimals=flow.driver.services.rounding_decimals)
    _take(mine, details, source="*cdrs", cost=cost.Cost)


def _take(mine: CDR, details: EventCost, *, source: str, cost: Decimal | None = None) -> None:
    mine.CostDetails = details
    mine.CostSource = source
    mine.Cost = cost if cost is not None else (details.Cost if details.Cost is not None else mine.Cost)
    mine.ExtraInfo = ""


async def _call_cost(flow: Flow, mine: CDR) -> CallCost:
    descriptor = _descriptor(mine)
    if mine.RequestType == "*directdebit":
        answer: CallCost = await flow.driver.call("rals", "Responder.DebitMonetary", mine, CallCost)
    elif mine.RequestType in DEBITED:
        descriptor.PerformRounding = True
        descriptor.DryRun = asked_flag(flow.event.options(), "*ralsDryRun", False)
        asking = partial(flow.driver.call, "rals", "Responder.Debit", descriptor, CallCost)
        answer = await debited(flow.driver, descriptor, request_type=mine.RequestType, debit=asking)
    else:
        answer = await flow.driver.call("rals", "Responder.GetCost", descriptor, CallCost)
    return answer


def _descriptor(mine: CDR) -> CallDescriptor:
    start = mine.AnswerTime or mine.SetupTime
    return CallDescriptor(
        Category=mine.Category,
        Tenant=mine.Tenant,
        Subject=mine.Subject,
        Account=mine.Account,
        Destination=mine.Destination,
        TimeStart=start,
        TimeEnd=start.plus(mine.Usage),
        DurationIndex=mine.Usage,
        ToR=mine.ToR,
        CgrID=mine.CGRID,
        RunID=mine.RunID,
        ExtraFields=dict(mine.ExtraFields),
    )


@stage("*store", of="cdr", after="*rals *rerate")
async def keep(flow: Recording) -> None:
    """Keep the records, in the transaction of their charge."""
    for run in flow.runs:
        mine, kept = run.state["record"], run.state["kept"]
        row = row_of(mine, at=flow.at, prices=_prices(kept) + (mine.CostSource == "*cdrs"))
        if kept:
            flow.transaction.update(CDRS, kept["order_id"], {name: value for name, value in row.items() if name != "created_at"})
        else:
            flow.transaction.insert(CDRS, row)


@stage("*export", of="cdr", after="*store", per="run", edge="ees", service="EEs", tolerant=True)
async def export(flow: Flow, run: Run) -> None:
    """Hand the record to EEs; the exporters named in `online_cdr_exports`, or all that match."""
    mine: CDR = run.state["record"]
    args = {
        "EeIDs": flow.driver.config.get("online_cdr_exports") or None,
        "Tenant": mine.Tenant,
        "ID": flow.event.ID,
        "Event": told(mine),
        "APIOpts": {**flow.event.options(), "*eventType": "CDR"},
    }
    await flow.call_or_none("EeSv1.ProcessEvent", args)  # that no exporter takes the record is no failure


def told(mine: CDR) -> dict[str, Any]:
    """A record as the event that others are told; what is not set is left out."""
    fields: dict[str, Any] = {**mine.ExtraFields, **{name: getattr(mine, name) for name in mine.__struct_fields__ if name != "ExtraFields"}}
    fields["CostDetails"] = None if mine.CostDetails is None else plain_tree(mine.CostDetails)
    return {name: value for name, value in fields.items() if value not in ("", None, Instant.ZERO)}
