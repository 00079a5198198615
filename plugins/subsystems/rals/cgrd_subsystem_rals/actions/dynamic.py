"""Actions that make a profile, destination, plan or other actions out of ExtraParameters. They are done when the set is kept.

Profiles are loaded as the rows of a tariff plan are: a column that is empty keeps what the profile has, lists grow.

Source: spec/tariffplans.md (dynamic formats).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from cgrd import Subsystem, without_account
from cgrd.errors import Wrong
from cgrd.profiles import INTERVAL, Kind, file_text, load_files, read_number, row_of_record
from cgrd_subsystem_rals.actions.doing import Doing, Run
from cgrd_subsystem_rals.actions.parameters import listed, parameters, tenant_of
from cgrd_subsystem_rals.kinds.actions import ACTIONS
from cgrd_subsystem_rals.kinds.triggers import ACTION_TRIGGERS

PROFILES = {
    "*dynamic_threshold": "ThresholdProfile",
    "*dynamic_stats": "StatQueueProfile",
    "*dynamic_attribute": "AttributeProfile",
    "*dynamic_filter": "Filter",
    "*dynamic_route": "RouteProfile",
    "*dynamic_ranking": "RankingProfile",
    "*dynamic_trend": "TrendProfile",
    "*dynamic_resource": "ResourceProfile",
}


@without_account
def profile(doing: Doing) -> None:
    """Make a profile, or add to it, when the set is kept.

    ExtraParameters: the columns of the kind's file and options behind them, which are not looked at; `;` between, `&` within a list.

    Raises:
        Wrong: there are not so many parameters, or no plugin has such profiles.
    """
    name = PROFILES[doing.action.ActionType]
    kind = doing.desk.services.profiles.kind(name)
    if kind is None:
        raise Wrong(f"{doing.action.ActionType}: no {name}", explain=f"no installed plugin has profiles of the kind {name}")
    cells = parameters(doing, len(kind.columns) + 1)[:-1]
    cells[0] = tenant_of(doing, cells[0])
    row = [_cell(kind, at, cell) for at, cell in enumerate(cells)]
    doing.later(partial(_load, doing, kind, row))


def _cell(kind: Kind, at: int, text: str) -> str:
    cell = kind.columns[at].cell
    return text.replace("&", ";") if cell.many or cell is INTERVAL else text


async def _load(doing: Doing, kind: Kind, row: list[str]) -> None:
    profiles: Any = doing.desk.services.profiles
    known = profiles[kind.name].find(":".join(row[:2]))
    text = io.StringIO(file_text(kind, [row_of_record(kind, known)] if known is not None else []))
    text.seek(0, io.SEEK_END)
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(row)
    await load_files(profiles, [(kind.file, text.getvalue())])


def _asks(method: str, count: int) -> Callable[[Callable[[list[str], Doing], dict[str, Any]]], Run]:
    """An action that asks a method of ApierS in this daemon; the function makes its arguments of so many parameters."""

    def wrap(arguments: Callable[[list[str], Doing], dict[str, Any]]) -> Run:
        @without_account
        @wraps(arguments)
        def run(doing: Doing) -> None:
            doing.later(partial(ask_apiers, doing, method, arguments(parameters(doing, count), doing)))

        return run

    return wrap


async def ask_apiers(doing: Doing, method: str, args: dict[str, Any]) -> None:
    """Ask ApierS of this daemon.

    Raises:
        CgrdError: it refused, or is not enabled.
    """
    caller = Subsystem(services=doing.desk.services, config={"apiers_conns": ["*internal"]})
    caller.section = doing.desk.subsystem.section  # type: ignore[misc]
    await caller.call("apiers", method, args)


@_asks("APIerSv1.SetDestination", 2)
def destination(given: list[str], _: Doing) -> dict[str, Any]:
    """Set a destination over ApierS.

    ExtraParameters: `Id;Prefix&…`.
    """
    return {"Id": given[0], "Prefixes": listed(given[1]), "Overwrite": True}


def _plan(given: list[str]) -> dict[str, Any]:
    line = {"ActionsId": given[1], "TimingID": given[2], "Weight": read_number(given[3])}
    return {"Id": given[0], "ActionPlan": [line], "Overwrite": given[4] == "true", "ReloadScheduler": True}


@_asks("APIerSv1.SetActionPlan", 5)
def action_plan(given: list[str], _: Doing) -> dict[str, Any]:
    """Set an action plan over ApierS.

    ExtraParameters: `Id;ActionsId;TimingId;Weight;Overwrite`.
    """
    return _plan(given)


@_asks("APIerSv1.SetActionPlanAccounts", 6)
def action_plan_accounts(given: list[str], _: Doing) -> dict[str, Any]:
    """Set an action plan of accounts over ApierS.

    ExtraParameters: `Id;ActionsId;TimingId;Weight;Overwrite;tenant:account&…`.
    """
    return {**_plan(given), "AccountIDs": listed(given[5])}


@_asks("APIerSv2.SetActions", 18)
def action(given: list[str], _: Doing) -> dict[str, Any]:
    """Set actions over ApierS.

    ExtraParameters: the columns of Actions.csv, and Overwrite; `;` between, `&` within a list.
    """
    row: dict[str, Any] = {column.into: text.replace("&", ";") for column, text in zip(ACTIONS.columns[1:], given[1:17], strict=True)}
    row["ExtraParameters"] = given[2]
    row["Weight"] = read_number(given[16])
    return {"ActionsId": given[0], "Overwrite": given[17] == "true", "Actions": [row]}


@_asks("APIerSv1.SetActionTrigger", 21)
def action_trigger(given: list[str], _: Doing) -> dict[str, Any]:
    """Set an action trigger over ApierS.

    ExtraParameters: the columns of ActionTriggers.csv; `;` between, `&` within a list.
    """
    named = zip(ACTION_TRIGGERS.columns[2:], given[2:], strict=True)
    fields = {"ActionsID" if column.into == "ActionsId" else column.into: text.replace("&", ";") for column, text in named if text}
    return {"GroupID": given[0], "UniqueID": given[1], "ActionTrigger": fields}


@_asks("APIerSv1.SetRatingProfile", 7)
def rating_profile(given: list[str], doing: Doing) -> dict[str, Any]:
    """Set a rating profile over ApierS.

    ExtraParameters: the columns of RatingProfiles.csv, and options, which are not looked at; `;` between, `&` within a list.
    """
    activation = {"ActivationTime": given[3], "RatingPlanId": given[4], "FallbackSubjects": given[5].replace("&", ";")}
    return {"Tenant": tenant_of(doing, given[0]), "Category": given[1], "Subject": given[2], "RatingPlanActivations": [activation]}


TYPES: dict[str, Run] = {
    **dict.fromkeys(PROFILES, profile),
    "*dynamic_destination": destination,
    "*dynamic_action_plan": action_plan,
    "*dynamic_action_plan_accounts": action_plan_accounts,
    "*dynamic_action": action,
    "*dynamic_action_trigger": action_trigger,
    "*dynamic_rating_profile": rating_profile,
}
