"""What a session is: who uses what since when, and for each charger run what was granted, used and paid.

The names are those of the replication API (`SessionSv1.SetPassiveSession`); this is also what the store keeps.
Source: spec/sessions.md §0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from cgrd import CGREvent, Instant
from cgrd.costs import CallDescriptor, EventCost


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A debit that RALs of another daemon were asked for, as long as nobody knows whether it was done.

    Attributes:
        Method: `Responder.MaxDebit` or `Responder.Debit`.
        Call: what was asked.
        Usage: how much of it is new, ns or units.
        Key: the request key, under which it is asked again.
    """

    Method: str
    Call: CallDescriptor
    Usage: int
    Key: str


class SRun(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """One charger's run. Never changed in place: each step of the accounting makes another one.

    Attributes:
        Event: the run's event.
        CD: what RALs was asked last; its TimeEnd is where the next debit begins.
        EventCost: what was paid so far; None as long as nothing was.
        ExtraDuration: paid and not granted yet, ns or units; below 0 when more was used than granted.
        LastUsage: what was granted last.
        TotalUsage: what was granted in all, corrected by what the agent reported.
        NextAutoDebit: when the debit loop pays the next interval.
        Pending: what was asked of another daemon and not answered (ours, as the next).
        Asks: how often another daemon was asked; it tells debits of one run apart.
    """

    Event: dict[str, Any] = {}
    CD: CallDescriptor = msgspec.field(default_factory=CallDescriptor)
    EventCost: EventCost | None = None
    ExtraDuration: int = 0
    LastUsage: int = 0
    TotalUsage: int = 0
    NextAutoDebit: Instant | None = None
    Pending: Pending | None = None
    Asks: int = 0


class Session(msgspec.Struct, kw_only=True, gc=False):
    """A session with its runs.

    Attributes:
        CGRID: its key.
        ClientConnID: the peer that started it, who can be told to end it; "" = nobody.
        EventStart: the event that started it, with what updates changed; None on the wire = remove.
        DebitInterval: step of the debit loop, ns; 0 = paid by updates.
        Chargeable: False = use is free for now.
        OptsStart: the options it started with.
        UpdatedAt: its last change.
        StartedAt: when it was started, by our clock (ours; the reference ignores it and the next two).
        ProvedAt: when its other end last gave a sign of life.
        Held: flags of what it took and must give back.
        Starting: RALs of another daemon could not be asked yet for its first grant, so the request that starts it may come again (ours, too).
    """

    CGRID: str = ""
    Tenant: str = ""
    ClientConnID: str = ""
    EventStart: dict[str, Any] | None = None
    DebitInterval: int = 0
    Chargeable: bool = True
    SRuns: list[SRun] = []
    OptsStart: dict[str, Any] | None = None
    UpdatedAt: Instant = Instant.ZERO
    StartedAt: Instant = Instant.ZERO
    ProvedAt: Instant = Instant.ZERO
    Held: list[str] = []
    Starting: bool = False

    def start(self) -> dict[str, Any]:
        """The event it started with; not to be changed in place."""
        return self.EventStart or {}

    def options(self) -> dict[str, Any]:
        """The options it started with; not to be changed."""
        return self.OptsStart or {}

    def event(self) -> CGREvent:
        """The start event as an event."""
        return CGREvent(Tenant=self.Tenant, ID=self.CGRID, Event=self.start(), APIOpts=dict(self.options()))

    def total_usage(self) -> int:
        """What counts as used so far when an agent reports a total: the first run's, as the API has it."""
        return self.SRuns[0].TotalUsage if self.SRuns else 0

    def restoring(self) -> Callable[[], None]:
        """What makes it again what it is now. Its events and its list of runs are never changed in place."""
        before = (self.EventStart, self.ClientConnID, self.Chargeable, self.UpdatedAt, self.ProvedAt, self.SRuns, self.Starting)

        def restore() -> None:
            self.EventStart, self.ClientConnID, self.Chargeable, self.UpdatedAt, self.ProvedAt, self.SRuns, self.Starting = before

        return restore

    def has_loop(self) -> bool:
        """Whether debit loops pay for it."""
        return self.DebitInterval > 0 and any(is_prepaid(run) for run in self.SRuns)


PREPAID = frozenset({"*prepaid", "*dynaprepaid"})
"""Request types that are debited while they are used."""
PSEUDOPREPAID = "*pseudoprepaid"
"""Authorised by the account's credit, debited with the CDR."""
RATED_BY_CDR = frozenset({"*postpaid", "*pseudoprepaid", "*rated"})
"""Request types that are priced when their CDR is made."""


def is_prepaid(run: SRun) -> bool:
    """Whether the run is debited while it is used."""
    return run.Event.get("RequestType") in PREPAID
