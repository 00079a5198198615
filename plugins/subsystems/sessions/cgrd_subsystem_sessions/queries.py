"""Which sessions there are, told run by run.

Source: spec/sessions.md §0 (ExternalSession) and §6.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from cgrd import Instant, method
from cgrd.costs import extra_fields, instant_of
from cgrd.errors import CgrdError, NotFound
from cgrd.filters import Matcher, is_inline, parse_inline
from cgrd.money import ZERO
from cgrd_subsystem_sessions.registry import Index
from cgrd_subsystem_sessions.session import Session, SRun

if TYPE_CHECKING:
    from decimal import Decimal

    from cgrd_subsystem_sessions.service import SessionS


class SessionFilter(msgspec.Struct, kw_only=True):
    """Which runs are asked for: by filters, at most `Limit` of them."""

    Limit: int | None = None
    Filters: list[str] | None = None
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class ExternalSession(msgspec.Struct, kw_only=True):
    """A run of a session as queries tell it. `Usage` is what was granted, ns or units."""

    CGRID: str
    RunID: str
    ToR: str
    OriginID: str
    OriginHost: str
    Source: str
    RequestType: str
    Tenant: str
    Category: str
    Account: str
    Subject: str
    Destination: str
    SetupTime: Instant
    AnswerTime: Instant
    Usage: int
    ExtraFields: dict[str, str]
    NodeID: str
    LoopIndex: Decimal
    DurationIndex: int
    MaxRate: Decimal = ZERO
    MaxRateUnit: int = 0
    MaxCostSoFar: Decimal
    DebitInterval: int
    NextAutoDebit: Instant


class Queries:
    """Answers which sessions there are.

    Args:
        owner: SessionS with its parts.
    """

    def __init__(self, owner: SessionS) -> None:
        self._owner = owner

    @method("SessionSv1.GetActiveSessions")
    async def active(self, args: SessionFilter) -> list[ExternalSession]:
        """Runs of active sessions.

        Raises:
            NotFound: none matches.
        """
        return await self._told(args, self._owner.registry.active, self._owner.registry.active_index)

    @method("SessionSv1.GetPassiveSessions")
    async def passive(self, args: SessionFilter) -> list[ExternalSession]:
        """Runs of other daemons' sessions kept here.

        Raises:
            NotFound: none matches.
        """
        return await self._told(args, self._owner.registry.passive, self._owner.registry.passive_index)

    @method("SessionSv1.GetActiveSessionsCount")
    async def active_count(self, args: SessionFilter) -> int:
        """How many runs of active sessions match."""
        return len(await self.matching(args, self._owner.registry.active, self._owner.registry.active_index))

    @method("SessionSv1.GetPassiveSessionsCount")
    async def passive_count(self, args: SessionFilter) -> int:
        """How many runs of passive sessions match."""
        return len(await self.matching(args, self._owner.registry.passive, self._owner.registry.passive_index))

    async def _told(self, args: SessionFilter, sessions: Mapping[str, Session], index: Index) -> list[ExternalSession]:
        found = await self.matching(args, sessions, index)
        if not found:
            which = f"of {len(sessions)} sessions none passes {args.Filters or 'no filter'}" if sessions else "no session is there now"
            raise NotFound(explain=which)
        return [self._external(session, run) for session, run in found[: args.Limit]]

    async def matching(self, args: SessionFilter, sessions: Mapping[str, Session], index: Index) -> list[tuple[Session, SRun]]:
        """The runs that pass the filters; a filter that is not known is no restriction."""
        tenant = args.Tenant or self._owner.services.default_tenant
        try:
            matcher = self._matcher(tenant, args.Filters or ())
        except CgrdError:
            return []
        narrowed = _candidates(args.Filters or (), sessions, index)
        return [(session, run) for session in narrowed for run in session.SRuns if await _passes(matcher, run, session)]

    def _matcher(self, tenant: str, filter_ids: Sequence[str]) -> Matcher:
        filters = self._owner.services.filters
        known = [each for each in filter_ids if is_inline(each) or filters.compile_filter(tenant, each).record is not None]
        return filters.compile(tenant, known)

    def _external(self, session: Session, run: SRun) -> ExternalSession:
        fields, zone = run.Event, self._owner.services.zone
        return ExternalSession(
            CGRID=session.CGRID,
            RunID=str(fields.get("RunID", "")),
            ToR=str(fields.get("ToR", "")),
            OriginID=str(fields.get("OriginID", "")),
            OriginHost=str(fields.get("OriginHost", "")),
            Source=f"SessionS_{fields.get('EventName', '')}",
            RequestType=str(fields.get("RequestType", "")),
            Tenant=session.Tenant,
            Category=str(fields.get("Category", "")),
            Account=str(fields.get("Account", "")),
            Subject=str(fields.get("Subject", "")),
            Destination=str(fields.get("Destination", "")),
            SetupTime=instant_of(fields, "SetupTime", zone=zone),
            AnswerTime=instant_of(fields, "AnswerTime", zone=zone),
            Usage=run.TotalUsage,
            ExtraFields=extra_fields(fields),
            NodeID=self._owner.services.node_id,
            LoopIndex=run.CD.LoopIndex,
            DurationIndex=run.CD.DurationIndex,
            MaxCostSoFar=run.CD.MaxCostSoFar,
            DebitInterval=session.DebitInterval,
            NextAutoDebit=run.NextAutoDebit or Instant.ZERO,
        )


def _candidates(filter_ids: Sequence[str], sessions: Mapping[str, Session], index: Index) -> list[Session]:
    """The sessions that an indexed field leaves over; all of them where no filter asks for one."""
    for field, values in _indexed_rules(filter_ids, index):
        found = index.find(field, values)
        return (
            [session for session in sessions.values() if session.CGRID in found]
            if len(found) > 64
            else [sessions[cgrid] for cgrid in sorted(found) if cgrid in sessions]
        )
    return list(sessions.values())


def _indexed_rules(filter_ids: Sequence[str], index: Index) -> Iterator[tuple[str, list[str]]]:
    for text in filter_ids:
        if not text.startswith("*string:~*req."):
            continue
        rule = next(iter(parse_inline("", text).Rules or ()), None)
        values = list(rule.Values or ()) if rule is not None else []
        field = text.removeprefix("*string:~*req.").partition(":")[0]
        if field in index.fields and values and all(value and not value.startswith("~") for value in values):
            yield field, values


async def _passes(matcher: Matcher, run: SRun, session: Session) -> bool:
    roots = {"*req": run.Event, "*opts": session.options()}
    try:
        if matcher.needs_fetch:
            return await matcher.passes_after_fetch(roots)
        return matcher.passes(roots)
    except CgrdError:
        return False
