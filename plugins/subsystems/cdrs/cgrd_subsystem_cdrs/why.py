"""`cgrd why CALL`: why did this call cost what it did? The answer from the store, whether the daemon runs or not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from cgrd.cli.ledger import HEADS, State, line_of, reading
from cgrd.cli.options import failed, show_table
from cgrd.codec import convert
from cgrd.costs import EventCost, told
from cgrd.durations import format_duration
from cgrd.errors import NotFound, StoreError
from cgrd.money import plain
from cgrd.store import Condition, LedgerEntry, Store
from cgrd_subsystem_cdrs.keeping import CDRS, record_of

app = typer.Typer()


@app.command()
def why(call: Annotated[str, typer.Argument(metavar="CALL", help="OriginID or CGRID")], state: State = Path("cgrd-state")) -> None:
    """Tell why a call cost what it did: tariff, increments, balances, and every change of the ledger for it."""
    with reading(state) as store:
        records = records_of(store, call)
        cgrids = {record["CGRID"] for record in records} or {call}
        entries = [entry for cgrid in sorted(cgrids) for entry in store.ledger(event=cgrid)]
    if not records and not entries:
        explain = "give the CGRID of a call that goes on (SessionSv1.GetActiveSessions); what was never charged and has no record is not known here"
        failed(NotFound.of(call, explain=explain))
    for record in records:
        print(*story(record), sep="\n", end="\n\n")
    if not records:
        print(f"There is no record of {call}: the call goes on, or its record never came.\n")
    show_table(HEADS, [line_of(entry) for entry in entries])
    print(*sums(records, entries), sep="\n")


def records_of(store: Store, call: str) -> list[dict[str, Any]]:
    """The records of a call by its CGRID or OriginID, in the order they were made."""
    found: dict[int, dict[str, Any]] = {}
    with contextlib.suppress(StoreError):  # nothing was ever recorded there
        store.declare(CDRS)
        for column in ("cgrid", "origin_id"):
            found |= {row["order_id"]: record_of(row) for row in store.select(CDRS, [Condition(column, "in", [call])])}
    return [found[number] for number in sorted(found)]


def story(record: Mapping[str, Any]) -> Iterator[str]:
    """What a record says of its cost."""
    tor = record.get("ToR") or "*voice"
    used = format_duration(int(record["Usage"])) if tor == "*voice" else f"{record['Usage']} units"
    yield f"Call {record['OriginID']} of {record['Tenant']}:{record['Account']} to {record['Destination']} (CGRID {record['CGRID']})"
    yield f"answered {record['AnswerTime']}, used {used} of {tor}, {record['RequestType']}, category {record['Category']}"
    yield f"run {record['RunID']} cost {_price(record)}"
    if details := record.get("CostDetails"):
        yield from (f"  {line}" for line in told(convert(details, EventCost), tor=tor))


def _price(record: Mapping[str, Any]) -> str:
    if (cost := Decimal(record["Cost"])) < 0:
        return f"is not known: {record.get('ExtraInfo') or 'it was not rated'}"
    return f"{plain(cost)}" + (f", priced by {record['CostSource'].lstrip('*')}" if record.get("CostSource") else "")


def sums(records: Iterable[Mapping[str, Any]], entries: Iterable[LedgerEntry]) -> Iterator[str]:
    """What the balances paid in all, run by run, beside what the records say."""
    cost = {record["RunID"]: Decimal(record["Cost"]) for record in records}
    paid: dict[tuple[str, str], Decimal] = {}
    for entry in entries:
        paid[entry.run_id, entry.balance_type] = paid.get((entry.run_id, entry.balance_type), Decimal(0)) - entry.change
    for (run, kind), amount in paid.items():
        said = f"; the record says {plain(cost[run])}" if kind == "*monetary" and run in cost else ""
        yield f"run {run or '(none)'} has paid {plain(amount)} of {kind}{said}"
