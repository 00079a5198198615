"""What actions and the balance methods do to the balances of an account.

Each works on a purse, so the changes are known afterwards, and answers how many balances it met.

Source: spec/rating.md §12, observed_rating.md (accounts, actions).
"""

from __future__ import annotations

from decimal import Decimal

from cgrd.errors import CgrdError
from cgrd.instants import Instant
from cgrd.money import ZERO
from cgrd_subsystem_rals.accounts.errors import BalanceNotFound
from cgrd_subsystem_rals.accounts.matching import apply, fits, meant, new_balance
from cgrd_subsystem_rals.accounts.purse import Held, Purse
from cgrd_subsystem_rals.accounts.records import DEFAULT, MONETARY, Balance, BalanceFilter


def clean_expired(purse: Purse, *, at: Instant) -> int:
    """Delete every expired balance, as each change of an account's balances begins."""
    gone = [Held(purse.own, kind, b) for kind in purse.own.BalanceMap or {} for b in purse.own.balances(kind) if b.expired(at)]
    for held in gone:
        purse.drop(held)
    return len(gone)


def topup(purse: Purse, wanted: BalanceFilter, units: Decimal, *, at: Instant, reset: bool = False) -> int:
    """Add to every balance meant, or make one; what is below nothing adds as well. `reset` sets them to nothing first."""
    return _subtract(purse, wanted, -abs(units), at=at, reset=reset)


def take(purse: Purse, wanted: BalanceFilter, units: Decimal, *, at: Instant, reset: bool = False) -> int:
    """Take from every balance meant, or make one below nothing; units below nothing add."""
    return _subtract(purse, wanted, units, at=at, reset=reset)


def topup_zero_negative(purse: Purse, wanted: BalanceFilter, units: Decimal, *, at: Instant) -> int:
    """Set balances below nothing to nothing, then subtract the units as they are."""
    for held in meant(purse.own, wanted, at=at):
        if held.balance.Value < 0:
            purse.put(held, ZERO)
    return _subtract(purse, wanted, units, at=at, reset=False)


def _subtract(purse: Purse, wanted: BalanceFilter, units: Decimal, *, at: Instant, reset: bool) -> int:
    met = 0
    for held in meant(purse.own, wanted, at=at):
        met += 1
        purse.put(held, (ZERO if reset else held.balance.Value) - units)
    if not met:
        _make(purse, wanted, -units)
    return met


def _make(purse: Purse, wanted: BalanceFilter, value: Decimal) -> Balance:
    made = new_balance(wanted, uuid=purse.bank.new_uuid(), value=ZERO)
    purse.own.add(wanted.Type or "", made)
    purse.put(Held(purse.own, wanted.Type or "", made), value)
    return made


def set_balance(purse: Purse, wanted: BalanceFilter, value: Decimal | None, *, at: Instant) -> Balance:
    """Set a balance, found by UUID (which must be there) or id, or make it; only fields that are given change.

    Raises:
        BalanceNotFound: no balance of that UUID.
        CgrdError: a new balance without a type.
    """
    held = _by_name(purse, wanted, at)
    if held is None:
        if wanted.Uuid:
            raise BalanceNotFound(f"cannot find balance with uuid: <{wanted.Uuid}>", explain="leave the UUID out to make a new balance")
        if not wanted.Type:
            raise CgrdError("missing balance type", explain="a new balance needs its type, as *monetary")
        return _make(purse, wanted, abs(value or ZERO))
    if value is not None:
        purse.put(held, abs(value))
    if wanted.ID and held.balance.ID != DEFAULT:
        held.balance.ID = wanted.ID
    apply(wanted, held.balance, value=None)
    return held.balance


def _by_name(purse: Purse, wanted: BalanceFilter, at: Instant) -> Held | None:
    kinds = [wanted.Type] if wanted.Type else list(purse.own.BalanceMap or {})
    for kind in kinds:
        for balance in purse.own.balances(kind):
            if balance.Uuid == wanted.Uuid if wanted.Uuid else (wanted.ID or "") == balance.ID and not balance.expired(at):
                return Held(purse.own, kind, balance)
    return None


def remove(purse: Purse, wanted: BalanceFilter, *, at: Instant) -> int:
    """Delete every balance meant.

    Raises:
        BalanceNotFound: none is.
    """
    return _delete(purse, list(meant(purse.own, wanted, at=at)))


def remove_expired(purse: Purse, wanted: BalanceFilter, *, at: Instant) -> int:
    """Delete every expired balance of the filter's type, or of all types, that fits the filter.

    Raises:
        BalanceNotFound: none is.
    """
    kinds = [wanted.Type] if wanted.Type else list(purse.own.BalanceMap or {})
    gone = [
        Held(purse.own, kind, balance)
        for kind in kinds
        for balance in purse.own.balances(kind)
        if balance.expired(at) and fits(balance, wanted, skip_expiry=True)
    ]
    return _delete(purse, gone)


def _delete(purse: Purse, gone: list[Held]) -> int:
    if not gone:
        raise BalanceNotFound(explain=f"account {purse.own.ID} has no such balance")
    for held in gone:
        purse.drop(held)
    return len(gone)


def set_expiry(purse: Purse, wanted: BalanceFilter) -> int:
    """Give the filter's expiration to every balance that is as the filter says otherwise, also to expired ones."""
    met = 0
    for held in meant(purse.own, wanted, at=None):
        met += 1
        if wanted.ExpirationDate is not None:
            held.balance.ExpirationDate = wanted.ExpirationDate
    return met


def reset_account(purse: Purse) -> None:
    """Replace the balances of each type by one of nothing; triggers may fire again, counters stay, as recorded."""
    for kind in list(purse.own.BalanceMap or {}):
        for balance in purse.own.balances(kind):
            purse.drop(Held(purse.own, kind, balance))
        _make(purse, BalanceFilter(Type=kind), ZERO)
    for trigger in purse.own.ActionTriggers or []:
        trigger.Executed = False


def reset_counters(purse: Purse, wanted: BalanceFilter | None = None) -> None:
    """Set counters to nothing; all of them, or those of the filter's type."""
    for kind, units in (purse.own.UnitCounters or {}).items():
        if wanted is None or not wanted.Type or wanted.Type == kind:
            for unit in units:
                for counter in unit.Counters:
                    counter.Value = ZERO


def transfer_to_default(purse: Purse, wanted: BalanceFilter, *, at: Instant) -> int:
    """Empty the money balances meant that hold anything into `*default`.

    Raises:
        BalanceNotFound: the account has no money balance.
    """
    if not purse.own.balances(MONETARY):
        raise BalanceNotFound(explain=f"account {purse.own.ID} has no money balance")
    asked = BalanceFilter(Type=MONETARY, Uuid=wanted.Uuid, ID=wanted.ID)
    target = purse.default()
    met = 0
    for held in meant(purse.own, asked, at=at):
        if held.balance.ID != DEFAULT and held.balance.Value > 0:
            met += 1
            purse.put(target, target.balance.Value + held.balance.Value)
            purse.put(held, ZERO)
    return met
