"""The ledger: every change of a balance, append-only; a balance is what its entries add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Final

import msgspec

from cgrd.errors import Wrong
from cgrd.instants import Instant
from cgrd.money import ZERO
from cgrd.store.tables import decimal_text, plain_text

# Wide enough that a sum is exact; should it ever not be, it says so instead of rounding.
_EXACT: Final = Context(prec=400, traps=[Inexact, InvalidOperation])
_INT64: Final = 1 << 63
MAX_FAULTS: Final = 1000

Posted = tuple[str, str, str, str, str, str, str, str, str, str, int]


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one balance: who and why, before and after.

    Args:
        account: `tenant:id` of the account.
        balance_uuid: the balance; entries of one balance make one chain, whose first `before` is 0.
        balance_id: its name for people.
        balance_type: `*monetary`, `*voice` …; says the unit of the three amounts.
        before: what was in it.
        change: what was added, negative for what was taken.
        after: what is in it now: `before + change`, exactly.
        why: the method or action that did it.
        event_id: the event's ID or session's CGRID, "" when there is none.
        run_id: the charger run, "" when there is none.
        at: when, by the kernel's clock.
    """

    account: str
    balance_uuid: str
    balance_id: str
    balance_type: str
    before: Decimal
    change: Decimal
    after: Decimal
    why: str
    event_id: str
    run_id: str
    at: Instant


class LedgerFault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that does not add up. `entry` is the number of the ledger's entry, 0 when it is about a balance as a whole."""

    balance_uuid: str
    account: str
    entry: int
    text: str


class LedgerReport(msgspec.Struct, frozen=True, kw_only=True):
    """What verification found. `faults` holds the first thousand of `fault_count`."""

    entries: int
    balances: int
    fault_count: int
    faults: list[LedgerFault]

    @property
    def ok(self) -> bool:
        """Whether everything adds up."""
        return self.fault_count == 0


def posted(entry: LedgerEntry) -> Posted:
    """The stored form of an entry.

    Raises:
        Wrong: the entry does not add up, or holds what cannot be kept.
    """
    try:
        amounts = decimal_text(entry.before), decimal_text(entry.change), decimal_text(entry.after)
        words = (entry.why, entry.event_id, entry.run_id)
        names = (entry.account, entry.balance_uuid, entry.balance_id, entry.balance_type)
        plain_text("".join(names + words))
    except (TypeError, ValueError) as error:
        raise Wrong(f"ledger entry of balance {entry.balance_uuid!r}: {error}") from error
    if not -_INT64 <= entry.at.ns < _INT64:
        raise Wrong(f"ledger entry of balance {entry.balance_uuid}: {entry.at} is no time of a change")
    if _EXACT.add(entry.before, entry.change) != entry.after:
        raise Wrong(
            f"ledger entry of balance {entry.balance_uuid} does not add up: {entry.before} + {entry.change} is not {entry.after}",
            explain="post the change that was really made; roundings are part of the change",
        )
    return (*names, *amounts, *words, entry.at.ns)


def entry_of(row: Posted) -> LedgerEntry:
    """The entry of its stored form."""
    account, uuid, name, unit, before, change, after, why, event_id, run_id, at = row
    return LedgerEntry(
        account=account,
        balance_uuid=uuid,
        balance_id=name,
        balance_type=unit,
        before=Decimal(before),
        change=Decimal(change),
        after=Decimal(after),
        why=why,
        event_id=event_id,
        run_id=run_id,
        at=Instant(at),
    )


def verified(rows: Iterable[tuple[int, str, str, str, str, str]], *, current: Mapping[str, Decimal] | None = None) -> LedgerReport:
    """Prove that each balance's entries form one chain from 0 and add up, in one pass.

    Args:
        rows: number, account, balance, before, change, after of each entry, in the order they were made.
        current: what the accounts hold, by balance; compared with the end of each chain when given.
    """
    check = _Verification()
    for row in rows:
        check.entry(*row)
    if current is not None:
        check.compare(current)
    return LedgerReport(entries=check.entries, balances=len(check.left), fault_count=check.fault_count, faults=check.faults)


class _Verification:
    def __init__(self) -> None:
        self.entries = 0
        self.left: dict[str, Decimal] = {}
        self.faults: list[LedgerFault] = []
        self.fault_count = 0

    def entry(self, number: int, account: str, uuid: str, before: str, change: str, after: str) -> None:
        self.entries += 1
        was, now = Decimal(before), Decimal(after)
        expected = self.left.get(uuid, ZERO)
        if was != expected:
            self._fault(uuid, account, number, f"starts from {before}, the entry before it ended at {expected}")
        if _EXACT.add(was, Decimal(change)) != now:
            self._fault(uuid, account, number, f"{before} + {change} is not {after}")
        self.left[uuid] = now

    def compare(self, current: Mapping[str, Decimal]) -> None:
        for uuid, held in current.items():
            if held != self.left.get(uuid, ZERO):
                self._fault(uuid, "", 0, f"the account holds {held}, its entries end at {self.left.get(uuid, ZERO)}")
        for uuid, left in self.left.items():
            if left != 0 and uuid not in current:
                self._fault(uuid, "", 0, f"its entries end at {left}, no account holds it")

    def _fault(self, uuid: str, account: str, entry: int, text: str) -> None:
        self.fault_count += 1
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(LedgerFault(balance_uuid=uuid, account=account, entry=entry, text=text))
