"""`*dynaprepaid`: an account that is made at its first use, by the action plans of `schedulers.dynaprepaid_actionplans`.

Source: spec/rating.md §9, spec/sessions.md §5, spec/config.md (schedulers).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from cgrd.component import Component
from cgrd.costs import CallDescriptor
from cgrd.errors import CgrdError

__all__ = ["REQUEST_TYPE", "debited"]

T = TypeVar("T")
REQUEST_TYPE = "*dynaprepaid"


async def debited(driver: Component, call: CallDescriptor, *, request_type: str, debit: Callable[[], Awaitable[T]]) -> T:
    """What `debit` answers; where the account is not there and its use makes it, what it answers once the account is made.

    Args:
        driver: who debits; the plans are carried out over its edge `scheduler`. Where that leads nowhere, no account is made.
        call: what is debited: its Tenant and Account.
        request_type: the event's.

    Raises:
        CgrdError: what `debit` raises, or that the plans were not carried out.
    """
    try:
        return await debit()
    except CgrdError as error:
        if request_type != REQUEST_TYPE or error.word != "ACCOUNT_NOT_FOUND" or not driver.linked("scheduler"):
            raise
    plans = driver.services.config.value("schedulers", "dynaprepaid_actionplans") or []
    await driver.call("scheduler", "SchedulerSv1.ExecuteActionPlans", {"Tenant": call.Tenant, "AccountID": call.Account, "ActionPlanIDs": plans})
    return await debit()
