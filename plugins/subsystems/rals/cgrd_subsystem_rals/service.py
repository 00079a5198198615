"""RALs as a component: the parts, and where their methods are served."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import trio

from cgrd import Served, Subsystem, methods_of
from cgrd_subsystem_rals.actions.execute import Executor
from cgrd_subsystem_rals.actions.types import SENDERS
from cgrd_subsystem_rals.api import administration_parts
from cgrd_subsystem_rals.bindings import run_tasks
from cgrd_subsystem_rals.desk import Desk
from cgrd_subsystem_rals.live import policy_of
from cgrd_subsystem_rals.orders import Orders
from cgrd_subsystem_rals.planned import AccountsOfPlans
from cgrd_subsystem_rals.responder import Responder

if TYPE_CHECKING:
    from cgrd.profiles import Load
    from cgrd.services import Services


class RALs(Subsystem, section="rals"):
    """Owns the accounts of this daemon."""

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        super().__init__(services=services, config=config)
        self.desk = Desk(self, SENDERS)
        self.executor = Executor(self.desk, services.plugins.vocabulary("cgrd_action_types"))
        self.responder = Responder(self.desk, self.executor)
        self.parts: Sequence[object] = (self.responder, Orders(self.desk, self.executor))
        self._administration = administration_parts(self.desk, self.executor, self.responder)
        profiles: Any = services.profiles
        profiles.appliers["AccountActions"] = AccountsOfPlans(self.desk).apply
        profiles.on_load(self._loaded)

    def served(self) -> Iterator[Served]:
        """Responder, RALsV1, and what ApierS does not derive, where it runs in this daemon."""
        for part in self.parts:
            yield from methods_of(part, owner=self.section)

    def administration(self) -> Sequence[object]:
        """Methods on costs, accounts, balances, actions and plans."""
        return self._administration

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Carry out what was due when the daemon stopped, then deliver what actions send."""
        await self._run_tasks()
        task_status.started()
        await self.desk.courier.run()

    async def reload(self, config: dict[str, Any]) -> None:
        """Rate by other settings; accounts stay as they are."""
        self.desk.book.policy = policy_of(self.services, config)
        self.desk.book.lasting.forget()
        self.config = config

    async def _loaded(self, load: Load) -> None:
        await self._run_tasks()

    async def _run_tasks(self) -> None:
        if self.services.config.sections.get("schedulers", {}).get("enabled"):
            await run_tasks(self.desk, self.executor)
