"""SharedGroups.csv: accounts that pay out of each other's balances."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cgrd.profiles import Api, Draft, Items, Kind, Method, Profiles, TpApi, column
from cgrd_subsystem_rals.accounts.records import SharedGroup, SharingParameters


def build(row: Any, draft: Draft) -> SharedGroup:
    """The group of its rows; who is a member already stays one."""
    old = draft.stored("SharedGroup", row.ID)
    parameters = {each.Account: SharingParameters(Strategy=each.Strategy, RatingSubject=each.RatingSubject) for each in row.SharedGroups}
    return SharedGroup(Id=row.ID, AccountParameters=parameters, MemberIds=dict(old.MemberIds or {}) if old else {})


def methods(profiles: Profiles) -> Iterable[Method]:
    """The API of shared groups."""
    table = profiles["SharedGroup"]

    def get(id: str) -> SharedGroup:
        """The shared group of an id."""
        found: SharedGroup = table.get("", id)
        return found

    yield Method("APIerSv1.GetSharedGroup", str, get)


SHARED_GROUP = Kind(
    name="SharedGroup",
    record=SharedGroup,
    file="SharedGroups.csv",
    model="SharedGroupMdl",
    order=70,
    columns=(
        column("Tag", into="ID"),
        column("Account", item="SharedGroups"),
        column("Strategy", item="SharedGroups"),
        column("RatingSubject", item="SharedGroups"),
    ),
    key=("Tag",),
    items=Items(field="SharedGroups"),
    early=True,
    cache="*shared_groups",
    api=Api(derive=False, extra=methods),
    tp=TpApi(noun="SharedGroups", ids="SharedGroupIds", mandatory=("ID", "SharedGroups")),
    build=build,
    export=False,
    docs="Accounts that pay out of each other's balances, and in which order.",
)
