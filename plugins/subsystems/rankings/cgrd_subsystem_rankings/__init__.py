"""RankingS: orders statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cgrd import Component, hookimpl


@hookimpl
def cgrd_components() -> Sequence[type[Component]]:
    from cgrd_subsystem_rankings.service import RankingS

    return [RankingS]


@hookimpl
def cgrd_words() -> Mapping[str, Mapping[str, object]]:
    return {"Orders of rankings": {"*desc": "The highest value of the first metric first, then of the next.", "*asc": "The lowest first."}}
