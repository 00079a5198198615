"""The arithmetic of a session's run: what is granted out of the reserve, what must be debited, what is owed or due at the end.

Pure: runs in, runs out. All usage is in ns or units. Source: spec/sessions.md §5, spec/observed_rating.md (Sessions).
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from cgrd import Instant
from cgrd.costs import CallCost, CallDescriptor, EventCost, added, event_cost
from cgrd_subsystem_sessions.session import Pending, SRun


class Asked(NamedTuple):
    """A run that wants usage: `run` as it is when it is granted out of the reserve, or while RALs is asked for `missing`.

    `reserve` is what of the usage was paid before (below 0: used and not paid yet).
    """

    run: SRun
    missing: int
    reserve: int


def corrected(run: SRun, last_used: int | None) -> SRun:
    """The run after the agent told what it really used of the last grant: the rest goes back to the reserve."""
    if last_used is None or last_used == run.LastUsage:
        return run
    unused = run.LastUsage - last_used
    return replace(run, ExtraDuration=run.ExtraDuration + unused, TotalUsage=run.TotalUsage - unused)


def ask(run: SRun, wanted: int, last_used: int | None = None) -> Asked:
    """Grant `wanted` out of the reserve, or say what must be debited for it."""
    run = corrected(run, last_used)
    if run.ExtraDuration >= wanted:
        granted = replace(run, LastUsage=wanted, ExtraDuration=run.ExtraDuration - wanted, TotalUsage=run.TotalUsage + wanted)
        return Asked(run=granted, missing=0, reserve=0)
    missing = wanted - run.ExtraDuration
    return Asked(run=replace(run, CD=following(run.CD, missing), ExtraDuration=0), missing=missing, reserve=run.ExtraDuration)


def following(call: CallDescriptor, usage: int) -> CallDescriptor:
    """The call's next piece: from where the last one that was paid ended."""
    start = call.TimeEnd if call.LoopIndex > 0 else call.TimeStart
    return replace(call, TimeStart=start, TimeEnd=start.plus(usage), DurationIndex=call.DurationIndex + usage)


def booked(asked: Asked, cost: CallCost, *, now: Instant, decimals: int) -> SRun:
    """The run after RALs debited `cost` for what was missing; less than asked when the account had no more, more as increments are whole."""
    run, spans = asked.run, cost.spans()
    got = cost.rated_usage()
    call = replace(
        run.CD,
        TimeEnd=spans[-1].TimeEnd if spans else now,
        DurationIndex=run.CD.DurationIndex - asked.missing + got,
        MaxCostSoFar=run.CD.MaxCostSoFar + cost.Cost,
        LoopIndex=run.CD.LoopIndex + 1,
    )
    granted = asked.reserve + min(got, asked.missing)
    return replace(
        run,
        CD=call,
        EventCost=paid(run, cost, decimals=decimals),
        ExtraDuration=max(0, got - asked.missing),
        LastUsage=granted,
        TotalUsage=run.TotalUsage + granted,
    )


def learned(run: SRun, pending: Pending, cost: CallCost, *, now: Instant, decimals: int) -> SRun:
    """The run after it was learnt late that a debit had been done: what it was granted for was not used, so it is in reserve."""
    spans, got = cost.spans(), cost.rated_usage()
    call = replace(
        pending.Call,
        TimeEnd=spans[-1].TimeEnd if spans else now,
        DurationIndex=pending.Call.DurationIndex - pending.Usage + got,
        MaxCostSoFar=pending.Call.MaxCostSoFar + cost.Cost,
        LoopIndex=pending.Call.LoopIndex + 1,
    )
    reserve = run.ExtraDuration + (got if pending.Method == "Responder.MaxDebit" else 0)
    return replace(run, CD=call, EventCost=paid(run, cost, decimals=decimals), ExtraDuration=reserve, Pending=None)


def refused(asked: Asked) -> SRun:
    """The run after RALs refused: nothing was paid, the reserve is what it was; the call stays as it was asked, which queries show."""
    return replace(asked.run, ExtraDuration=asked.reserve)


def paid(run: SRun, cost: CallCost, *, decimals: int, at_end: bool = False) -> EventCost | None:
    """What the run has paid, with a cost added to it; one that covers nothing leaves it as it is.

    What is paid at the end is more of the last grant; what updates pay is one grant after the other.
    """
    if not cost.rated_usage():
        return run.EventCost
    if run.EventCost is None:
        return event_cost(cost, cgrid=run.CD.CgrID, run_id=run.CD.RunID, decimals=decimals)
    return added(run.EventCost, cost, decimals=decimals, repeating=not at_end)


def used(run: SRun, *, usage: int | None, last_used: int | None) -> SRun:
    """The run with its final usage: the one reported, else what was granted, corrected by what was used of the last grant."""
    if usage is not None:
        return replace(run, TotalUsage=usage)
    return corrected(run, last_used)


def owed(run: SRun) -> int:
    """At the end: what was used and is not paid (above 0), or was paid and not used (below 0); 0 where the CDR pays."""
    return 0 if run.EventCost is None else run.TotalUsage - run.EventCost.known_usage()


def unpaid(run: SRun) -> int:
    """The same for a run that a debit loop paid: where its first debit got nothing, all of it is unpaid."""
    return run.TotalUsage if run.EventCost is None and run.CD.LoopIndex > 0 else owed(run)


def requested(*, session_total: int, last_usage: int, usage: int, last_used: int | None, total: int | None) -> tuple[int, int | None]:
    """What an update asks for, and what was used of the last grant.

    A total stands in the place of both: what it exceeds the session's is asked for; when it is below, the last grant was not used up.
    """
    if total is None:
        return usage, last_used
    more = total - session_total
    return (more, None) if more >= 0 else (0, last_usage + more)


def proven(run: SRun, *, elapsed: int) -> int:
    """What a run is known to have used when its other end was last heard of.

    Of calls the time that passed till then, at most what was granted; of everything else what was granted before the last grant,
    for that one may be unused.
    """
    before = max(0, run.TotalUsage - run.LastUsage)
    if run.Event.get("ToR", "*voice") not in ("*voice", ""):
        return before
    return elapsed if run.EventCost is None and run.CD.LoopIndex == 0 else max(before, min(elapsed, run.TotalUsage))
