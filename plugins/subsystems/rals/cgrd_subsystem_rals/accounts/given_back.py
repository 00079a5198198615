"""What a call has paid and not been given back yet, by the ledger: a refund that a client repeats gives nothing a second time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from cgrd.costs import CallDescriptor
from cgrd.errors import Exists
from cgrd.money import ZERO, plain
from cgrd.store import LedgerEntry
from cgrd_subsystem_rals.accounts.refund import owed_by_balance

ROUNDING: Final = "Responder.RefundRounding"


def refuse_again(call: CallDescriptor, entries: Iterable[LedgerEntry], *, strict: bool = False) -> None:
    """Refuse a refund of more than the call has paid from a balance and not been given back.

    Only where that is known: the request names its call (CgrID and, if it has one, RunID), and the ledger has entries of it.
    What roundings have settled is no part of the increments.

    Args:
        call: the refund that is asked for.
        entries: what the ledger has of the call.
        strict: whether a balance that paid nothing by the ledger gets nothing back.

    Raises:
        Exists: the call has been given this back; nothing happens now.
    """
    paid = _paid(call, entries)
    for uuid, owed in owed_by_balance(call).items():
        left = max(paid.get(uuid, ZERO), ZERO)
        if (strict or uuid in paid) and owed > left:
            raise Exists(explain=f"call {call.CgrID} {call.RunID} has {plain(left)} left of what it paid from balance {uuid}, not {plain(owed)}")


def _paid(call: CallDescriptor, entries: Iterable[LedgerEntry]) -> Mapping[str, Decimal]:
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        if entry.event_id == call.CgrID and entry.run_id in (call.RunID, "") and entry.why != ROUNDING:
            paid[entry.balance_uuid] -= entry.change
    return paid
