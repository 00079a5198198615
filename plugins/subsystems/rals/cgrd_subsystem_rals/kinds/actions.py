"""Actions.csv: sets of things that are done to accounts."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from cgrd.errors import CgrdError
from cgrd.filters import is_inline, parse_inline
from cgrd.money import plain
from cgrd.profiles import NUMBER, Api, Draft, Items, Kind, Refused, Scope, TpApi, column, every, suggested
from cgrd_subsystem_rals.accounts.records import BalanceFilter, ValueFormula
from cgrd_subsystem_rals.kinds.balances import flag, joined, units, weight, word, words
from cgrd_subsystem_rals.kinds.timings import find_timing


class Action(msgspec.Struct):
    """One thing to do; Filters look at the account."""

    Id: str = ""
    ActionType: str = ""
    ExtraParameters: str = ""
    Filters: list[str] | None = None
    ExpirationString: str = ""
    Weight: Decimal = Decimal(0)
    Balance: BalanceFilter | None = None


class Actions(msgspec.Struct):
    """A set, in the order of its rows; it is carried out by weight."""

    Id: str = ""
    Actions: list[Action] = []


class TPAction(msgspec.Struct):
    """An action as rows and APIerSv2.SetActions write it."""

    Identifier: str = ""
    BalanceId: str = ""
    BalanceUuid: str = ""
    BalanceType: str = ""
    Units: str = ""
    ExpiryTime: str = ""
    Filters: str = ""
    TimingTags: str = ""
    DestinationIds: str = ""
    RatingSubject: str = ""
    Categories: str = ""
    SharedGroups: str = ""
    BalanceWeight: str = ""
    ExtraParameters: str = ""
    BalanceBlocker: str = ""
    BalanceDisabled: str = ""
    Weight: Decimal = Decimal(0)


def build(row: Any, draft: Draft) -> Actions:
    """The set of its rows.

    Raises:
        Refused: an amount, weight, flag or filter that cannot be read, or a timing that is nowhere.
    """
    return Actions(row.ID, every(row.Actions, lambda each: action_of(row.ID, each, draft)))


def action_of(id: str, row: Any, draft: Draft) -> Action:
    """The action of a row; raises as `build`."""
    balance = BalanceFilter(
        Uuid=word(getattr(row, "BalanceUuid", "")),
        ID=word(row.BalanceId),
        Type=word(row.BalanceType),
        Value=units(row.Units, row.BalanceType),
        Weight=weight(row.BalanceWeight, draft.now),
        DestinationIDs=words(row.DestinationIds),
        RatingSubject=word(row.RatingSubject),
        Categories=words(row.Categories),
        SharedGroups=words(row.SharedGroups),
        TimingIDs=words(row.TimingTags),
        Disabled=flag(row.BalanceDisabled),
        Blocker=flag(row.BalanceBlocker),
    )
    if balance.TimingIDs:
        balance.Timings = [needed_timing(draft, tag) for tag in balance.TimingIDs]
    return Action(
        Id=id,
        ActionType=row.Identifier,
        ExtraParameters=row.ExtraParameters,
        Filters=_filters(id, row.Filters),
        ExpirationString=row.ExpiryTime,
        Weight=row.Weight,
        Balance=balance,
    )


def doubt(record: Actions, scope: Scope) -> Iterator[str]:
    """An action of a type that nobody knows fails when it is carried out."""
    from cgrd_subsystem_rals.actions.types import built_in  # heavy, and only wanted where plans are loaded

    known = built_in().keys() | scope.words("cgrd_action_types")
    for unknown in dict.fromkeys(action.ActionType for action in record.Actions if action.ActionType not in known):
        yield f"there is no action type <{unknown}>; the actions will fail unless a plugin brings it{suggested(unknown, known)}"


def _filters(id: str, text: str) -> list[str] | None:
    found = [part for part in text.split(";") if part]
    for part in filter(is_inline, found):
        try:
            parse_inline("", part)
        except CgrdError as error:
            raise Refused(f"error parsing action {id} filter field: {error}", explain=error.explain) from error
    return found or None


def needed_timing(draft: Draft, tag: str) -> Any:
    """The timing of a tag; raises Refused where there is none."""
    timing = find_timing(draft, tag)
    if timing is None:
        raise Refused(f'error: NOT_FOUND querying timing with id: "{tag}"', explain="neither in Timings.csv, nor set before, nor built in")
    return timing


def row_of(action: Action) -> TPAction:
    """The row form of an action, as APIerSv1.GetActions shows it."""
    b = action.Balance or BalanceFilter()
    return TPAction(
        Identifier=action.ActionType,
        BalanceId=b.ID or "",
        BalanceUuid=b.Uuid or "",
        BalanceType=b.Type or "",
        Units=_units_text(b.Value),
        ExpiryTime=action.ExpirationString,
        Filters=";".join(action.Filters or ()),
        TimingTags=joined(b.TimingIDs),
        DestinationIds=joined(b.DestinationIDs),
        RatingSubject=b.RatingSubject or "",
        Categories=joined(b.Categories),
        SharedGroups=joined(b.SharedGroups),
        BalanceWeight=plain(b.Weight or Decimal(0)),
        ExtraParameters=action.ExtraParameters,
        BalanceBlocker="true" if b.Blocker else "false",
        BalanceDisabled="true" if b.Disabled else "false",
        Weight=action.Weight,
    )


def _units_text(value: ValueFormula | None) -> str:
    if value is not None and value.Method:
        return msgspec.json.encode({"Method": value.Method, "Params": value.Params}).decode()
    return plain(value.Static if value else Decimal(0))


def _methods(profiles: Any) -> Any:
    from cgrd_subsystem_rals.kinds.actions_api import methods

    return methods(profiles)


ACTIONS = Kind(
    name="Actions",
    record=Actions,
    file="Actions.csv",
    model="ActionMdl",
    order=80,
    columns=(
        column("Tag", into="ID"),
        column("Action", into="Identifier", item="Actions", words="Action types"),
        column("ExtraParameters", item="Actions", words="Action types"),
        column("Filters", item="Actions"),
        column("BalanceTag", into="BalanceId", item="Actions"),
        column("BalanceType", item="Actions", words="Balance types"),
        column("Categories", item="Actions"),
        column("DestinationTags", into="DestinationIds", item="Actions"),
        column("RatingSubject", item="Actions"),
        column("SharedGroups", item="Actions"),
        column("ExpiryTime", item="Actions"),
        column("TimingTags", item="Actions"),
        column("Units", item="Actions"),
        column("BalanceWeight", item="Actions"),
        column("BalanceBlocker", item="Actions"),
        column("BalanceDisabled", item="Actions"),
        column("Weight", NUMBER, item="Actions"),
    ),
    key=("Tag",),
    items=Items(field="Actions"),
    early=True,
    doubt=doubt,
    cache="*actions",
    api=Api(derive=False, extra=_methods),
    tp=TpApi(noun="Actions", ids="ActionIds", mandatory=("ID", "Actions")),
    build=build,
    export=False,
    docs="Sets of things that are done to accounts; the columns about balances say which ones, and what new ones get.",
)
