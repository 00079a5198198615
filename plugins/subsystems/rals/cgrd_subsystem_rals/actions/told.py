"""Actions that tell of an account: the log, and events to ThresholdS and StatS."""

from __future__ import annotations

from cgrd import without_account
from cgrd.codec import encode
from cgrd_subsystem_rals.actions.doing import Doing, Run
from cgrd_subsystem_rals.publishing import announce, announce_balances


@without_account
def log(doing: Doing) -> None:
    """Write the account, or the event, into the log.

    ExtraParameters: none.
    """
    doing.desk.services.log("rals").info("*log", actions=doing.action.Id, account=doing.key, told=encode(doing.told()).decode())


def publish_account(doing: Doing) -> None:
    """Tell ThresholdS and StatS of the account and of its balances, over `rals.thresholds_conns` and `stats_conns`.

    ExtraParameters: none.
    """
    announce(doing.desk, doing.work, doing.key)
    announce_balances(doing.desk, doing.work, doing.key)


def publish_balance(doing: Doing) -> None:
    """Tell ThresholdS and StatS of the account's balances, over `rals.thresholds_conns` and `stats_conns`.

    ExtraParameters: none.
    """
    announce_balances(doing.desk, doing.work, doing.key)


TYPES: dict[str, Run] = {"*log": log, "*publish_account": publish_account, "*publish_balance": publish_balance}
