"""Moving money for sessions: what SessionS asks of RALs, each debit and refund in one transaction with the session it belongs to.

Over an internal edge RALs' changes join the transaction that is open here, so balance, ledger and session change together or not at
all. Over a remote edge a debit is kept with the session before it is asked for (asking.py).
Source: spec/sessions.md §5.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from cgrd.codec import encode
from cgrd.costs import CallCost, CallDescriptor, EventCost, Increment, merge, pause_cost, refundable, trim
from cgrd.dynaprepaid import debited
from cgrd.errors import CgrdError, Exists, Unanswered
from cgrd_subsystem_sessions import accounting
from cgrd_subsystem_sessions.asking import Asking, is_unsettled, leaves_open
from cgrd_subsystem_sessions.holdings import Holdings, retold
from cgrd_subsystem_sessions.rounding import rounded
from cgrd_subsystem_sessions.session import PREPAID, PSEUDOPREPAID, Session, SRun, is_prepaid

if TYPE_CHECKING:
    from cgrd_subsystem_sessions.registry import Registry
    from cgrd_subsystem_sessions.service import SessionS


class Charging:
    """Grants usage and settles it.

    Args:
        owner: SessionS, whose edges are used.
        registry: where the sessions are.
    """

    def __init__(self, *, owner: SessionS, registry: Registry) -> None:
        self._owner = owner
        self._registry = registry
        self._services = owner.services
        self.asking = Asking(owner=owner, registry=registry)

    @property
    def _decimals(self) -> int:
        return self._services.rounding_decimals

    @property
    def waits(self) -> bool:
        """Whether settling a session may wait for others. Then each run is kept as it is settled, else all of them when the session is."""
        settings = self._owner.settings
        return settings.rals_are_remote or settings.store_session_costs

    async def grant(self, session: Session, at: int, wanted: int, last_used: int | None = None) -> int:
        """Let a run go on for `wanted`: how much of it is granted; below 0 when more was used than could be paid.

        Raises:
            CgrdError: RALs refuses; the run's money is as before.
        """
        run = session.SRuns[at]
        kind = run.Event.get("RequestType")
        if kind not in PREPAID:
            return await self._credit(run, wanted) if kind == PSEUDOPREPAID else wanted
        if not session.Chargeable:
            return self._pause(session, at, wanted)
        if run.Pending is not None:
            await self.asking.resolve(session, at)
        granted = await self._debit_for(session, at, accounting.ask(session.SRuns[at], max(0, wanted), last_used))
        return granted if wanted >= 0 else wanted  # as recorded; it moves neither money nor reserve

    async def _debit_for(self, session: Session, at: int, asked: accounting.Asked) -> int:
        if asked.missing:
            asked = await self.asking.announce(session, at, "Responder.MaxDebit", asked)
        try:
            with self._services.store.transaction(why=f"session {session.CGRID}") as tx:
                after = asked.run
                if asked.missing:
                    asking = partial(self.asking.ask, "Responder.MaxDebit", session, at, asked.run.CD)
                    cost: CallCost = await debited(self._owner, asked.run.CD, request_type=asked.run.Event["RequestType"], debit=asking)
                    after = accounting.booked(asked, cost, now=self._services.clock.now(), decimals=self._decimals)
                self._registry.change(session, at, after)
                self._registry.put(session, tx=tx)
        except CgrdError as error:
            if not isinstance(error, Unanswered):
                self._refused(session, at, replace(session.SRuns[at], Pending=None) if is_unsettled(error) else accounting.refused(asked))
            raise
        return after.LastUsage

    def _refused(self, session: Session, at: int, run: SRun) -> None:
        with self._services.store.transaction(why=f"session {session.CGRID}, refused") as tx:
            self._registry.change(session, at, run)
            self._registry.put(session, tx=tx)

    async def _credit(self, run: SRun, wanted: int) -> int:
        most: int = await self._owner.call("rals", "Responder.GetMaxSessionTime", run.CD, int)
        return wanted if most == -1 or most > wanted else most

    def _pause(self, session: Session, at: int, usage: int) -> int:
        """Nobody pays: a free part is written into the cost, so that the parts after it keep their time."""
        run = session.SRuns[at]
        call = accounting.following(run.CD, usage)
        account = f"{call.Tenant}:{call.Account}"
        free = pause_cost(start=call.TimeStart, usage=usage, account_key=account, cgrid=call.CgrID, run_id=call.RunID)
        cost = free if run.EventCost is None else merge(run.EventCost, free, decimals=self._decimals)
        with self._services.store.transaction(why=f"pause of {session.CGRID}") as tx:
            after = replace(run, CD=replace(call, LoopIndex=call.LoopIndex + 1), EventCost=cost, LastUsage=usage, TotalUsage=run.TotalUsage + usage)
            self._registry.change(session, at, after)
            self._registry.put(session, tx=tx)
        return usage

    async def settle(self, session: Session, at: int, *, usage: int | None, last_used: int | None) -> CgrdError | None:
        """Bring a run to its end: debit what is owed, give back what is too much, round; why the debit failed, if it did.

        Args:
            usage: the final usage, None = what was granted, corrected by `last_used`.
        """
        failure = None
        try:
            if session.SRuns[at].Pending is not None:
                await self.asking.resolve(session, at)
            run = accounting.used(session.SRuns[at], usage=usage, last_used=last_used)
            owed = accounting.unpaid(run) if _is_looped(session, run) else accounting.owed(run)
            rest = await self._rest(session, at, run, owed) if owed > 0 and session.Chargeable else None
            if rest is None and run.EventCost is None:
                self._registry.change(session, at, run)
                return None
            with self._services.store.transaction(why=f"end of session {session.CGRID}", key=_end_key(session, at) if self.waits else "") as tx:
                after = await self._pay_rest(session, at, rest) if rest is not None else await self._given_back(session, run, -owed)
                after = await self._rounded(session, after)
                self._registry.change(session, at, after)
                if self.waits:
                    self._registry.put(session, tx=tx)
                else:
                    self._registry.join(session, tx=tx)
        except CgrdError as error:
            failure = error
            if leaves_open(error) and self._registry.holds(session):
                return failure
            self._registry.change(session, at, accounting.used(session.SRuns[at], usage=usage, last_used=last_used))
        if self._owner.settings.store_session_costs:
            await self._store_cost(session, session.SRuns[at])
        return failure

    def was_charged(self, session: Session) -> bool:
        """Whether the ledger knows of the session: it ended before, and only what is kept of ended ones is gone. RALs of another daemon are not asked."""
        return any(
            (entry.run_id, entry.account) == (run.CD.RunID, run.CD.account_key())
            for run in session.SRuns
            if is_prepaid(run)
            for entry in self._services.store.ledger(event=run.CD.CgrID)
        )

    async def _rest(self, session: Session, at: int, run: SRun, owed: int) -> accounting.Asked:
        """What was used beyond the grants and is to be debited now."""
        call = accounting.following(replace(run.CD, ForceDuration=False), owed)
        asked = accounting.Asked(run=replace(run, CD=call), missing=owed, reserve=0)
        return await self.asking.announce(session, at, _debit_at_end(session, run), asked)

    async def _given_back(self, session: Session, run: SRun, unused: int) -> SRun:
        """The run without what it has paid and not used."""
        if unused <= 0 or run.EventCost is None:
            return run
        kept, surplus = trim(run.EventCost, max(0, run.TotalUsage), decimals=self._decimals)
        if surplus is not None:
            kept = await self._refund(session, run, surplus, kept)
        return replace(run, EventCost=kept)

    async def _pay_rest(self, session: Session, at: int, rest: accounting.Asked) -> SRun:
        run = rest.run
        cost = await self.asking.ask(_debit_at_end(session, run), session, at, run.CD)
        # A debit loop was to end the session in time: what the account cannot pay is not charged.
        short = max(0, rest.missing - cost.rated_usage()) if _is_looped(session, run) else 0
        return replace(run, EventCost=accounting.paid(run, cost, decimals=self._decimals, at_end=True), TotalUsage=run.TotalUsage - short)

    async def _refund(self, session: Session, run: SRun, surplus: EventCost, kept: EventCost) -> EventCost:
        """Give the surplus back; what is kept, with the account as it is then."""
        increments = refundable(surplus)
        if not increments:
            return kept
        call = _told_back(session, run, surplus, increments)
        return retold(kept, await self._owner.call("rals", "Responder.RefundIncrements", call, Holdings))

    async def _rounded(self, session: Session, run: SRun) -> SRun:
        if run.EventCost is None:
            return run
        cost, corrections = rounded(run.EventCost, tor=run.CD.ToR, decimals=self._decimals)
        if corrections:
            call = _told_back(session, run, cost, corrections)
            cost = retold(cost, await self._owner.call("rals", "Responder.RefundRounding", call, Holdings))
        return run if cost is run.EventCost else replace(run, EventCost=cost.compute(self._decimals))

    async def _store_cost(self, session: Session, run: SRun) -> None:
        """`store_session_costs`: keep the cost where CDRs look for it; what was kept before was paid before, so ours goes back."""
        cost = run.EventCost
        if cost is None or not self._owner.linked("cdrs"):
            return
        cost.compute(self._decimals)
        told = {
            "CGRID": session.CGRID, "RunID": run.CD.RunID, "OriginHost": run.Event.get("OriginHost", ""), "OriginID": run.Event.get("OriginID", ""),
            "CostSource": "*sessions", "Usage": run.TotalUsage, "CostDetails": cost,
        }  # fmt: skip
        try:
            await self._owner.call("cdrs", "CDRsV1.StoreSessionCost", {"Cost": told, "CheckDuplicate": True, "Tenant": session.Tenant})
        except CgrdError as error:
            if isinstance(error, Exists) or error.word.endswith(":EXISTS"):
                await self._refund(session, run, cost, cost)
            else:
                self._services.log("sessions").warning("the session's cost could not be kept", cgrid=session.CGRID, error=str(error), explain=error.explain)


def _told_back(session: Session, run: SRun, cost: EventCost, increments: list[Increment]) -> CallDescriptor:
    """The call over the time of a cost whose increments go back, or are corrected; not over that of the last debit, which may have paid nothing."""
    return replace(run.CD, TimeStart=cost.StartTime, TimeEnd=cost.end_time(), Increments=increments, APIOpts=session.options())


def written(run: SRun, *, decimals: int, as_text: bool = True) -> dict[str, Any]:
    """The run's event with what it used and paid, as its CDR has it; the cost's details as JSON text, for CDRs of another daemon."""
    fields = {**run.Event, "Usage": run.TotalUsage}
    if run.EventCost is not None:
        cost = run.EventCost if run.EventCost.Cost is not None else run.EventCost.compute(decimals)
        fields |= {"Cost": cost.Cost, "CostDetails": encode(cost).decode() if as_text else cost, "CostSource": "*sessions"}
    return fields


def _end_key(session: Session, at: int) -> str:
    """What the end of a run is called in keys of requests to another daemon; where it is not registered, its request names it."""
    return f"{session.CGRID}:{session.StartedAt.ns}:{session.SRuns[at].CD.RunID}:end" if session.StartedAt else ""


def _is_looped(session: Session, run: SRun) -> bool:
    return session.DebitInterval > 0 and is_prepaid(run)


def _debit_at_end(session: Session, run: SRun) -> str:
    return "Responder.MaxDebit" if _is_looped(session, run) else "Responder.Debit"
