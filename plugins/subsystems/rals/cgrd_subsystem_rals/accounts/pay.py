"""Paying a stretch of a call with one balance: whole increments, as many as it holds, found by division.

Source: spec/rating.md §7.2.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal
from functools import lru_cache

from cgrd.costs import DebitInfo, Increment, MonetaryInfo, RateInterval, RGRate, RIRate, TimeSpan, UnitInfo
from cgrd.durations import parse_duration
from cgrd.errors import Wrong
from cgrd.money import ONE, ZERO, round_decimal
from cgrd_subsystem_rals.accounts.charge import Charge, money_run
from cgrd_subsystem_rals.accounts.purse import Held
from cgrd_subsystem_rals.accounts.records import MONETARY
from cgrd_subsystem_rals.accounts.select import active, matched_destination
from cgrd_subsystem_rals.rating.spans import RatedCall, empty_span
from cgrd_subsystem_rals.rating.split import Priced

_ZERO = "*zero"


def pay(charge: Charge, held: Held) -> list[TimeSpan]:
    """What a balance pays of the rest of the call, from its start on; nothing when it cannot pay the first increment.

    Raises:
        RatingPlanNotFound, UnauthorizedDestination: it pays by rates, and there are none.
    """
    if held.balance.Value <= ZERO or not active(held.balance, charge.call.TimeStart):
        return []
    step = zero_step(charge, held)
    return _pay_free(charge, held, step) if step else _pay_rated(charge, held)


def zero_step(charge: Charge, held: Held) -> int:
    """The step of a balance that pays units for units, 0 when it pays by rates."""
    subject = held.balance.RatingSubject
    if held.kind != MONETARY and subject in ("", "*any"):
        subject = charge.book.policy.zero_subject(charge.call.ToR)
    if not subject.startswith(_ZERO):
        return 0
    try:
        return parse_duration(subject[len(_ZERO) :]) or 1
    except Wrong:
        return 0


def factor_of(charge: Charge, held: Held) -> Decimal:
    """How many units of the balance one unit of usage takes."""
    return (held.balance.Factors or {}).get((charge.call.ExtraFields or {}).get("BalanceFactorID", ""), ONE)


def _pay_free(charge: Charge, held: Held, step: int) -> list[TimeSpan]:
    factor = factor_of(charge, held)
    each = _consumed(charge, step, factor)
    whole = -(-(charge.end - charge.start) // step)
    unsplit = whole > charge.book.policy.max_increments
    count = whole if unsplit else affordable(held.balance.Value, each, whole)
    if count <= 0:
        return []
    left = held.balance.Value if unsplit else charge.purse.put(held, held.balance.Value - each * count)
    prefix, destination = matched_destination(held.balance, charge.book, charge.call.Destination)
    unit = _unit_info(charge, held, each, factor, None) if held.kind != MONETARY else None
    money = MonetaryInfo(UUID=held.balance.Uuid, ID=held.balance.ID, Value=left) if held.kind == MONETARY else None
    info = DebitInfo(Unit=unit, Monetary=money, AccountID=held.account.ID)
    span = TimeSpan(
        TimeStart=charge.at(),
        TimeEnd=charge.at().plus(step * count),
        RateInterval=_zero_interval(step),
        DurationIndex=charge.start + step * whole - charge.end if count == whole else 0,
        Increments=[] if unsplit else [Increment(Duration=step, Cost=ZERO, BalanceInfo=info, CompressFactor=count)],
        MatchedSubject=held.balance.Uuid,
        MatchedPrefix=prefix,
        MatchedDestId=destination,
        RatingPlanId="*none",
        CompressFactor=1,
    )
    return [span]


@lru_cache(256)
def _zero_interval(step: int) -> RateInterval:
    return RateInterval(Rating=RIRate(Rates=[RGRate(RateIncrement=step, RateUnit=step)]))


def _consumed(charge: Charge, duration: int, factor: Decimal) -> Decimal:
    amount = duration * factor
    return amount if factor == ONE else round_decimal(amount, charge.purse.bank.decimals, "*up")


def affordable(value: Decimal, each: Decimal, wanted: int) -> int:
    """How many times `each` fits into `value`, at most as often as it is wanted."""
    if each <= ZERO or each * wanted <= value:
        return wanted
    return min(wanted, int((value / each).to_integral_value(ROUND_FLOOR))) if value > ZERO else 0


def _unit_info(charge: Charge, held: Held, each: Decimal, factor: Decimal, interval: RateInterval | None) -> UnitInfo:
    return UnitInfo(
        UUID=held.balance.Uuid,
        ID=held.balance.ID,
        Value=held.balance.Value,
        DestinationID=charge.call.Destination,
        Consumed=each,
        Factor=factor,
        Category=charge.call.Category,
        ToR=charge.call.ToR,
        RateInterval=interval,
    )


def _pay_rated(charge: Charge, held: Held) -> list[TimeSpan]:
    subject = held.balance.RatingSubject
    rated = charge.rate(subject or charge.call.Subject)
    spans: list[TimeSpan] = []
    fee = take_fee(charge, rated)
    if fee is not None and not fee:
        return []
    for piece in rated.pieces:
        unsplit = charge.is_unsplit(piece)
        runs, paid, cost = ([], piece.steps, ZERO) if unsplit else _runs(charge, held, piece, subject=subject)
        if fee:
            runs, cost = [*fee, *runs], fee[0].Cost + cost
            fee = None
        if runs or unsplit:
            spans.append(empty_span(rated, piece if paid == piece.steps else piece.cut(paid), increments=runs, cost=cost))
        if paid < piece.steps:
            break
    return spans


def take_fee(charge: Charge, rated: RatedCall) -> list[Increment] | None:
    """The connect fee as an increment, paid by the first money balance that can, or by nobody's.

    Returns:
        None when no fee is due, an empty list when a blocker forbids to look further.
    """
    fee = rated.pieces[0].table.connect_fee
    if charge.spans or charge.call.LoopIndex != ZERO or fee <= ZERO:
        return None
    payer: Held | None = None
    for held in charge.money:
        if held.balance.Value >= fee and active(held.balance, charge.call.TimeStart):
            payer = held
            break
        if held.balance.Blocker:
            return []
    if payer is None:
        payer = charge.purse.default()
        charge.negative_fee = True
    return [money_run(charge, payer, duration=0, cost=fee, count=1, unit=None)]


def _runs(charge: Charge, held: Held, piece: Priced, *, subject: str) -> tuple[list[Increment], int, Decimal]:
    """What a balance pays of a piece: runs that differ by who paid the money, how many steps that is, and what they cost."""
    runs: list[Increment] = []
    left, total = piece.steps, ZERO
    while left > 0:
        now = _within_cap(charge, piece, left) if piece.table.is_capped else (piece.cost, left)
        if now is None:
            break
        cost, count = now
        run = _pay_with_money(charge, held, piece, cost, count, subject) if held.kind == MONETARY else _pay_with_units(charge, held, piece, cost, count)
        if run is None:
            break
        spent = run.Cost * run.CompressFactor
        charge.so_far += spent
        total += spent
        left -= run.CompressFactor
        runs.append(run)
    return runs, piece.steps - left, total


def _within_cap(charge: Charge, piece: Priced, left: int) -> tuple[Decimal, int] | None:
    """What an increment costs under a maximum cost, and how many do: none beyond a `*free` one; None where a `*disconnect` one ends the call."""
    table, so_far = piece.table, charge.so_far
    if table.free_beyond is not None and so_far >= table.free_beyond:
        return ZERO, left
    cap = table.free_beyond if table.free_beyond is not None else table.disconnects if charge.dry_run else None
    if cap is None or (so_far < cap and piece.cost <= ZERO):
        return piece.cost, left
    if so_far >= cap:
        charge.disconnected = True
        return None
    return piece.cost, min(left, max(1, -int(((so_far - cap) / piece.cost).to_integral_value(ROUND_FLOOR))))


def _pay_with_money(charge: Charge, held: Held, piece: Priced, cost: Decimal, count: int, subject: str) -> Increment | None:
    count = affordable(held.balance.Value, cost, count)
    if count <= 0:
        return None
    interval = piece.table.interval if subject else None
    return money_run(charge, held, duration=piece.slot.increment, cost=cost, count=count, unit=None, interval=interval)


def _pay_with_units(charge: Charge, held: Held, piece: Priced, cost: Decimal, count: int) -> Increment | None:
    factor = factor_of(charge, held)
    each = _consumed(charge, piece.slot.increment, factor)
    count = affordable(held.balance.Value, each, count)
    payer: Held | None = None
    if cost > 0 and count > 0:
        payer = next((money for money in charge.money if money.balance.Value >= cost), None)
        if payer is not None:
            count = affordable(payer.balance.Value, cost, count)
        elif charge.dry_run and not charge.purse.own.AllowNegative:
            return None
        else:
            payer = charge.purse.default()
    if count <= 0:
        return None
    charge.purse.put(held, held.balance.Value - each * count)
    unit = _unit_info(charge, held, each, factor, piece.table.interval)
    if payer is not None:
        return money_run(charge, payer, duration=piece.slot.increment, cost=cost, count=count, unit=unit)
    info = DebitInfo(Unit=unit, AccountID=held.account.ID)
    return Increment(Duration=piece.slot.increment, Cost=cost, BalanceInfo=info, CompressFactor=count)
