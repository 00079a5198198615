"""*set_ddestinations: the destinations that were dialled, as statistics know them, become the destination of a balance.

Source: spec/tariffplans.md (action types).
"""

from __future__ import annotations

from functools import partial
from typing import Any

from cgrd.errors import Wrong
from cgrd_subsystem_rals.actions.doing import Doing, Run
from cgrd_subsystem_rals.actions.dynamic import ask_apiers

METRIC = "*ddc"


def set_dialled(doing: Doing) -> None:
    """Fill the destination `*ddc…` that a balance of the account names with what queues have counted.

    ExtraParameters: ids of queues with the metric `*ddc`, `;` between.

    Raises:
        Wrong: no queue is named.
    """
    queues = [part for part in doing.action.ExtraParameters.split(";") if part]
    if not queues:
        raise Wrong("*set_ddestinations: no queue", explain="ExtraParameters are the ids of queues with the metric *ddc, with ; between")
    if destination := _destination(doing):
        doing.later(partial(_fill, doing, destination, queues))


def _destination(doing: Doing) -> str:
    for balances in (doing.account().BalanceMap or {}).values():
        for balance in balances or ():
            for destination in balance.DestinationIDs or ():
                if destination.startswith(METRIC):
                    return destination
    return ""


async def _fill(doing: Doing, destination: str, queues: list[str]) -> None:
    tenant = doing.key.partition(":")[0]
    prefixes: dict[str, None] = {}
    for queue in queues:
        answer: Any = await doing.desk.call("stats", "StatSv1.GetStatQueue", {"Tenant": tenant, "ID": queue}, dict[str, Any])
        metric = (answer.get("SQMetrics") or {}).get(METRIC) or {}
        prefixes.update(dict.fromkeys(metric.get("FieldValues") or ()))
    await ask_apiers(doing, "APIerSv1.SetDestination", {"Id": destination, "Prefixes": list(prefixes), "Overwrite": True})


TYPES: dict[str, Run] = {"*set_ddestinations": set_dialled}
