"""Rankings.csv: statistics queues sorted by their metrics."""

from __future__ import annotations

import msgspec

from cgrd.profiles import FLAG, LIST, Api, Kind, TpApi, column


class RankingProfile(msgspec.Struct):
    """When to sort which queues, and by what."""

    Tenant: str = ""
    ID: str = ""
    Schedule: str = ""
    StatIDs: list[str] = []
    MetricIDs: list[str] = []
    Sorting: str = ""
    SortingParameters: list[str] = []
    Stored: bool = False
    ThresholdIDs: list[str] = []


RANKING_PROFILE = Kind(
    name="RankingProfile",
    record=RankingProfile,
    file="Rankings.csv",
    model="RankingMdl",
    order=170,
    columns=(
        column("Tenant"),
        column("ID"),
        column("Schedule"),
        column("StatIDs", LIST),
        column("MetricIDs", LIST),
        column("Sorting", words="Orders of rankings"),
        column("SortingParameters", LIST),
        column("Stored", FLAG),
        column("ThresholdIDs", LIST),
    ),
    cache="*ranking_profiles",
    caches=("*rankings",),
    api=Api(noun="RankingProfile"),
    tp=TpApi(noun="Ranking", ids="RankingIDs"),
    docs="Rankings of statistics.",
)

KINDS = [RANKING_PROFILE]
