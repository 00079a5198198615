"""ActionPlans.csv: which actions are carried out when, for the accounts bound to the plan."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from cgrd.costs import RateInterval, RITiming
from cgrd.errors import CgrdError, Exists, MandatoryMissing, NotFound
from cgrd.profiles import NUMBER, Api, Draft, Items, Kind, Method, PaginatorWithTenant, Profiles, Refused, TpApi, column, page
from cgrd_subsystem_rals.kinds.timings import CLOCK, builtin_timing, find_timing, timing_of


class ActionTiming(msgspec.Struct):
    """One set of actions and its time; `Uuid` names it for good."""

    Uuid: str = ""
    Timing: RateInterval | None = None
    ActionsID: str = ""
    ExtraData: Any = None
    Weight: Decimal = Decimal(0)


class ActionPlan(msgspec.Struct):
    """A plan and the accounts (`tenant:id`) bound to it."""

    Id: str = ""
    AccountIDs: dict[str, bool] | None = None
    ActionTimings: list[ActionTiming] = []


def action_timing(timing: RITiming, actions: str, weight: Decimal) -> ActionTiming:
    """A new line of a plan."""
    return ActionTiming(Uuid=str(uuid.uuid4()), Timing=RateInterval(Timing=timing), ActionsID=actions, Weight=weight)


def build(row: Any, draft: Draft) -> ActionPlan:
    """The plan of its rows; accounts bound to it stay so.

    Raises:
        Refused: actions or a timing that are nowhere.
    """
    lines = []
    for each in row.ActionPlan:
        if not draft.has("Actions", each.ActionsId):
            text = f'[ActionPlans] Could not load the action for tag: "{each.ActionsId}"'
            raise Refused(text, explain="neither in Actions.csv nor loaded before")
        timing = find_timing(draft, each.TimingId, stored=False)
        if timing is None:
            text = f'[ActionPlans] Could not load the timing for tag: "{each.TimingId}"'
            raise Refused(text, explain="neither in Timings.csv nor built in")
        lines.append(action_timing(timing, each.ActionsId, each.Weight))
    old = draft.stored("ActionPlan", row.ID)
    return ActionPlan(Id=row.ID, AccountIDs=dict(old.AccountIDs or {}) if old else {}, ActionTimings=lines)


class AttrActionPlan(msgspec.Struct):
    """A line as SetActionPlan takes it: a timing's id, or its parts."""

    ActionsId: str = ""
    TimingID: str = ""
    Years: str = ""
    Months: str = ""
    MonthDays: str = ""
    WeekDays: str = ""
    Time: str = ""
    Weight: Decimal = Decimal(0)


class SetActionPlan(msgspec.Struct):
    """Arguments of APIerSv1.SetActionPlan."""

    Id: str = ""
    ActionPlan: list[AttrActionPlan] | None = None
    Overwrite: bool = False
    ReloadScheduler: bool = False


class GetActionPlan(msgspec.Struct):
    """Arguments of GetActionPlan and RemoveActionPlan; no ID asks for all."""

    ID: str = ""


def planned(args: SetActionPlan, profiles: Profiles) -> ActionPlan:
    """The plan that SetActionPlan asks for, with the accounts of the one it replaces.

    Raises:
        CgrdError: in the reference's words (fields missing, `EXISTS`, `BROKEN_REFERENCE:<actions>`, `UNSUPPORTED_FORMAT:<time>`).
    """
    if missing := [name for name in ("Id", "ActionPlan") if not getattr(args, name)]:
        raise MandatoryMissing(*missing)
    old = profiles["ActionPlan"].find(args.Id)
    if old is not None and not args.Overwrite:
        raise Exists(explain=f"there is an action plan {args.Id!r}; set Overwrite to replace it")
    for each in args.ActionPlan or ():
        if missing := [name for name in ("ActionsId", "Time") if not getattr(each, name) and not (name == "Time" and each.TimingID)]:
            raise CgrdError(f"MANDATORY_IE_MISSING:Action:{each.ActionsId}:[{' '.join(missing)}]")
        if each.ActionsId not in profiles["Actions"]:
            raise CgrdError(f"BROKEN_REFERENCE:{each.ActionsId}", explain="no such actions are stored")
    lines = [action_timing(_timing(each, profiles), each.ActionsId, each.Weight) for each in args.ActionPlan or ()]
    return ActionPlan(Id=args.Id, AccountIDs=old.AccountIDs if old else None, ActionTimings=lines)


def _timing(each: AttrActionPlan, profiles: Profiles) -> RITiming:
    if each.TimingID:
        found = builtin_timing(each.TimingID, profiles.now()) or profiles["Timing"].find(each.TimingID)
        if found is None:
            raise CgrdError(f"BROKEN_REFERENCE:{each.TimingID}", explain="no such timing is stored or built in")
        return found
    if not CLOCK.match(each.Time.partition(";")[0]):
        raise CgrdError(f"UNSUPPORTED_FORMAT:{each.Time}", explain="write the time as hh:mm:ss, *asap or +duration")
    return timing_of("", each.Years, each.Months, each.MonthDays, each.WeekDays, each.Time)


def methods(profiles: Profiles) -> Iterable[Method]:
    """The API of action plans; who binds accounts and runs them is told by watching the table."""
    table = profiles["ActionPlan"]

    def set_plan(args: SetActionPlan) -> str:
        """Store an action plan: when which actions are carried out."""
        table.set(planned(args, profiles), why="APIerSv1.SetActionPlan")
        return "OK"

    def get(args: GetActionPlan) -> list[ActionPlan]:
        """The action plan of an id, or all."""
        if args.ID:
            return [table.get("", args.ID)]
        return [table.get("", id) for id in table.ids()]

    def ids(args: PaginatorWithTenant) -> list[str]:
        """The ids of action plans."""
        if not (found := table.ids(search=args.Search)):
            raise NotFound(explain="no action plan is stored")
        return page(found, args)

    def remove(args: GetActionPlan) -> str:
        """Delete an action plan."""
        if not args.ID:
            raise MandatoryMissing("ID")
        if args.ID in table:
            table.remove("", args.ID, why="APIerSv1.RemoveActionPlan")
        return "OK"

    yield Method("APIerSv1.SetActionPlan", SetActionPlan, set_plan)
    yield Method("APIerSv1.GetActionPlan", GetActionPlan, get)
    yield Method("APIerSv1.GetActionPlanIDs", PaginatorWithTenant, ids)
    yield Method("APIerSv1.RemoveActionPlan", GetActionPlan, remove)


ACTION_PLAN = Kind(
    name="ActionPlan",
    record=ActionPlan,
    file="ActionPlans.csv",
    model="ActionPlanMdl",
    order=90,
    columns=(
        column("Tag", into="ID"),
        column("ActionsTag", into="ActionsId", item="ActionPlan"),
        column("TimingTag", into="TimingId", item="ActionPlan", words="Timings"),
        column("Weight", NUMBER, item="ActionPlan"),
    ),
    key=("Tag",),
    items=Items(field="ActionPlan"),
    early=True,
    cache="*action_plans",
    api=Api(derive=False, extra=methods),
    tp=TpApi(noun="ActionPlan", ids="ActionPlanIds", mandatory=("ID", "ActionPlan")),
    build=build,
    export=False,
    docs="Which actions are carried out when.",
)
