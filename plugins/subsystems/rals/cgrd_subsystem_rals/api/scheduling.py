"""Telling SchedulerS that plans or their accounts have changed."""

from __future__ import annotations

from cgrd import CGREvent
from cgrd.errors import CgrdError
from cgrd_subsystem_rals.desk import Desk


async def reload_scheduler(desk: Desk) -> None:
    """Ask SchedulerS over `apiers.scheduler_conns` to look again; without such a connection there is nobody to tell.

    Raises:
        CgrdError: what SchedulerS answered.
    """
    if desk.linked_as("apiers", "scheduler"):
        try:
            await desk.call_as("apiers", "scheduler", "SchedulerSv1.Reload", CGREvent())
        except CgrdError as error:
            desk.services.log("rals").warning("scheduler not told", error=str(error), explain=error.explain)
            raise
