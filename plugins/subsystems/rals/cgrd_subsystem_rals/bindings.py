"""Which accounts are bound to which action plans, and the actions that are due at once because of it.

A plan's `*asap` actions are carried out once for each account that is bound to it: binding leaves a task in the store, and the task
goes in the same transaction in which its actions are kept. So each is done exactly once, also when the daemon is killed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any
from uuid import uuid4

import msgspec

from cgrd.codec import decoder, encode
from cgrd.errors import CgrdError, NotFound
from cgrd.profiles import in_pieces
from cgrd_subsystem_rals.accounts.work import Work
from cgrd_subsystem_rals.desk import Desk
from cgrd_subsystem_rals.kinds.action_plans import ActionPlan, ActionTiming

ASAP = "*asap"
TASKS = "ActionTask"


class Task(msgspec.Struct, frozen=True):
    """Actions that are due for an account."""

    Uuid: str
    AccountID: str
    ActionsID: str


_read_task = decoder(Task).decode


def plans_of(desk: Desk, key: str) -> Iterator[ActionPlan]:
    """The plans that an account is bound to."""
    for _, plan in desk.services.profiles["ActionPlan"].items():
        if (plan.AccountIDs or {}).get(key):
            yield plan


def plan_of(desk: Desk, plan_id: str) -> ActionPlan:
    """The plan of an id.

    Raises:
        NotFound: there is none.
    """
    found: ActionPlan | None = desk.services.profiles["ActionPlan"].find(plan_id)
    if found is None:
        raise NotFound(explain=f"no action plan {plan_id!r} is stored; load ActionPlans.csv or use SetActionPlan")
    return found


def bind(desk: Desk, plan_id: str, keys: Iterable[str], *, why: str, at_once_too: bool = False) -> None:
    """Bind accounts to a plan; for those that are new there, what is due at once becomes a task.

    A plan of nothing but `*asap` lines has no more to do for them then, and keeps them only where `at_once_too`.

    Raises:
        NotFound: there is no such plan.
    """
    plan = plan_of(desk, plan_id)
    bound = plan.AccountIDs or {}
    fresh = [key for key in keys if not bound.get(key)]
    if not fresh:
        return
    with desk.services.store.transaction(why=why) as tx:
        if at_once_too or not all(_is_asap(line) for line in plan.ActionTimings):
            desk.services.profiles["ActionPlan"].set(msgspec.structs.replace(plan, AccountIDs={**bound, **dict.fromkeys(fresh, True)}), why=why)
        for number, task in enumerate(tasks_of(plan, fresh)):
            tx.put(TASKS, f"{desk.services.clock.now_ns():020}-{number:08}-{task.Uuid}", encode(task))


def _is_asap(line: ActionTiming) -> bool:
    return bool(line.Timing and line.Timing.Timing and line.Timing.Timing.StartTime == ASAP)


def tasks_of(plan: ActionPlan, keys: Iterable[str]) -> list[Task]:
    """What is due at once for accounts that are new in a plan."""
    due = [line for line in plan.ActionTimings if _is_asap(line)]
    return [Task(str(uuid4()), key, line.ActionsID) for key in keys for line in sorted(due, key=lambda line: -line.Weight)]


def unbind(desk: Desk, plan: ActionPlan, keys: Iterable[str], *, why: str) -> None:
    """Let accounts off a plan."""
    gone = set(keys)
    left = {key: bound for key, bound in (plan.AccountIDs or {}).items() if key not in gone}
    desk.services.profiles["ActionPlan"].set(msgspec.structs.replace(plan, AccountIDs=left), why=why)


def rebind(desk: Desk, key: str, plan_ids: Iterable[str], *, keep_others: bool, why: str, at_once_too: bool = False) -> None:
    """Bind an account to plans as `bind` does; unless `keep_others`, it is let off all others."""
    wanted = list(plan_ids)
    if not keep_others:
        for plan in plans_of(desk, key):
            if plan.Id not in wanted:
                unbind(desk, plan, [key], why=why)
    for plan_id in wanted:
        bind(desk, plan_id, [key], why=why, at_once_too=at_once_too)


def unbind_everywhere(desk: Desk, work: Work, key: str) -> None:
    """Let an account off all plans, when the order is kept."""

    def leave() -> None:
        for plan in list(plans_of(desk, key)):
            unbind(desk, plan, [key], why=work.cause.why)

    work.beside.append(leave)


def waiting_tasks(desk: Desk) -> Iterator[tuple[str, Task]]:
    """What is due and allowed by `schedulers.filters`, in the order it became so; each with its key."""
    filters = desk.services.config.sections.get("schedulers", {}).get("filters") or ()
    for key, data in list(desk.services.store.scan(TASKS)):
        task = _read_task(data)
        if not filters or _is_allowed(desk, task, filters):
            yield key, task


def _is_allowed(desk: Desk, task: Task, filters: Sequence[str]) -> bool:
    tenant, _, account = task.AccountID.partition(":")
    told = {"Tenant": tenant, "Account": account, "AccountID": task.AccountID, "ActionsID": task.ActionsID, "Uuid": task.Uuid}
    try:
        return desk.services.filters.compile(tenant or desk.services.default_tenant, filters).passes({"*req": told, "*act": told})
    except CgrdError as error:
        desk.services.log("rals").error("schedulers.filters", account=task.AccountID, error=str(error), explain=error.explain)
        return False


async def run_tasks(desk: Desk, executor: Any) -> None:
    """Carry out everything that is due, others in between; what fails is told in the log and not tried again."""
    await in_pieces(_each_task(desk, executor))


def _each_task(desk: Desk, executor: Any) -> Generator[None, None, None]:
    for key, task in waiting_tasks(desk):
        _run_task(desk, executor, key, task)
        yield


def _run_task(desk: Desk, executor: Any, key: str, task: Task) -> None:
    orders: list[Work] = []
    with desk.services.store.transaction(why=f"action task {task.ActionsID}") as tx:
        if desk.services.store.get(TASKS, key) is None:
            return  # somebody else has done it meanwhile
        tx.delete(TASKS, key)
        try:
            orders = executor.execute(executor.actions(task.ActionsID), [task.AccountID] if task.AccountID else [], why=f"*asap {task.ActionsID}")
        except CgrdError as error:
            desk.services.log("rals").error("action task failed", account=task.AccountID, actions=task.ActionsID, error=str(error), explain=error.explain)
    for order in orders:
        desk.in_background(order)
