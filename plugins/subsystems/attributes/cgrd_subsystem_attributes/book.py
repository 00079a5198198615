"""The compiled profiles: made at the first use of a record, forgotten when it changes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from cgrd.profiles import Change, ProfileTable
from cgrd_subsystem_attributes.compiling import Language, Ready, compile_profile
from cgrd_subsystem_attributes.kinds import AttributeProfile

if TYPE_CHECKING:
    from cgrd.services import Services

MOST_INLINE = 4_096


class Book:
    """Finds profiles for an event, compiled.

    Args:
        services: whose table of AttributeProfile and filter language.
    """

    def __init__(self, *, services: Services) -> None:
        self.table: ProfileTable = services.profiles["AttributeProfile"]
        self._language = Language(filters=services.filters, zone=services.zone, rounding_decimals=services.rounding_decimals)
        self._ready: dict[str, Ready] = {}
        self._inline: dict[tuple[str, str], Ready] = {}
        self.table.watch(self._changed)

    def _changed(self, change: Change) -> None:
        for key in (*change.put, *change.dropped):
            self._ready.pop(key, None)

    def candidates(self, roots: dict[str, Any], tenant: str, context: str, ids: Sequence[str]) -> list[Ready]:
        """The profiles that may match, the greatest weight first: those named, in their order, or those that the index finds, by ID.

        Raises:
            CgrdError: an inline profile is ill-formed, or a filter does not compile.
        """
        index, find = self.table.index, self.table.find
        found = []
        for id in dict.fromkeys(ids) if ids else sorted(index.candidates(roots, tenant, context)) if index else self.table.ids(tenant):
            key = f"{tenant}:{id}"
            record = find(key)
            if record is not None:
                ready = self._ready.get(key)
                found.append(self._compiled(key, record) if ready is None or ready.record is not record else ready)
            elif ids and id.startswith("*"):
                found.append(self._inline_profile(tenant, id))
        if len(found) > 1:
            found.sort(key=_by_weight)
        return found

    def _compiled(self, key: str, record: AttributeProfile) -> Ready:
        ready = self._ready[key] = compile_profile(record, self._language)
        return ready

    def _inline_profile(self, tenant: str, id: str) -> Ready:
        ready = self._inline.get((tenant, id))
        if ready is None:
            if len(self._inline) >= MOST_INLINE:
                self._inline.clear()
            ready = self._inline[tenant, id] = compile_profile(self.table.get(tenant, id), self._language)
        return ready


def _by_weight(ready: Ready) -> Decimal:
    return -ready.weight
