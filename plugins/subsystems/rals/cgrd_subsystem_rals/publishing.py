"""What others are told of an account after a change: AccountUpdate and BalanceUpdate events to ThresholdS and StatS.

They are sent when the change is kept, outside of any lock, so that an action set off by one may change the account again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping, Sequence, Set
from decimal import Decimal
from functools import partial
from os import urandom
from types import CoroutineType
from typing import Any, Final

from cgrd import CGREvent
from cgrd.codec import plain_tree
from cgrd.costs import AccountSummary
from cgrd.errors import CgrdError, is_nothing
from cgrd_subsystem_rals.accounts.records import Account, Balance
from cgrd_subsystem_rals.accounts.summary import summary_of
from cgrd_subsystem_rals.accounts.work import Work
from cgrd_subsystem_rals.desk import Desk

_ASKED = (("thresholds", "ThresholdSv1.ProcessEvent"), ("stats", "StatSv1.ProcessEvent"))
_UPDATE: Final = {"*eventType": "AccountUpdate"}
_SUMMARY: Final = frozenset(AccountSummary.__struct_fields__)

Asked = Sequence[tuple[str, str]]


def asked(desk: Desk, key: str, fields: Set[str], options: Mapping[str, Any]) -> Asked:
    """Who listens to such events of an account: edges, and the methods that are told over them."""
    heeded, tenant = desk.subsystem.heeded, key.partition(":")[0]
    return [each for each in _ASKED if heeded(*each, tenant, fields, options)]


def announce(desk: Desk, work: Work, key: str, *, initial: Mapping[str, Decimal] | None = None) -> None:
    """Tell of an account once the order is kept, as it is then, whoever listens now.

    Args:
        initial: what its balances held before, by UUID.
    """
    if listening := asked(desk, key, _SUMMARY, _UPDATE):
        work.later.append(partial(_tell_account, desk, listening, key, initial or {}))


def announce_balances(desk: Desk, work: Work, key: str) -> None:
    """Tell of each balance of an account once the order is kept."""
    if listening := asked(desk, key, _BALANCE, {}):
        work.later.append(partial(_tell_balances, desk, listening, key))


def _tell_account(desk: Desk, listening: Asked, key: str, initial: Mapping[str, Decimal]) -> Awaitable[None] | None:
    account = desk.accounts.get(key)
    if account is None:
        return None
    return _tell(desk, listening, _event(desk, account, account_fields(account, initial), _UPDATE))


def _tell_balances(desk: Desk, listening: Asked, key: str) -> Awaitable[None] | None:
    account = desk.accounts.get(key)
    if account is None:
        return None
    # As recorded: a balance's event says its type in its fields alone, no filter on `~*opts.*eventType` finds it.
    return _tell(desk, listening, *[_event(desk, account, fields, {}) for fields in balance_fields(account)])


def account_fields(account: Account, initial: Mapping[str, Decimal]) -> dict[str, Any]:
    """The event of an account: its summary."""
    fields: dict[str, Any] = plain_tree(summary_of(account))
    for told in fields.get("BalanceSummaries") or ():
        told["Initial"] = initial.get(told["UUID"], told["Initial"])
    return fields


def balance_fields(account: Account) -> Iterator[dict[str, Any]]:
    """The events of an account's balances."""
    for kind, balances in (account.BalanceMap or {}).items():
        for balance in balances or ():
            yield _balance_event(account, kind, balance)


def _balance_event(account: Account, kind: str, balance: Balance) -> dict[str, Any]:
    told = {"ID": balance.ID, "UUID": balance.Uuid, "Type": kind, "Value": balance.Value, "Account": account.name, "AccountID": account.ID}
    return {"EventType": "BalanceUpdate", "EventSource": "AccountService", "Units": balance.Value, "BalanceID": balance.ID, **told}


_BALANCE: Final = frozenset(_balance_event(Account(ID=""), "", Balance()))


def _event(desk: Desk, account: Account, fields: dict[str, Any], options: dict[str, Any]) -> CGREvent:
    return CGREvent(Tenant=account.tenant, ID=urandom(16).hex(), Time=desk.now(), Event=fields, APIOpts=options.copy())


def _tell(desk: Desk, listening: Asked, *events: CGREvent) -> Awaitable[None] | None:
    """Tell of events in their order; what has to wait, and all that follows it, is in the coroutine answered."""
    if len(events) == 1 == len(listening):
        return _ask(desk, *listening[0], events[0])
    return desk.each("told of an account", iter([partial(_ask, desk, *each, event) for event in events for each in listening]))


def _ask(desk: Desk, edge: str, method: str, event: CGREvent) -> Awaitable[None] | None:
    try:
        answer = desk.subsystem.begin_call(edge, method, event)
    except CgrdError as error:
        _not_told(desk, method, error)
        return None
    return _answered(desk, method, answer) if type(answer) is CoroutineType else None


async def _answered(desk: Desk, method: str, answer: Awaitable[Any]) -> None:
    try:
        await answer
    except CgrdError as error:
        _not_told(desk, method, error)


def _not_told(desk: Desk, method: str, error: CgrdError) -> None:
    if not is_nothing(error):
        desk.services.log("rals").warning("not told of an account", method=method, error=str(error), explain=error.explain)
