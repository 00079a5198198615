"""The lines of action plans that wait for a time: which actions, when, for whom.

Action plans are another plugin's records; what is read of them is here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from cgrd import Instant
from cgrd.costs import RITiming
from cgrd.schedule import ASAP, is_one_shot, next_start

PLANS = "ActionPlan"


class Line(NamedTuple):
    """One line of a plan; `uuid` names it for good."""

    uuid: str
    plan_id: str
    actions_id: str
    weight: Any
    timing: RITiming

    @property
    def is_asap(self) -> bool:
        """Whether it is due as soon as an account is bound to the plan; such lines wait for no time."""
        return self.timing.StartTime == ASAP

    @property
    def is_once(self) -> bool:
        """Whether it starts once, so long after it was set (`+10s`), and is gone then."""
        return is_one_shot(self.timing)

    def next_start(self, after: Instant) -> Instant | None:
        """When it starts next, None when never again.

        Raises:
            CgrdError: its time cannot be read.
        """
        return next_start(self.timing, after=after)


def lines_of(plan: Any) -> Iterator[Line]:
    """The lines of a plan, the heaviest first."""
    for each in sorted(plan.ActionTimings or (), key=lambda each: -each.Weight):
        if each.Timing is not None and each.Timing.Timing is not None:
            yield Line(each.Uuid, plan.Id, each.ActionsID, each.Weight, each.Timing.Timing)


def accounts_of(plan: Any) -> list[str]:
    """The keys (`tenant:account`) of the accounts that are bound to a plan, sorted."""
    bound: Mapping[str, bool] = plan.AccountIDs or {}
    return sorted(key for key, is_bound in bound.items() if is_bound)


def without(plan: Any, uuid: str) -> Any:
    """The plan without a line."""
    return msgspec.structs.replace(plan, ActionTimings=[each for each in plan.ActionTimings if each.Uuid != uuid])
