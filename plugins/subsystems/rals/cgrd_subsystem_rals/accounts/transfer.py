"""Moving units between balances of the same type, also of two accounts.

Source: spec/tariffplans.md (action *transfer_balance), observed_rating.md (actions).
"""

from __future__ import annotations

from decimal import Decimal

from cgrd.errors import CgrdError, NotFound
from cgrd.instants import Instant
from cgrd.money import ZERO
from cgrd_subsystem_rals.accounts.purse import Held, Purse
from cgrd_subsystem_rals.accounts.records import DEFAULT, Balance


def transfer(
    source: Purse,
    target: Purse,
    *,
    source_balance: str,
    target_balance: str,
    units: Decimal,
    reference: Decimal | None = None,
    at: Instant,
) -> Decimal:
    """Move units from one balance to another, which is made when it is not there; answers how many.

    Args:
        source, target: the two accounts; may be the same purse.
        source_balance, target_balance: ids.
        units: how many, > 0.
        reference: what the target shall come to instead; below what it holds, the difference goes back.
        at: balances expired then do not count.

    Raises:
        NotFound: no such source balance.
        CgrdError: nothing to move, or the source does not hold enough.
    """
    giving = _by_id(source, source_balance, at)
    if giving is None:
        raise NotFound(explain=f"account {source.own.ID} has no balance {source_balance}")
    taking = _by_id(target, target_balance, at, kind=giving.kind)
    amount = units
    if reference is not None:
        amount = reference - (taking.balance.Value if taking else ZERO)
    if not amount or units < 0:
        raise CgrdError("transfer amount is missing or 0", explain="give Units, or a reference value unlike what the target holds")
    if giving.balance.ID != DEFAULT and giving.balance.Value < amount:
        raise CgrdError(f"insufficient credits in source balance {giving.balance.ID!r} (account {source.own.ID!r}) for transfer of {amount} units")
    if taking is None:
        made = Balance(Uuid=target.bank.new_uuid(), ID=target_balance)
        target.own.add(giving.kind, made)
        taking = Held(target.own, giving.kind, made)
    source.put(giving, giving.balance.Value - amount)
    target.put(taking, taking.balance.Value + amount)
    return amount


def _by_id(purse: Purse, balance_id: str, at: Instant, *, kind: str = "") -> Held | None:
    for held_kind in [kind] if kind else list(purse.own.BalanceMap or {}):
        for balance in purse.own.balances(held_kind):
            if balance_id == balance.ID and not balance.expired(at):
                return Held(purse.own, held_kind, balance)
    return None
