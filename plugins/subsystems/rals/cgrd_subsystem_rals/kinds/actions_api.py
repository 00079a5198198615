"""SetActions, GetActions, RemoveActions: one form a version, as the reference has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from cgrd.errors import CgrdError, Exists, MandatoryMissing, NotFound, ServerError
from cgrd.money import plain
from cgrd.profiles import Draft, Method, Profiles
from cgrd_subsystem_rals.kinds.actions import Action, Actions, TPAction, action_of, row_of


class V1TPAction(msgspec.Struct):
    """An action as APIerSv1.SetActions takes it: amounts are numbers, filters a list."""

    Identifier: str = ""
    BalanceId: str = ""
    BalanceUuid: str = ""
    BalanceType: str = ""
    Units: Decimal = Decimal(0)
    ExpiryTime: str = ""
    Filters: list[str] | None = None
    TimingTags: str = ""
    DestinationIds: str = ""
    RatingSubject: str = ""
    Categories: str = ""
    SharedGroups: str = ""
    BalanceWeight: Decimal | None = None
    ExtraParameters: str = ""
    BalanceBlocker: str = ""
    BalanceDisabled: str = ""
    Weight: Decimal = Decimal(0)

    def row(self) -> TPAction:
        """The same as a row."""
        values: dict[str, Any] = {name: getattr(self, name) for name in self.__struct_fields__}
        values["Units"] = plain(self.Units)
        values["Filters"] = ";".join(self.Filters or ())
        values["BalanceWeight"] = "" if self.BalanceWeight is None else plain(self.BalanceWeight)
        return TPAction(**values)


class V1SetActions(msgspec.Struct):
    """Arguments of APIerSv1.SetActions."""

    ActionsId: str = ""
    Overwrite: bool = False
    Actions: list[V1TPAction] | None = None


class V2SetActions(msgspec.Struct):
    """Arguments of APIerSv2.SetActions."""

    ActionsId: str = ""
    Overwrite: bool = False
    Actions: list[TPAction] | None = None


class GetActions(msgspec.Struct):
    """Arguments of APIerSv2.GetActions and GetActionsCount; no ids = all."""

    ActionIDs: list[str] | None = None
    Offset: int = 0
    Limit: int = 0


class RemoveActions(msgspec.Struct):
    """Arguments of APIerSv1.RemoveActions."""

    ActionIDs: list[str] | None = None


def methods(profiles: Profiles) -> Iterable[Method]:
    """The API of actions."""
    table = profiles["Actions"]

    def store(id: str, rows: Sequence[TPAction], overwrite: bool, why: str) -> str:
        if id in table and not overwrite:
            raise Exists(explain=f"there are actions {id!r}; set Overwrite to replace them")
        draft = Draft(profiles=profiles)
        table.set(Actions(id, [action_of(id, row, draft) for row in rows]), why=why)
        return "OK"

    def v1_set(args: V1SetActions) -> str:
        """Store a set of actions, written as in a tariff plan; one that is there is replaced only with `Overwrite`."""
        _need(args)
        for action in args.Actions or ():
            _named(action.Identifier)
        return store(args.ActionsId, [action.row() for action in args.Actions or ()], args.Overwrite, "APIerSv1.SetActions")

    def v2_set(args: V2SetActions) -> str:
        """Store a set of actions; one that is there is replaced only with `Overwrite`."""
        _need(args)
        for action in args.Actions or ():
            _named(action.Identifier)
            if action.BalanceType and not action.Units:
                raise CgrdError(f"MANDATORY_IE_MISSING:Action:{action.Identifier}:[Units]")
        return store(args.ActionsId, args.Actions or (), args.Overwrite, "APIerSv2.SetActions")

    def v1_get(id: str) -> list[TPAction]:
        """The actions of a set, as rows of a tariff plan."""
        if not id:
            raise CgrdError(f"MANDATORY_IE_MISSING ActionsId: {id}")
        return [row_of(action) for action in _found(profiles, id).Actions]

    def v2_get(args: GetActions) -> dict[str, list[Action]]:
        """The sets of these ids, or all."""
        return {id: _found(profiles, id).Actions for id in _part(args.ActionIDs or table.ids(), args)}

    def count(_: GetActions) -> int:
        """How many sets there are."""
        if not len(table):
            raise NotFound(explain="no actions are stored")
        return len(table)

    def remove(args: RemoveActions) -> str:
        """Delete sets of actions that nobody uses."""
        if not args.ActionIDs:
            raise NotFound(explain="no ActionIDs were given")
        for id in args.ActionIDs:
            _unused(profiles, id)
        for id in args.ActionIDs:
            if id in table:
                table.remove("", id, why="APIerSv1.RemoveActions")
        return "OK"

    yield Method("APIerSv1.SetActions", V1SetActions, v1_set)
    yield Method("APIerSv2.SetActions", V2SetActions, v2_set)
    yield Method("APIerSv1.GetActions", str, v1_get)
    yield Method("APIerSv2.GetActions", GetActions, v2_get)
    yield Method("APIerSv2.GetActionsCount", GetActions, count)
    yield Method("APIerSv1.RemoveActions", RemoveActions, remove)


def _need(args: V1SetActions | V2SetActions) -> None:
    if missing := [name for name in ("ActionsId", "Actions") if not getattr(args, name)]:
        raise MandatoryMissing(*missing)


def _named(identifier: str) -> None:
    if not identifier:
        raise CgrdError("MANDATORY_IE_MISSING:Action::[Identifier]")


def _found(profiles: Profiles, id: str) -> Actions:
    found = profiles["Actions"].find(id)
    if not isinstance(found, Actions):
        raise ServerError(NotFound(explain=f"no actions {id!r} are stored"))
    return found


def _part(ids: list[str], args: GetActions) -> list[str]:
    return ids[args.Offset : args.Offset + args.Limit] if args.Limit > 0 else ids[args.Offset :]


def _unused(profiles: Profiles, id: str) -> None:
    """Refuse to remove actions that a plan names; a trigger that names them does not hold them, as recorded."""
    for key, plan in profiles["ActionPlan"].items():
        if any(timing.ActionsID == id for timing in plan.ActionTimings):
            raise CgrdError(f"action {id} refenced by action plan {key}", explain="take them out of the plan first")
