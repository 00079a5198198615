"""Carrying out lines: the actions of each account and the note that it had its turn come to be together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import trio

from cgrd import Subsystem
from cgrd.component import INTERNAL
from cgrd.errors import CgrdError
from cgrd_subsystem_schedulers.agenda import Agenda
from cgrd_subsystem_schedulers.lines import Line, accounts_of, lines_of
from cgrd_subsystem_schedulers.progress import Progress

if TYPE_CHECKING:
    from cgrd.services import Services

METHOD = "RALsV1.ExecuteActions"


class Hand:
    """Asks RALs to carry actions out.

    Args:
        subsystem: whose configuration and edges hold.
    """

    def __init__(self, subsystem: Subsystem) -> None:
        self.subsystem = subsystem
        self._caller = Subsystem(services=subsystem.services, config={})
        self._caller.section = subsystem.section  # type: ignore[misc]

    @property
    def services(self) -> Services:
        """What the kernel offers."""
        return self.subsystem.services

    def concerns(self, line: Line, account: str) -> bool:
        """Whether `schedulers.filters` let the scheduler do this for an account; a filter that cannot be evaluated lets nothing."""
        filters = self.subsystem.config["filters"]
        if not filters:
            return True
        tenant, _, name = account.partition(":")
        told = {"Tenant": tenant, "Account": name, "AccountID": account, "ActionsID": line.actions_id, "ActionPlanID": line.plan_id, "Uuid": line.uuid}
        try:
            matcher = self.services.filters.compile(tenant or self.services.default_tenant, filters)
            return bool(matcher.passes({"*req": told, "*act": told}))
        except CgrdError as error:
            self.services.log("schedulers").error("schedulers.filters", account=account, error=str(error), explain=error.explain)
            return False

    async def carry_out(self, line: Line, accounts: Sequence[str], *, key: str = "") -> None:
        """Do a line's actions for accounts, or without any.

        Args:
            key: a request key, for RALs of another daemon.

        Raises:
            NotFound: there are no such actions.
            PartiallyExecuted: they failed for some account, for which nothing was kept.
        """
        options = {"*idempotencyKey": key} if key else {}
        args = {"ActionsID": line.actions_id, "AccountIDs": list(accounts), "Why": f"{line.plan_id} {line.actions_id}", "APIOpts": options}
        await self.ask_rals(METHOD, args)

    async def carry_out_tasks(self) -> None:
        """Do what is due since accounts were bound to plans.

        Raises:
            CgrdError: RALs cannot be asked.
        """
        await self.ask_rals("RALsV1.ExecuteTasks", {})

    async def ask_rals(self, method: str, args: object) -> Any:
        """Ask over `schedulers.rals_conns`; where there are none, RALs of this daemon."""
        self._caller.services, self._caller.config = self.services, {"rals_conns": self._connections}
        return await self._caller.call("rals", method, args)

    @property
    def _connections(self) -> list[str]:
        return self.subsystem.config.get("rals_conns") or [INTERNAL[0]]

    @property
    def is_local(self) -> bool:
        """Whether RALs are of this daemon, and share its transactions."""
        return self._connections[0] in INTERNAL


class Round:
    """One start of a line: each account has its turn once, also when the daemon is stopped in between.

    Args:
        agenda: where progress is noted.
        hand: does the actions.
        line: what is done.
    """

    def __init__(self, *, agenda: Agenda, hand: Hand, line: Line) -> None:
        self.agenda = agenda
        self.hand = hand
        self.line = line

    async def run(self) -> None:
        """Give every account its turn; one for which the actions fail is told in the log and holds up nobody."""
        before = self.agenda.progress[self.line.uuid]
        # Counted from now, not from when it was due: starts that were missed together are made up for by this one.
        begun_ns = before.begun_ns if before.under_way else self.agenda.services.clock.now_ns()
        done = before.account if before.under_way else ""
        accounts = accounts_of(self._plan())
        for account in [each for each in accounts if each > done] if accounts else [""]:
            if self._is_bound(account):
                await self._turn(account, begun_ns)
            await trio.lowlevel.checkpoint()
        self.agenda.finish(self.line, begun_ns)

    def _plan(self) -> Any:
        return self.agenda.plans.find(self.line.plan_id)

    def _is_bound(self, account: str) -> bool:
        """Whether the plan still has the line, and the account; both may have gone while others had their turn."""
        plan = self._plan()
        is_there = plan is not None and any(line.uuid == self.line.uuid for line in lines_of(plan))
        return is_there and (not account or bool((plan.AccountIDs or {}).get(account)))

    async def _turn(self, account: str, begun_ns: int) -> None:
        if account and not self.hand.concerns(self.line, account):
            return
        noted = Progress(begun_ns, under_way=True, account=account)
        if not self.hand.is_local:
            await self._try(account, f"{self.line.uuid}:{begun_ns}:{account}")
        with self.agenda.services.store.transaction(why=f"scheduler {self.line.plan_id}") as tx:
            if self.line.uuid in self.agenda.progress:
                self.agenda.progress.put(tx, self.line.uuid, noted)
            if self.hand.is_local:
                await self._try(account, "")  # RALs of this daemon answer without waiting; what they change joins this transaction

    async def _try(self, account: str, key: str) -> None:
        try:
            await self.hand.carry_out(self.line, [account] if account else [], key=key)
        except CgrdError as error:
            told: dict[str, Any] = {"plan": self.line.plan_id, "actions": self.line.actions_id, "account": account}
            self.agenda.services.log("schedulers").error("actions failed", **told, error=str(error), explain=error.explain)
