"""*cdrlog: a record for each action of the set that moved money or units.

Source: spec/tariffplans.md (action types).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from cgrd.errors import Exists, Wrong
from cgrd.fields import compile_value
from cgrd_subsystem_rals.accounts.formulas import amount_of
from cgrd_subsystem_rals.accounts.records import BalanceFilter
from cgrd_subsystem_rals.actions.doing import Doing, Run
from cgrd_subsystem_rals.kinds.actions import Action

MOVING: Final = frozenset(
    ("*topup", "*topup_reset", "*debit", "*debit_reset", "*set_balance", "*remove_balance", "*topup_zero_negative", "*remove_expired", "*transfer_balance")
)
USUAL: Final = {
    "ToR": "~*acnt.BalanceType",
    "OriginHost": "127.0.0.1",
    "RequestType": "*none",
    "Tenant": "~*acnt.Tenant",
    "Account": "~*acnt.AccountID",
    "Subject": "~*acnt.AccountID",
    "Cost": "~*act.ActionValue",
}


def cdrlog(doing: Doing) -> None:
    """Hand a record of each moving action to CDRs, when the set is kept, over `schedulers.cdrs_conns`.

    ExtraParameters: empty, or a JSON map of the record's fields to rules (`~*acnt.…`, `~*act.…`, `~*req.…`).

    Raises:
        Wrong: `schedulers.cdrs_conns` is empty, or ExtraParameters are no map.
    """
    need_cdrs(doing)
    templates = {**USUAL, **doing.extra(dict[str, str])}
    for action in doing.actions:
        if action.ActionType in MOVING:
            event = record(doing, action, templates)
            args = {"Tenant": _tenant(doing), "ID": str(uuid4()), "Time": doing.at, "Event": event, "APIOpts": {}, "Flags": ["*chargers:false"]}
            # The record says by its OriginID whether it was kept by an attempt before.
            doing.ask("schedulers", "cdrs", "CDRsV1.ProcessEvent", args, harmless=Exists().word)


def need_cdrs(doing: Doing) -> None:
    """Refuse an action on CDRs where there are none.

    Raises:
        Wrong: `schedulers.cdrs_conns` is empty.
    """
    if not doing.desk.linked_as("schedulers", "cdrs"):
        raise Wrong("No connection with CDR Server", explain="schedulers.cdrs_conns is empty; name a connection there, as *internal")


def _tenant(doing: Doing) -> str:
    return doing.key.partition(":")[0] or doing.desk.services.default_tenant


def record(doing: Doing, action: Action, templates: Mapping[str, str]) -> dict[str, Any]:
    """The record of an action, as an event."""
    roots = roots_of(doing, action)
    moment = str(doing.at)
    fields: dict[str, Any] = {
        "RunID": action.ActionType,
        "Source": "*cdrlog",
        "OriginID": str(uuid4()),
        "SetupTime": moment,
        "AnswerTime": moment,
        "Usage": 1,
        "PreRated": True,
    }
    return fields | {name: compile_value(text).text(roots) for name, text in templates.items()}


def roots_of(doing: Doing, action: Action) -> dict[str, Any]:
    """What templates of an action may read: the account under `*acnt`, the action under `*act`."""
    balance = action.Balance or BalanceFilter()
    tenant, _, account = doing.key.partition(":")
    amount = amount_of(balance.Value, now=doing.at)
    told = {
        "ActionID": action.Id,
        "ActionType": action.ActionType,
        "ActionValue": amount,
        "BalanceID": balance.ID or "",
        "BalanceUUID": balance.Uuid or "",
        "BalanceType": balance.Type or "",
        "BalanceValue": amount,
        "ExtraParameters": action.ExtraParameters,
        "DestinationIDs": ";".join(balance.DestinationIDs or ()),
    }
    return {"*act": told, "*acnt": {"Tenant": tenant, "AccountID": account, **told}, "*req": dict(doing.event or {})}


TYPES: dict[str, Run] = {"*cdrlog": cdrlog}
