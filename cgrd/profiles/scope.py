"""What a record may refer to while it is checked: the plan being loaded first, then what is stored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cgrd.errors import CgrdError, Wrong
from cgrd.filters import is_inline, parse_inline

if TYPE_CHECKING:
    from cgrd.profiles.draft import Draft
    from cgrd.profiles.tables import Profiles


class Scope:
    """Answers a kind's `check`.

    Attributes:
        kind: name of the kind being checked.
        key: the record's key, for messages.
    """

    def __init__(self, profiles: Profiles, *, kind: str = "", key: str = "", draft: Draft | None = None) -> None:
        self.profiles = profiles
        self.kind = kind
        self.key = key
        self.draft = draft

    def find(self, kind: str, key: str) -> Any:
        """The record of that kind and key, of the plan or stored; None when there is none."""
        if self.draft is not None and (found := self.draft.record(kind, key)) is not None:
            return found
        table = self.profiles.get(kind)
        return table.find(key) if table is not None else None

    def words(self, hook: str) -> frozenset[str]:
        """What plugins add to a vocabulary (`cgrd_metrics`)."""
        return self.profiles.vocabularies.get(hook, frozenset())

    def need_filters(self, tenant: str, filter_ids: Iterable[str]) -> None:
        """Refuse filter ids that are neither stored nor a well-formed inline filter.

        Raises:
            Wrong: with the reference's text, naming the filter and the record.
        """
        for filter_id in filter_ids:
            if self.find("Filter", f"{tenant}:{filter_id}") is None and not self._inline(tenant, filter_id):
                raise Wrong(
                    f"broken reference to filter: <{filter_id}> for item with ID: {self.key}",
                    explain=f"{filter_id!r} is no filter of tenant {tenant} and no well-formed inline filter (*type:element:value|value); "
                    "load or set the filter first",
                )

    def _inline(self, tenant: str, filter_id: str) -> bool:
        if not is_inline(filter_id):
            return False
        try:
            if self.profiles.filters is not None:
                self.profiles.filters.compile_filter(tenant, filter_id)
            else:
                parse_inline(tenant, filter_id)
        except CgrdError:
            return False
        return True
