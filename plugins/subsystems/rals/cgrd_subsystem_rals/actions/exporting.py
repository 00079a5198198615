"""*export: the account, or the event, to the exporters that ExtraParameters name."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from cgrd import without_account
from cgrd.codec import plain_tree
from cgrd.errors import NotFound
from cgrd_subsystem_rals.actions.doing import Doing, Run


@without_account
def export(doing: Doing) -> None:
    """Hand the account, or the event, to EEs over `apiers.ees_conns`, when the set is committed; without exporters that take it, all is well.

    ExtraParameters: ids of exporters, `;` between; empty means all.
    """
    ids = [part for part in doing.action.ExtraParameters.split(";") if part]
    event: dict[str, Any] = plain_tree(doing.told())
    args = {
        "Tenant": doing.key.partition(":")[0] or doing.desk.services.default_tenant,
        "ID": str(uuid4()),
        "Time": doing.at,
        "Event": event,
        "APIOpts": {"*eventType": "BalanceUpdate" if doing.key else "*export", "*actionID": doing.action.Id},
        "EeIDs": ids,
    }
    doing.ask("apiers", "ees", "EeSv1.ProcessEvent", args, harmless=NotFound().word)


TYPES: dict[str, Run] = {"*export": export}
