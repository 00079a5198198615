"""Asking RALs for money: in this daemon a direct call in the transaction of the session; in another one a request that is kept with the
session before it is sent, so that whatever happens to either daemon, it is asked again under the same key until its outcome is known.

Source: DESIGN §4 (the transaction and edges).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from cgrd.costs import CallCost, CallDescriptor
from cgrd.errors import CgrdError, Unanswered, Unreachable
from cgrd_subsystem_sessions import accounting
from cgrd_subsystem_sessions.session import Pending, Session

if TYPE_CHECKING:
    from cgrd_subsystem_sessions.registry import Registry
    from cgrd_subsystem_sessions.service import SessionS


class Asking:
    """The edge to RALs.

    Args:
        owner: SessionS.
        registry: where sessions are kept.
    """

    def __init__(self, *, owner: SessionS, registry: Registry) -> None:
        self._owner = owner
        self._registry = registry

    async def announce(self, session: Session, at: int, method: str, asked: accounting.Asked) -> accounting.Asked:
        """Where RALs are remote, keep what they are going to be asked for; a session that is not registered has nothing to be kept in."""
        if not self._owner.settings.rals_are_remote or self._registry.active.get(session.CGRID) is not session:
            return asked
        run = session.SRuns[at]
        number = run.Asks + 1
        key = f"{session.CGRID}:{session.StartedAt.ns}:{run.CD.RunID}:{number}"
        pending = Pending(Method=method, Call=asked.run.CD, Usage=asked.missing, Key=key)
        with self._owner.services.store.transaction(why=f"session {session.CGRID} asks") as tx:
            self._registry.change(session, at, replace(run, Pending=pending, Asks=number))
            self._registry.put(session, tx=tx)
        await self._owner.services.store.durable()
        return asked._replace(run=replace(asked.run, Asks=number))

    async def ask(self, method: str, session: Session, at: int, call: CallDescriptor) -> CallCost:
        """Ask for a debit; what was announced, under its key."""
        pending, asked = session.SRuns[at].Pending, replace(call, APIOpts=session.options())
        cost: CallCost
        if pending is None:
            cost = await self._owner.call("rals", method, asked, CallCost)
        else:
            with self._owner.services.store.transaction(why=method, key=pending.Key):
                cost = await self._owner.call("rals", method, asked, CallCost)
        return cost

    async def resolve(self, session: Session, at: int) -> None:
        """Learn what became of what was asked and not answered.

        Raises:
            Unreachable, Unanswered: it is still not known.
        """
        run = session.SRuns[at]
        if run.Pending is None:
            return
        services = self._owner.services
        try:
            cost = await self.ask(run.Pending.Method, session, at, run.Pending.Call)
        except Unreachable as error:
            raise Unanswered(error, explain=f"a debit before this one was not answered, and cannot be asked for: {error.explain}") from error
        except Unanswered:
            raise
        except CgrdError:
            after = replace(run, Pending=None)
        else:
            after = accounting.learned(run, run.Pending, cost, now=services.clock.now(), decimals=services.rounding_decimals)
        with services.store.transaction(why=f"session {session.CGRID} learns") as tx:
            self._registry.change(session, at, after)
            self._registry.put(session, tx=tx)


def leaves_open(error: CgrdError | None) -> bool:
    """Whether a session that was to end goes on: RALs could not be asked, or refuse the usage that was told, which can be told rightly."""
    return is_unsettled(error) or (error is not None and error.word == "MAX_USAGE_EXCEEDED")


def is_unsettled(error: CgrdError | None) -> bool:
    """Whether RALs could not be asked, so that it is as open as before."""
    return isinstance(error, Unreachable | Unanswered)
