"""Actions that ask other subsystems: thresholds and statistics to begin anew, records of costs to be dropped, balances to be restored."""

from __future__ import annotations

from functools import partial
from typing import Any

from cgrd import without_account
from cgrd.codec import convert, decode
from cgrd.costs import AccountSummary
from cgrd.errors import NotFound, Wrong
from cgrd_subsystem_rals.accounts.purse import Held
from cgrd_subsystem_rals.actions.cdrlog import need_cdrs
from cgrd_subsystem_rals.actions.doing import Doing, Run


def _named(doing: Doing) -> dict[str, Any]:
    tenant, colon, name = doing.action.ExtraParameters.partition(":")
    if not colon:
        tenant, name = doing.desk.services.default_tenant, tenant
    if not name:
        raise Wrong(f"{doing.action.ActionType}: no id", explain="ExtraParameters are tenant:id")
    return {"Tenant": tenant, "ID": name}


@without_account
def reset_threshold(doing: Doing) -> None:
    """Let a threshold count anew, over `schedulers.thresholds_conns`.

    ExtraParameters: `tenant:id` of the threshold, or its id alone.
    """
    _ask(doing, "thresholds", "ThresholdSv1.ResetThreshold", _named(doing))


@without_account
def reset_stat_queue(doing: Doing) -> None:
    """Empty a queue of statistics, over `schedulers.stats_conns`.

    ExtraParameters: `tenant:id` of the queue, or its id alone.
    """
    _ask(doing, "stats", "StatSv1.ResetStatQueue", _named(doing))


def _ask(doing: Doing, edge: str, method: str, args: dict[str, Any]) -> None:
    # An administrator may have named the connection for balances' events alone.
    section = "schedulers" if doing.desk.linked_as("schedulers", edge) else doing.desk.subsystem.section
    doing.ask(section, edge, method, args)


@without_account
def remove_session_costs(doing: Doing) -> None:
    """Let CDRs forget what sessions have cost, over `schedulers.cdrs_conns`.

    ExtraParameters: ids of filters on `~*sc.<field>`, `;` between; empty means all.

    Raises:
        Wrong: `schedulers.cdrs_conns` is empty.
    """
    need_cdrs(doing)
    ids = [part for part in doing.action.ExtraParameters.split(";") if part]
    args = {"Tenant": doing.key.partition(":")[0] or doing.desk.services.default_tenant, "FilterIDs": ids}
    doing.ask("schedulers", "cdrs", "CDRsV1.RemoveSessionCosts", args)


def reset_account_cdr(doing: Doing) -> None:
    """Set balances to what the account's last record says they held, asked over `schedulers.cdrs_conns`.

    ExtraParameters: none.
    """
    doing.later(partial(_restore, doing))


async def _restore(doing: Doing) -> None:
    tenant, _, account = doing.key.partition(":")
    query = {"Tenants": [tenant], "Accounts": [account], "NotCosts": [-1], "OrderBy": "OrderID;desc", "Limit": 1}
    records: Any = await doing.desk.call_as("schedulers", "cdrs", "CDRsV1.GetCDRs", query)
    details = records[0].get("CostDetails") if records else None
    told = (decode(details) if isinstance(details, str) else details or {}).get("AccountSummary")
    if not told:
        raise NotFound(explain=f"the last record of {doing.key} tells nothing of its balances")
    summary: AccountSummary = convert(told, AccountSummary)
    work = doing.desk.work(f"{doing.work.cause.why} *reset_account_cdr")
    purse = work.purse(doing.key)
    values = {each.UUID: each.Value for each in summary.BalanceSummaries or ()}
    for kind in purse.own.BalanceMap or {}:
        for balance in purse.own.balances(kind):
            if balance.Uuid in values:
                purse.put(Held(purse.own, kind, balance), values[balance.Uuid])
    work.take(purse)
    doing.desk.keep(work)


TYPES: dict[str, Run] = {
    "*reset_threshold": reset_threshold,
    "*reset_stat_queue": reset_stat_queue,
    "*remove_session_costs": remove_session_costs,
    "*reset_account_cdr": reset_account_cdr,
}
