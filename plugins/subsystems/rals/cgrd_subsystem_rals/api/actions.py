"""APIerSv1.ExecuteAction: a set of actions on one account, or on none."""

from __future__ import annotations

import msgspec

from cgrd import method
from cgrd.errors import CgrdError, PartiallyExecuted
from cgrd_subsystem_rals.actions.execute import Executor
from cgrd_subsystem_rals.desk import Desk


class ExecuteAction(msgspec.Struct):
    """Which set, on whom."""

    Tenant: str = ""
    Account: str = ""
    ActionsId: str = ""


class ActionsApi:
    """Carries out sets of actions."""

    def __init__(self, desk: Desk, executor: Executor) -> None:
        self.desk = desk
        self.executor = executor

    @method("APIerSv1.ExecuteAction")
    async def execute_action(self, args: ExecuteAction) -> str:
        """Carry a set out; balances change at once, what goes to others is waited for.

        Raises:
            NotFound: there is no such set.
            PartiallyExecuted: an action failed; of the account nothing was changed unless it was what goes to others.
        """
        key = self.desk.key(args.Tenant, args.Account) if args.Account else ""
        why = f"APIerSv1.ExecuteAction {args.ActionsId}"
        async with self.desk.services.store.lock(f"account:{key}"):
            orders = self.executor.execute(self.executor.actions(args.ActionsId), [key] if key else [], why=why, is_waited=True)
        for order in orders:
            try:
                await self.desk.finish(order)
            except CgrdError as error:
                raise PartiallyExecuted(explain=f"{error} {error.explain}".strip()) from error
        return "OK"
