"""What no balance has paid: free, or on the `*default` money balance.

Source: spec/rating.md §7.3 (left-over).
"""

from __future__ import annotations

from decimal import Decimal

from cgrd.costs import DebitInfo, Increment, TimeSpan
from cgrd.money import ZERO
from cgrd_subsystem_rals.accounts.charge import Charge, money_run
from cgrd_subsystem_rals.accounts.records import DEFAULT
from cgrd_subsystem_rals.rating.spans import RatedCall, empty_span


def pay_with_default(charge: Charge, rated: RatedCall) -> list[TimeSpan]:
    """The rest of the call on the `*default` money balance, which may go below nothing; no maximum cost holds here."""
    payer = charge.purse.default()
    spans: list[TimeSpan] = []
    fee = rated.pieces[0].table.connect_fee
    first = [money_run(charge, payer, duration=0, cost=fee, count=1, unit=None)] if _fee_is_due(charge, fee) else []
    for piece in rated.pieces:
        runs = first
        if not charge.is_unsplit(piece):
            runs = [*first, money_run(charge, payer, duration=piece.slot.increment, cost=piece.cost, count=piece.steps, unit=None)]
        first = []
        spans.append(empty_span(rated, piece, increments=runs, cost=sum((run.total for run in runs), ZERO)))
    return spans


def _fee_is_due(charge: Charge, fee: Decimal) -> bool:
    return not charge.spans and charge.call.LoopIndex == 0 and fee > 0


def free_spans(charge: Charge, rated: RatedCall) -> list[TimeSpan]:
    """The rest of a call that costs nothing, told as the account's."""
    info = DebitInfo(AccountID=charge.purse.own.ID)
    return [
        empty_span(
            rated,
            piece,
            increments=[] if charge.is_unsplit(piece) else [Increment(Duration=piece.slot.increment, Cost=ZERO, BalanceInfo=info, CompressFactor=piece.steps)],
            cost=ZERO,
        )
        for piece in rated.pieces
    ]


def is_overdrawn_default(run: Increment) -> bool:
    """Whether a run was paid by a `*default` balance below nothing."""
    money = run.BalanceInfo.Monetary if run.BalanceInfo else None
    return money is not None and money.ID == DEFAULT and money.Value < 0
