"""What actions do to the world outside of the accounts: kept in the outbox with the change that orders it, delivered when that is committed.

Source: DESIGN §4 (the outbox).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import msgspec

from cgrd.codec import encode
from cgrd.errors import CgrdError, Unreachable
from cgrd.hops import hops

if TYPE_CHECKING:
    from cgrd_subsystem_rals.desk import Desk

OUTBOX: Final = "*actions"
"""Under which name the outbox holds effects."""

PATIENT: Final = 12
"""Attempts of what is to arrive although the other end is away for a while: with the outbox' pauses they take 27 minutes."""


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be sent.

    Attributes:
        kind: which sender takes it there.
        to: where: a URL, mail addresses, a daemon's address, a method.
        body: what, as JSON.
        about: whose it is, for the log: the actions and the account.
        id: the same for each attempt, so that a receiver can tell a repetition.
        attempts: the one that is the last when nobody can be reached.
        waited: whether who executes the action waits for the first attempt.
        told: whether that one is told that it failed. Then there is no other attempt.
        hops: how deep in calls that set off one another it was ordered.
    """

    kind: str
    to: str
    body: msgspec.Raw
    about: str
    attempts: int
    id: str = ""
    waited: bool = False
    told: bool = False
    hops: int = 0


Sender = Callable[["Desk", Effect], Awaitable[None]]
"""Takes an effect there; raises `Unreachable` where another attempt may help, another `CgrdError` where none will."""


class Refused(CgrdError):
    """The receiver has it and does not want it: sending it again would not help."""


def effect(kind: str, to: str, body: Any, *, about: str, attempts: int, waited: bool = False, told: bool = False) -> Effect:
    """An effect that is ordered now."""
    raw = msgspec.Raw(encode(body))
    return Effect(kind=kind, to=to, body=raw, about=about, attempts=max(1, attempts), id=str(uuid4()), waited=waited, told=told, hops=hops())


def is_worth_another_attempt(error: CgrdError) -> bool:
    """Whether the same may succeed later."""
    return isinstance(error, Unreachable)
