"""APIerSv1.GetCDRs: the query of old, as one of now.

Source: spec/api.md (AttrGetCdrs).
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from cgrd.errors import Wrong
from cgrd_subsystem_cdrs.keeping import CDRsFilter


class OldCDRsFilter(msgspec.Struct, kw_only=True):
    """A query in the old form. Times are of the answer; `SkipErrors` leaves out what could not be rated, `SkipRated` what was."""

    CgrIds: list[str] | None = None
    MediationRunIds: list[str] | None = None
    TORs: list[str] | None = None
    CdrHosts: list[str] | None = None
    CdrSources: list[str] | None = None
    ReqTypes: list[str] | None = None
    Tenants: list[str] | None = None
    Categories: list[str] | None = None
    Accounts: list[str] | None = None
    Subjects: list[str] | None = None
    DestinationPrefixes: list[str] | None = None
    RatedAccounts: list[str] | None = None
    RatedSubjects: list[str] | None = None
    OrderIdStart: int | None = None
    OrderIdEnd: int | None = None
    TimeStart: str = ""
    TimeEnd: str = ""
    SkipErrors: bool = False
    SkipRated: bool = False
    OrderBy: str = ""
    Limit: int | None = None
    Offset: int | None = None
    APIOpts: dict[str, Any] | None = None


_NAMES: Final = {
    "CgrIds": "CGRIDs", "MediationRunIds": "RunIDs", "TORs": "ToRs", "CdrHosts": "OriginHosts", "CdrSources": "Sources", "ReqTypes": "RequestTypes",
    "Tenants": "Tenants", "Categories": "Categories", "Accounts": "Accounts", "Subjects": "Subjects", "DestinationPrefixes": "DestinationPrefixes",
    "TimeStart": "AnswerTimeStart", "TimeEnd": "AnswerTimeEnd", "OrderBy": "OrderBy", "Limit": "Limit", "Offset": "Offset",
}  # fmt: skip


def query_of(old: OldCDRsFilter) -> CDRsFilter:
    """The same query in today's form.

    Raises:
        Wrong: it asks for a rated account or subject, which no record tells apart from its own.
    """
    for name in ("RatedAccounts", "RatedSubjects"):
        if getattr(old, name):
            raise Wrong(f"{name} cannot be asked for", explain="a record has one account and one subject: ask for Accounts, Subjects")
    bounds = {
        "OrderIDStart": old.OrderIdStart,
        "OrderIDEnd": old.OrderIdEnd,
        "MinCost": 0 if old.SkipErrors else None,
        "MaxCost": -1 if old.SkipRated else None,
    }
    return CDRsFilter(ExtraArgs=bounds, **{new: getattr(old, name) for name, new in _NAMES.items()})
