"""Rows: what a record is kept as, and what is told of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cgrd_subsystem_cdrs.keeping import CDRS, record_of, row_of
from cgrd_subsystem_cdrs.records import CDR

from cgrd import Instant
from cgrd.codec import decode, encode
from cgrd.costs import EventCost
from cgrd.instants import parse_instant
from cgrd.store import Store

UTC, ROME = parse_instant("2026-01-31T07:59:50Z"), parse_instant("2026-01-31T09:00:00.5+01:00")


def full() -> CDR:
    return CDR(
        CGRID="abc", RunID="*default", OriginHost="10.0.0.1", Source="switch", OriginID="call1", ToR="*voice", RequestType="*rated",
        Tenant="cgrates.org", Category="call", Account="1001", Subject="1001", Destination="1002", SetupTime=UTC, AnswerTime=ROME, Usage=10,
        ExtraFields={"Gateway": "gw1"}, ExtraInfo="a reason", Partial=True, PreRated=True, CostSource="*cdrs", Cost=Decimal("0.10"),
        CostDetails=EventCost(CGRID="abc", RunID="*default", Cost=Decimal("0.10")),
    )  # fmt: skip


def as_told(record: CDR) -> Any:
    return decode(encode(record))


def kept(store: Store, row: dict[str, Any]) -> dict[str, Any]:
    store.declare(CDRS)
    with store.transaction(why="test") as tx:
        number = tx.insert(CDRS, row)
    (found,) = store.select(CDRS)
    told = record_of(found)
    assert told.pop("OrderID") == number
    return told


def test_a_record_is_told_as_it_was_made_its_times_in_their_zones(store: Store) -> None:
    told = kept(store, row_of(full(), at=UTC))
    assert {"OrderID": 0, **told} == as_told(full())
    assert told["AnswerTime"] == "2026-01-31T09:00:00.5+01:00"


def test_a_record_without_anything_is_told_with_every_field(store: Store) -> None:
    assert {"OrderID": 0, **kept(store, row_of(CDR(), at=UTC))} == as_told(CDR())


def test_what_columns_hold_is_not_kept_twice() -> None:
    body = decode(encode(row_of(CDR(CGRID="abc", SetupTime=UTC, AnswerTime=Instant.ZERO, Cost=Decimal(1)), at=UTC)["body"]))
    assert body == {}


def test_a_record_of_an_older_daemon_is_all_in_its_body(store: Store) -> None:
    row = {**row_of(full(), at=UTC), "body": full()}
    assert {"OrderID": 0, **kept(store, row)} == as_told(full())
