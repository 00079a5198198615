"""ActionTriggers.csv: actions that a balance or counter sets off."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import msgspec

from cgrd.durations import parse_duration
from cgrd.errors import MandatoryMissing, NotFound
from cgrd.instants import Instant, parse_instant
from cgrd.profiles import FLAG, NUMBER, Api, Draft, Items, Kind, Method, Profiles, Reading, Scope, TpApi, column, every, suggested
from cgrd_subsystem_rals.accounts.records import ActionTrigger, BalanceFilter
from cgrd_subsystem_rals.kinds.actions import needed_timing
from cgrd_subsystem_rals.kinds.balances import flag, weight, word, words

THRESHOLD_TYPES = {
    "*max_balance": "A balance that changed holds ThresholdValue or more.",
    "*min_balance": "A balance that changed holds ThresholdValue or less.",
    "*balance_expired": "The time of a balance meant is over.",
    "*max_event_counter": "What the account's calls used of BalanceType (`*monetary`: cost) reached ThresholdValue; the counter is the trigger's own and goes "
    "on until `*reset_counters`, BalanceCategories and BalanceDestinationTags narrow what is counted.",
    "*min_event_counter": "As `*max_event_counter`, while the counter is at ThresholdValue or below.",
    "*max_balance_counter": "What was taken from the balances meant reached ThresholdValue; the counter goes on until `*reset_counters`.",
    "*min_balance_counter": "As `*max_balance_counter`, while the counter is at ThresholdValue or below.",
    "*max_event_connect": "As `*max_event_counter`, in a counter of its own.",
    "*min_event_connect": "As `*min_event_counter`, in a counter of its own.",
    "*max_balance_connect": "As `*max_event_counter`, in a counter of its own.",
    "*min_balance_connect": "As `*min_event_counter`, in a counter of its own.",
}
"""When a trigger fires. Amounts are in the balance's unit: money, ns, octets or pieces. A disabled account fires nothing."""


class ActionTriggers(msgspec.Struct):
    """The triggers of a group."""

    Id: str = ""
    Triggers: list[ActionTrigger] = []


def build(row: Any, draft: Draft) -> ActionTriggers:
    """The group of its rows.

    Raises:
        Wrong, Refused: a time, duration, weight or flag that cannot be read.
    """
    return ActionTriggers(row.ID, every(row.ActionTriggers, lambda each: _trigger(row.ID, each, draft)))


def _trigger(id: str, row: Any, draft: Draft) -> ActionTrigger:
    expires, activates, balance_expires = (
        parse_instant(text, zone=draft.reading.zone, now=draft.now) for text in (row.ExpirationDate, row.ActivationDate, row.BalanceExpirationDate)
    )
    balance = BalanceFilter(
        ID=word(row.BalanceId),
        Type=word(row.BalanceType),
        ExpirationDate=balance_expires if word(row.BalanceExpirationDate) else None,
        Weight=weight(row.BalanceWeight, draft.now),
        DestinationIDs=words(row.BalanceDestinationIds),
        RatingSubject=word(row.BalanceRatingSubject),
        Categories=words(row.BalanceCategories),
        SharedGroups=words(row.BalanceSharedGroups),
        TimingIDs=words(row.BalanceTimingTags),
        Disabled=flag(row.BalanceDisabled),
        Blocker=flag(row.BalanceBlocker),
    )
    if balance.TimingIDs:
        balance.Timings = [needed_timing(draft, tag) for tag in balance.TimingIDs]
    return ActionTrigger(
        ID=id,
        UniqueID=row.UniqueID or str(uuid.uuid4()),
        ThresholdType=row.ThresholdType,
        ThresholdValue=row.ThresholdValue,
        Recurrent=row.Recurrent,
        MinSleep=parse_duration(row.MinSleep),
        ExpirationDate=expires,
        ActivationDate=activates,
        Balance=balance,
        Weight=row.Weight,
        ActionsID=row.ActionsId,
    )


def doubt(record: ActionTriggers, _: Scope) -> Iterator[str]:
    """A trigger whose type nobody knows never fires."""
    for unknown in dict.fromkeys(trigger.ThresholdType for trigger in record.Triggers if trigger.ThresholdType not in THRESHOLD_TYPES):
        yield f"there is no threshold type <{unknown}>; the trigger will never fire{suggested(unknown, THRESHOLD_TYPES)}"


class SetActionTrigger(msgspec.Struct):
    """Arguments of APIerSv1.SetActionTrigger: fields of the trigger by name; those not given stay."""

    GroupID: str = ""
    UniqueID: str = ""
    ActionTrigger: dict[str, Any] | None = None


class RemoveActionTrigger(msgspec.Struct):
    """Arguments of APIerSv1.RemoveActionTrigger; no UniqueID removes the group."""

    GroupID: str = ""
    UniqueID: str = ""


class GetActionTriggers(msgspec.Struct):
    """Arguments of APIerSv1.GetActionTriggers; no ids = all."""

    GroupIDs: list[str] | None = None


_SETS = {
    "BalanceDestinationIds": "DestinationIDs",
    "BalanceCategories": "Categories",
    "BalanceSharedGroups": "SharedGroups",
    "BalanceTimingTags": "TimingIDs",
}
_TEXTS = {"BalanceID": "ID", "BalanceId": "ID", "BalanceType": "Type", "BalanceRatingSubject": "RatingSubject"}


def altered(trigger: ActionTrigger, fields: dict[str, Any], reading: Reading) -> ActionTrigger:
    """The trigger with these fields (`ThresholdType`, `BalanceType`, `ActionsID` …) set.

    Raises:
        Wrong, Refused: a value that cannot be read.
    """
    new: ActionTrigger = msgspec.structs.replace(trigger, Balance=msgspec.structs.replace(trigger.Balance or BalanceFilter()))
    assert new.Balance is not None
    now = reading.now or Instant.ZERO
    for name, value in fields.items():
        text = _text(value)
        if name in ("ThresholdType", "ActionsID"):
            setattr(new, name, text)
        elif name in ("ThresholdValue", "Weight"):
            setattr(new, name, weight(text, now) or Decimal(0))
        elif name in ("Recurrent", "Executed"):
            setattr(new, name, bool(flag(text)))
        elif name == "MinSleep":
            new.MinSleep = parse_duration(text)
        elif name in ("ExpirationDate", "ActivationDate"):
            setattr(new, name, parse_instant(text, zone=reading.zone, now=reading.now))
        elif name in _TEXTS:
            setattr(new.Balance, _TEXTS[name], word(text))
        elif name in _SETS:
            setattr(new.Balance, _SETS[name], words(";".join(value) if isinstance(value, list) else text))
        elif name == "BalanceWeight":
            new.Balance.Weight = weight(text, now)
        elif name in ("BalanceBlocker", "BalanceDisabled"):
            setattr(new.Balance, name.removeprefix("Balance"), flag(text))
        elif name == "BalanceExpirationDate":
            new.Balance.ExpirationDate = parse_instant(text, zone=reading.zone, now=reading.now)
    return new


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def methods(profiles: Profiles) -> Iterable[Method]:
    """The API of stored triggers; triggers of accounts are the owner's."""
    table = profiles["ActionTriggers"]

    def set_trigger(args: SetActionTrigger) -> str:
        """Store a trigger of a group, or change the fields given of one."""
        if not args.GroupID:
            raise MandatoryMissing("GroupID")
        group = table.find(args.GroupID)
        triggers = list(group.Triggers) if group else []
        at = next((i for i, each in enumerate(triggers) if each.UniqueID == args.UniqueID), -1)
        old = triggers.pop(at) if at >= 0 else ActionTrigger(ID=args.GroupID, UniqueID=args.UniqueID or str(uuid.uuid4()), Balance=BalanceFilter())
        triggers.insert(at if at >= 0 else len(triggers), altered(old, args.ActionTrigger or {}, profiles.reading()))
        table.set(ActionTriggers(args.GroupID, triggers), why="APIerSv1.SetActionTrigger")
        return "OK"

    def remove(args: RemoveActionTrigger) -> str:
        """Delete a trigger of a group, or the group."""
        if not args.GroupID:
            raise MandatoryMissing("GroupID")
        if not args.UniqueID:
            if args.GroupID in table:
                table.remove("", args.GroupID, why="APIerSv1.RemoveActionTrigger")
            return "OK"
        group: ActionTriggers = table.get("", args.GroupID)
        left = [each for each in group.Triggers if each.UniqueID != args.UniqueID]
        table.set(ActionTriggers(args.GroupID, left), why="APIerSv1.RemoveActionTrigger")
        return "OK"

    def get(args: GetActionTriggers) -> list[ActionTrigger]:
        """The triggers of these groups, or of all."""
        groups = [table.get("", id) for id in args.GroupIDs or table.ids()]
        if not groups:
            raise NotFound(explain="no action triggers are stored")
        return [trigger for group in groups for trigger in group.Triggers]

    yield Method("APIerSv1.SetActionTrigger", SetActionTrigger, set_trigger)
    yield Method("APIerSv1.RemoveActionTrigger", RemoveActionTrigger, remove)
    yield Method("APIerSv1.GetActionTriggers", GetActionTriggers, get)


ACTION_TRIGGERS = Kind(
    name="ActionTriggers",
    record=ActionTriggers,
    file="ActionTriggers.csv",
    model="ActionTriggerMdl",
    order=100,
    columns=(
        column("Tag", into="ID"),
        column("UniqueId", into="UniqueID", item="ActionTriggers"),
        column("ThresholdType", item="ActionTriggers", words="Threshold types"),
        column("ThresholdValue", NUMBER, item="ActionTriggers"),
        column("Recurrent", FLAG, item="ActionTriggers"),
        column("MinSleep", item="ActionTriggers"),
        column("ExpiryTime", into="ExpirationDate", item="ActionTriggers"),
        column("ActivationTime", into="ActivationDate", item="ActionTriggers"),
        column("BalanceTag", into="BalanceId", item="ActionTriggers"),
        column("BalanceType", item="ActionTriggers", words="Balance types"),
        column("BalanceCategories", item="ActionTriggers"),
        column("BalanceDestinationTags", into="BalanceDestinationIds", item="ActionTriggers"),
        column("BalanceRatingSubject", item="ActionTriggers"),
        column("BalanceSharedGroups", item="ActionTriggers"),
        column("BalanceExpiryTime", into="BalanceExpirationDate", item="ActionTriggers"),
        column("BalanceTimingTags", item="ActionTriggers"),
        column("BalanceWeight", item="ActionTriggers"),
        column("BalanceBlocker", item="ActionTriggers"),
        column("BalanceDisabled", item="ActionTriggers"),
        column("ActionsTag", into="ActionsId", item="ActionTriggers"),
        column("Weight", NUMBER, item="ActionTriggers"),
    ),
    key=("Tag",),
    items=Items(field="ActionTriggers"),
    early=True,
    cache="*action_triggers",
    api=Api(derive=False, extra=methods),
    tp=TpApi(noun="ActionTriggers", ids="ActionTriggerIds"),
    build=build,
    doubt=doubt,
    export=False,
    docs="Actions that a balance or counter sets off.",
)
