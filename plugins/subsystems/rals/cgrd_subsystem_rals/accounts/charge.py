"""A debit under way, and the one step that every kind of paying shares: taking money."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from cgrd.costs import CallDescriptor, DebitInfo, Increment, MonetaryInfo, RateInterval, TimeSpan, UnitInfo
from cgrd.instants import Instant
from cgrd_subsystem_rals.accounts.purse import Held, Purse
from cgrd_subsystem_rals.accounts.records import MONETARY
from cgrd_subsystem_rals.accounts.select import usable
from cgrd_subsystem_rals.rating import RatingBook
from cgrd_subsystem_rals.rating.spans import RatedCall, rate_call
from cgrd_subsystem_rals.rating.split import Priced


class Charge(msgspec.Struct, kw_only=True, eq=False):
    """A debit under way: what is still to be paid, by whom, and what was paid.

    Attributes:
        start: from where on nothing is paid yet, unix ns.
        end: of the call, unix ns.
        used: usage of the whole call at its end.
        so_far: what counts for a maximum cost.
        negative_fee: whether the connect fee had to be taken from nothing.
        disconnected: whether a maximum cost ends the call.
        units: the balances of units that may pay.
        money: the balances of money that may pay.
        spans: what was paid.
    """

    book: RatingBook
    purse: Purse
    call: CallDescriptor
    dry_run: bool
    start: int
    end: int
    used: int
    so_far: Decimal
    negative_fee: bool = False
    disconnected: bool = False
    units: list[Held] = []
    money: list[Held] = []
    spans: list[TimeSpan] = []

    @property
    def done(self) -> bool:
        """Whether all of the call is paid."""
        return self.start >= self.end

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be paid: all of the call is, or a maximum cost ends it."""
        return self.start >= self.end or self.disconnected

    def add(self, spans: list[TimeSpan]) -> bool:
        """Take over what was paid; whether that was anything."""
        if spans:
            self.spans += spans
            self.start = max(self.start, spans[-1].TimeEnd.ns)
        return bool(spans)

    def at(self) -> Instant:
        """From where on nothing is paid yet."""
        begin = self.call.TimeStart
        return begin if self.start == begin.ns else Instant(self.start, begin.zone)

    def is_unsplit(self, piece: Priced) -> bool:
        """Whether a piece has more increments than `rals.max_increments`: it is told without any, so that nobody can pay for it.

        Such a piece counts as nothing where it is asked how long an account can pay, and is free where it is debited. Source:
        spec/rating.md §5 (createIncrements), and the recorded sessions with *generic balances or megabytes by the byte.
        """
        return piece.steps > self.book.policy.max_increments

    def rate(self, subject: str) -> RatedCall:
        """The rest of the call by the rates of a subject."""
        # Usage below nothing counts from the end that the call names, as when it is only rated.
        end = min(self.end, self.call.TimeEnd.ns) if self.call.duration < 0 else self.end
        return rate_call(self.book, self.call, subject=subject, start=self.at(), end=end, used=self.used)


def begin_charge(book: RatingBook, purse: Purse, call: CallDescriptor, *, dry_run: bool) -> Charge:
    """The charge of a call of which nothing is paid yet."""
    start, end = call.TimeStart.ns, call.TimeEnd.ns
    return Charge(
        book=book,
        purse=purse,
        call=call,
        dry_run=dry_run,
        start=start,
        end=max(end, start + 1),
        used=max(call.DurationIndex, end - start),
        so_far=call.MaxCostSoFar,
        units=usable(purse, book, call, call.ToR) if call.ToR != MONETARY else [],
        money=usable(purse, book, call, MONETARY),
    )


def money_run(
    charge: Charge, payer: Held, *, duration: int, cost: Decimal, count: int, unit: UnitInfo | None, interval: RateInterval | None = None
) -> Increment:
    """Increments that a money balance pays, and the run that tells of it."""
    balance = payer.balance
    left = charge.purse.put(payer, balance.Value - cost * count)
    money = MonetaryInfo(UUID=balance.Uuid, ID=balance.ID, Value=left, RateInterval=interval)
    info = DebitInfo(Unit=unit, Monetary=money, AccountID=payer.account.ID)
    return Increment(Duration=duration, Cost=cost, BalanceInfo=info, CompressFactor=count)
