"""*export: the account, or the event, to the exporters that ExtraParameters name."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import uuid4

from cgrd import without_account
from cgrd.codec import plain_tree
from cgrd.errors import CgrdError, NotFound
from cgrd_subsystem_rals.actions.doing import Doing, Run


@without_account
def export(doing: Doing) -> None:
    """Hand over to EEs, over `apiers.ees_conns`, when the set is kept."""
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
    doing.later(partial(_send, doing, args))


async def _send(doing: Doing, args: dict[str, Any]) -> None:
    try:
        await doing.desk.call_as("apiers", "ees", "EeSv1.ProcessEvent", args)
    except CgrdError as error:
        if error.word != NotFound().word:
            raise


TYPES: dict[str, Run] = {"*export": export}
