"""SchedulerS as a component: waits for what is due and carries it out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import trio

from cgrd import CGREvent, Subsystem, method
from cgrd.durations import SECOND
from cgrd.errors import CgrdError, NotFound
from cgrd_subsystem_schedulers.agenda import Agenda
from cgrd_subsystem_schedulers.asked import ExecuteActionPlans, ExecuteActions, by_time
from cgrd_subsystem_schedulers.carrying_out import Hand, Round
from cgrd_subsystem_schedulers.lines import Line, accounts_of, lines_of
from cgrd_subsystem_schedulers.shown import ScheduledApi

if TYPE_CHECKING:
    from cgrd.services import Services

REST: Final = 5 * SECOND
"""Between two attempts while the store cannot keep anything."""


class SchedulerS(Subsystem, section="schedulers"):
    """Runs action plans at their times.

    Attributes:
        running: whether it starts what is due; `pause` and `resume` change it.
    """

    def __init__(self, *, services: Services, config: dict[str, Any]) -> None:
        super().__init__(services=services, config=config)
        self.running = True
        self._nap = trio.CancelScope()
        self.agenda = Agenda(services, woken=self._wake)
        self.hand = Hand(self)

    def administration(self) -> Sequence[object]:
        """GetScheduledActions."""
        return (ScheduledApi(self.agenda),)

    def _wake(self) -> None:
        self._nap.cancel()

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Carry out what is due, when it is."""
        await self._run_tasks()
        task_status.started()
        while True:
            due = self.agenda.first() if self.running else None
            at_ns = math.inf if due is None else due.at_ns
            if due is not None and at_ns <= self.services.clock.now_ns():
                await self._start(due.line)
            else:
                await self._sleep(at_ns)

    async def _start(self, line: Line) -> None:
        """Carry a line out; where that cannot be kept nothing of it was done, and it is due again."""
        with self.services.store.scope() as ticket:
            await Round(agenda=self.agenda, hand=self.hand, line=line).run()
            try:
                await ticket.durable()
            except CgrdError as error:
                self.services.log("schedulers").error("line not kept", plan=line.plan_id, actions=line.actions_id, error=str(error), explain=error.explain)
                await self.services.clock.sleep(REST)

    async def _sleep(self, until_ns: float) -> None:
        with trio.CancelScope() as self._nap:
            if until_ns == math.inf:
                await trio.sleep_forever()
            await self.services.clock.sleep_until(int(until_ns))

    async def _run_tasks(self) -> None:
        """Let RALs carry out what is due since an account was bound to a plan."""
        try:
            await self.hand.carry_out_tasks()
        except CgrdError as error:
            self.services.log("schedulers").warning("tasks not carried out", error=str(error), explain=error.explain)

    def pause(self) -> None:
        """Start nothing until `resume`."""
        self.running = False
        self._wake()

    def resume(self) -> None:
        """Go on; a line that was due meanwhile starts once."""
        self.running = True
        self._wake()

    @method("SchedulerSv1.Reload")
    async def reload_plans(self, args: CGREvent) -> str:
        """Look at the plans again; what is due at once has been done when this returns."""
        await self._run_tasks()
        self.agenda.refresh()
        self._wake()
        return "OK"

    def _plan(self, plan_id: str) -> Any:
        plan = self.agenda.plans.find(plan_id) if self.agenda.plans is not None else None
        if plan is None:
            raise NotFound(explain=f"no action plan {plan_id!r} is stored; load ActionPlans.csv or use SetActionPlan")
        return plan

    @method("SchedulerSv1.ExecuteActions")
    async def execute_actions(self, args: ExecuteActions) -> str:
        """Carry out the lines of a plan now, or those of all plans that start in a span of time, as often as they do; `*asap` lines are left out.

        Raises:
            NotFound: there is no such plan.
            PartiallyExecuted: actions failed for some account.
        """
        if args.ActionPlanID:
            plan = self._plan(args.ActionPlanID)
            for line in lines_of(plan):
                if not line.is_asap:
                    await self.hand.carry_out(line, accounts_of(plan))
        if args.TimeStart and args.TimeEnd:
            for line in by_time(self.agenda, args.TimeStart, args.TimeEnd):
                await self.hand.carry_out(line, accounts_of(self._plan(line.plan_id)))
        return "OK"

    @method("SchedulerSv1.ExecuteActionPlans")
    async def execute_action_plans(self, args: ExecuteActionPlans) -> str:
        """Carry out plans for one account, which is made where there is none; it is not bound to them.

        Raises:
            NotFound: there is no such plan.
            PartiallyExecuted: actions failed.
        """
        key = f"{args.Tenant or self.services.default_tenant}:{args.AccountID}"
        for plan in [self._plan(plan_id) for plan_id in args.ActionPlanIDs or ()]:
            for line in lines_of(plan):
                await self.hand.carry_out(line, [key])
        return "OK"
