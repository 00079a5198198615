"""Administration over the API: costs, accounts, balances, actions, plans and triggers; served with APIerSv1 and V2."""

from __future__ import annotations

from collections.abc import Sequence

from cgrd_subsystem_rals.actions.execute import Executor
from cgrd_subsystem_rals.api.accounts import AccountsApi
from cgrd_subsystem_rals.api.actions import ActionsApi
from cgrd_subsystem_rals.api.balances import BalancesApi
from cgrd_subsystem_rals.api.costs import CostsApi
from cgrd_subsystem_rals.api.plans import PlansApi
from cgrd_subsystem_rals.api.triggers import TriggersApi
from cgrd_subsystem_rals.api.usage import UsageApi
from cgrd_subsystem_rals.desk import Desk
from cgrd_subsystem_rals.responder import Responder


def administration_parts(desk: Desk, executor: Executor, responder: Responder) -> Sequence[object]:
    """The parts, each with its methods."""
    return (
        CostsApi(desk, responder),
        UsageApi(desk, responder),
        AccountsApi(desk, executor),
        BalancesApi(desk, executor),
        ActionsApi(desk, executor),
        PlansApi(desk),
        TriggersApi(desk, executor),
    )
