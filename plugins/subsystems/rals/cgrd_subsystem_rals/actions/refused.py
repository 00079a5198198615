"""Action types of CGRateS that this daemon does not carry out: a set that has one fails, and says why."""

from __future__ import annotations

from cgrd import without_account
from cgrd_subsystem_rals.actions.doing import ActionFailed, Doing, Run

WHY = {
    "*sy_publish": "it tells a Diameter peer of spending limits (Sy), and no installed agent speaks Sy; it comes with the Diameter agent",
}


@without_account
def refuse(doing: Doing) -> None:
    """Not carried out here: the set fails, and the log says why.

    Raises:
        ActionFailed: always.
    """
    kind = doing.action.ActionType
    raise ActionFailed(f"NOT_IMPLEMENTED:{kind}", explain=WHY[kind])


TYPES: dict[str, Run] = dict.fromkeys(WHY, refuse)
