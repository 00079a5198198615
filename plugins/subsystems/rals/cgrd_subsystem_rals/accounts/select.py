"""Which balances of an account may pay for a call, and in which order.

Source: spec/rating.md §7.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from cgrd.costs import CallDescriptor
from cgrd.instants import Instant
from cgrd.money import ZERO
from cgrd_subsystem_rals.accounts.purse import Held, Purse
from cgrd_subsystem_rals.accounts.records import GENERIC, MONETARY, Account, Balance, SharedGroup
from cgrd_subsystem_rals.rating import Calendar, RatingBook

_ANY = "*any"


def usable(purse: Purse, book: RatingBook, call: CallDescriptor, kind: str) -> list[Held]:
    """The balances of a type (unit types with `*generic`) that may pay, the first to be used first."""
    own = _of_account(purse.own, book, call, kind, group="")
    if not own or (len(own) == 1 and not own[0].balance.SharedGroups):
        return own
    found: list[Held] = []
    seen: set[str] = set()
    for held in own:
        groups = held.balance.SharedGroups
        shared = [group for group, included in groups.items() if included] if groups else None
        for each in _of_groups(purse, book, call, kind, held, shared) if shared else (held,):
            if each.balance.Uuid not in seen:
                seen.add(each.balance.Uuid)
                found.append(each)
    return found


def _of_account(account: Account, book: RatingBook, call: CallDescriptor, kind: str, *, group: str) -> list[Held]:
    kinds = (kind,) if kind in (MONETARY, GENERIC) else (kind, GENERIC)
    fitting: list[Held] = []
    held = account.BalanceMap or {}
    for held_kind in kinds:
        for balance in held.get(held_kind) or ():
            if _may_pay(balance, call, group=group) and (precision := destination_precision(balance, book, call.Destination)) is not None:
                fitting.append(Held(account, held_kind, balance, precision))
    if len(fitting) > 1:
        fitting.sort(key=_the_closest_and_heaviest)
    return fitting


def _the_closest_and_heaviest(held: Held) -> tuple[int, Decimal]:
    return -held.precision, -held.balance.Weight


def _may_pay(balance: Balance, call: CallDescriptor, *, group: str) -> bool:
    if balance.Disabled or balance.expired(call.TimeStart):
        return False
    if balance.Value <= ZERO and not balance.SharedGroups and not balance.Blocker:
        return False
    if group and not (balance.SharedGroups or {}).get(group):
        return False
    return not balance.Categories or balance.Categories.get(call.Category, False)


def destination_precision(balance: Balance, book: RatingBook, number: str) -> int | None:
    """How many digits of the number the balance's destinations fit: 0 when it is for any, None when not for this one."""
    named = balance.DestinationIDs
    if not named or named.get(_ANY):
        return 0
    if number and number != _ANY:
        for prefix, ids in book.destinations_of(number):
            met = [named[destination] for destination in ids if destination in named]
            if met:
                return len(prefix) if all(met) else None
    return 0 if not any(named.values()) else None


def matched_destination(balance: Balance, book: RatingBook, number: str) -> tuple[str, str]:
    """Prefix and destination by which a balance fits a number; the whole number and `*any` where it is for any."""
    named = balance.DestinationIDs or {}
    for prefix, ids in book.destinations_of(number):
        for destination in ids:
            if named.get(destination):
                return prefix, destination
    return number, _ANY


def _of_groups(purse: Purse, book: RatingBook, call: CallDescriptor, kind: str, own: Held, groups: Iterable[str]) -> list[Held]:
    found: list[Held] = []
    for group_id in groups:
        group = purse.bank.groups.get(f"{purse.own.tenant}:{group_id}") or purse.bank.groups.get(group_id)
        if group is not None:
            found += _ordered(group, purse.own.ID, own, list(_of_group(purse, book, call, kind, group)))
    return found


def _of_group(purse: Purse, book: RatingBook, call: CallDescriptor, kind: str, group: SharedGroup) -> Iterable[Held]:
    for member_id in group.MemberIds or {}:
        member = purse.member(member_id)
        if member is not None:
            yield from _of_account(member, book, call, kind, group=group.Id)


def _ordered(group: SharedGroup, account_id: str, own: Held, held: list[Held]) -> list[Held]:
    strategy = group.parameters(account_id).Strategy
    if strategy.endswith("lowest"):
        held.sort(key=lambda each: each.balance.Value)
    elif strategy.endswith("highest"):
        held.sort(key=lambda each: -each.balance.Value)
    if strategy not in ("*lowest", "*highest", "*random"):
        # `*mine_…`, also where no strategy or an unknown one is named: the own balance first.
        place = next((at for at, each in enumerate(held) if each.balance is own.balance), 0)
        if held:
            held[0], held[place] = held[place], held[0]
    return held


def active(balance: Balance, at: Instant) -> bool:
    """Whether a balance may be used at this time of day: one of its timings holds and none of its exclusions does."""
    if balance.Disabled:
        return False
    if not balance.Timings:
        return True
    included = False
    only_exclusions = True
    for timing in balance.Timings:
        holds = Calendar(timing).holds_at(at)
        if balance.TimingIDs and not balance.TimingIDs.get(timing.ID, False):
            if holds:
                return False
            continue
        only_exclusions = False
        included = included or holds
    return included or only_exclusions
