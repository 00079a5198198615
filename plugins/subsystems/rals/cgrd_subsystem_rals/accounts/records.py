"""The stored form of an account: its balances, counters and triggers, with their wire names.

Source: spec/rating.md §7, §11.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from cgrd.costs import RITiming
from cgrd.instants import Instant
from cgrd.money import ZERO

MONETARY, GENERIC, VOICE = "*monetary", "*generic", "*voice"
DEFAULT = "*default"
TYPES = ("*data", "*sms", "*mms", VOICE, GENERIC, MONETARY)


class Balance(msgspec.Struct, kw_only=True):
    """What is left of one kind: money, ns, octets or pieces, and for what it may be used."""

    Uuid: str = ""
    ID: str = ""
    Value: Decimal = ZERO
    ExpirationDate: Instant = Instant.ZERO
    Weight: Decimal = ZERO
    DestinationIDs: dict[str, bool] | None = None
    RatingSubject: str = ""
    Categories: dict[str, bool] | None = None
    SharedGroups: dict[str, bool] | None = None
    Timings: list[RITiming] | None = None
    TimingIDs: dict[str, bool] | None = None
    Disabled: bool = False
    Factors: dict[str, Decimal] | None = None
    Blocker: bool = False

    def expired(self, at: Instant) -> bool:
        """Whether it ended before `at`; the zero time means never."""
        return Instant.ZERO.ns < self.ExpirationDate.ns < at.ns


class BalanceFilter(msgspec.Struct, kw_only=True):
    """Which balances are meant, or what one shall be; None leaves a field open."""

    Uuid: str | None = None
    ID: str | None = None
    Type: str | None = None
    Value: ValueFormula | None = None
    ExpirationDate: Instant | None = None
    Weight: Decimal | None = None
    DestinationIDs: dict[str, bool] | None = None
    RatingSubject: str | None = None
    Categories: dict[str, bool] | None = None
    SharedGroups: dict[str, bool] | None = None
    TimingIDs: dict[str, bool] | None = None
    Timings: list[RITiming] | None = None
    Disabled: bool | None = None
    Factors: dict[str, Decimal] | None = None
    Blocker: bool | None = None


class ValueFormula(msgspec.Struct, kw_only=True):
    """An amount: `Static`, or worked out at its time by `Method` (`*incremental`)."""

    Method: str = ""
    Params: dict[str, Any] | None = None
    Static: Decimal = ZERO


class CounterFilter(msgspec.Struct, kw_only=True):
    """One counter and what it counts."""

    Value: Decimal = ZERO
    Filter: BalanceFilter | None = None


class UnitCounter(msgspec.Struct, kw_only=True):
    """Counters of one kind: `*event` counts what calls use, `*balance` what balances give."""

    CounterType: str = ""
    Counters: list[CounterFilter] = []


class ActionTrigger(msgspec.Struct, kw_only=True):
    """When a balance or counter passes a threshold, a set of actions is run."""

    ID: str = ""
    UniqueID: str = ""
    ThresholdType: str = ""
    ThresholdValue: Decimal = ZERO
    Recurrent: bool = False
    MinSleep: int = 0
    ExpirationDate: Instant = Instant.ZERO
    ActivationDate: Instant = Instant.ZERO
    Balance: BalanceFilter | None = None
    Weight: Decimal = ZERO
    ActionsID: str = ""
    MinQueuedItems: int = 0
    Executed: bool = False
    LastExecutionTime: Instant = Instant.ZERO


class Account(msgspec.Struct, kw_only=True):
    """Who pays; `ID` is `tenant:account`."""

    ID: str
    BalanceMap: dict[str, list[Balance] | None] | None = None
    UnitCounters: dict[str, list[UnitCounter]] | None = None
    ActionTriggers: list[ActionTrigger] | None = None
    AllowNegative: bool = False
    Disabled: bool = False
    UpdateTime: Instant = Instant.ZERO

    def balances(self, kind: str) -> list[Balance]:
        """The balances of a type; not to be changed by callers who do not own the account."""
        held = self.BalanceMap
        return (held.get(kind) or []) if held else []

    def add(self, kind: str, balance: Balance) -> None:
        """Put a balance behind those of its type."""
        if self.BalanceMap is None:
            self.BalanceMap = {}
        self.BalanceMap[kind] = [*(self.BalanceMap.get(kind) or []), balance]

    def copy(self) -> Account:
        """An account whose balances, counters and triggers can be changed without this one noticing."""
        replace = msgspec.structs.replace
        return replace(
            self,
            BalanceMap=None
            if self.BalanceMap is None
            else {kind: held if held is None else [replace(b) for b in held] for kind, held in self.BalanceMap.items()},
            UnitCounters=None
            if self.UnitCounters is None
            else {
                kind: [replace(unit, Counters=[replace(counter) for counter in unit.Counters]) for unit in units] for kind, units in self.UnitCounters.items()
            },
            ActionTriggers=None if self.ActionTriggers is None else [replace(trigger) for trigger in self.ActionTriggers],
        )

    @property
    def tenant(self) -> str:
        """The tenant of the key."""
        return self.ID.partition(":")[0]

    @property
    def name(self) -> str:
        """The account of the key."""
        return self.ID.partition(":")[2]


class SharingParameters(msgspec.Struct, kw_only=True):
    """In which order a member uses the group's balances; `RatingSubject` is kept and, as recorded answers show, not used."""

    Strategy: str = ""
    RatingSubject: str = ""


class SharedGroup(msgspec.Struct, kw_only=True):
    """Accounts that use each other's balances marked with the group's id."""

    Id: str
    AccountParameters: dict[str, SharingParameters] | None = None
    MemberIds: dict[str, bool] | None = None

    def parameters(self, account_id: str) -> SharingParameters:
        """Those of the account, else of `*any`, else none."""
        known = self.AccountParameters or {}
        return known.get(account_id) or known.get("*any") or SharingParameters()
