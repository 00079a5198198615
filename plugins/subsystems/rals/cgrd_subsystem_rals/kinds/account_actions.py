"""AccountActions.csv: accounts that are made, and what they are bound to."""

from __future__ import annotations

from typing import Any

import msgspec

from cgrd.profiles import FLAG, Draft, Kind, Refused, TpApi, column


class AccountActions(msgspec.Struct):
    """An order to the accounts' owner: make the account where there is none, bind it to the plan and the triggers, set its flags."""

    Tenant: str = ""
    Account: str = ""
    ActionPlanId: str = ""
    ActionTriggersIds: list[str] = []
    AllowNegative: bool = False
    Disabled: bool = False

    @property
    def Id(self) -> str:
        """The account's key."""
        return f"{self.Tenant}:{self.Account}"


def build(row: Any, draft: Draft) -> AccountActions:
    """The order of a row.

    Raises:
        Refused: a plan or triggers that are nowhere.
    """
    if row.ActionPlanId and not draft.has("ActionPlan", row.ActionPlanId):
        text = f'could not get action plan for tag "{row.ActionPlanId}"'
        raise Refused(text, explain="neither in ActionPlans.csv nor loaded before")
    triggers = [tag for tag in row.ActionTriggersId.split(";") if tag]
    for tag in triggers:
        if not draft.has("ActionTriggers", tag):
            raise Refused(f'could not get action triggers for tag "{tag}"', explain="neither in ActionTriggers.csv nor loaded before")
    return AccountActions(row.Tenant, row.Account, row.ActionPlanId, triggers, row.AllowNegative, row.Disabled)


ACCOUNT_ACTIONS = Kind(
    name="AccountActions",
    record=AccountActions,
    file="AccountActions.csv",
    model="AccountActionMdl",
    order=110,
    columns=(
        column("Tenant"),
        column("Account"),
        column("ActionPlanTag", into="ActionPlanId"),
        column("ActionTriggersTag", into="ActionTriggersId"),
        column("AllowNegative", FLAG),
        column("Disabled", FLAG),
    ),
    key=("Tenant", "Account"),
    tenant_table=False,
    early=True,
    stored=False,
    instruction=True,
    unique="duplicate account action found",
    cache="*account_action_plans",
    tp=TpApi(
        noun="AccountActions",
        ids="AccountActionIds",
        mandatory=("LoadId", "Account", "ActionPlanId"),
        key="AccountActionsId",
        load_id=True,
    ),
    build=build,
    export=False,
    docs="Accounts that are made, and the plan and triggers they are bound to.",
)
