"""Which profiles match an event: candidates by index, then activation, then every filter, best weight first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from cgrd.instants import Instant
from cgrd.profiles.kind import Kind

if TYPE_CHECKING:
    from cgrd.filters import Filters, Index, Matcher


class ProfileIndex:
    """The filter indexes of a table (one a tenant and context) and the compiled filters of its records; a `Side` of the table.

    Args:
        kind: whose records.
        filters: the filter language.
        new_index: makes an empty index for a tenant.
        any_context: whether records under `*any` match every context.
    """

    def __init__(self, *, kind: Kind, filters: Filters, new_index: Callable[[str], Index], any_context: bool = True) -> None:
        self.kind = kind
        self.filters = filters
        self.any_context = any_context
        self._new_index = new_index
        self._indexes: dict[tuple[str, str], Index] = {}
        self._matchers: dict[str, Matcher] = {}
        self._users: dict[str, set[str]] = defaultdict(set)

    def copy(self) -> ProfileIndex:
        """An empty one: a bulk change indexes all records anew."""
        return ProfileIndex(kind=self.kind, filters=self.filters, new_index=self._new_index, any_context=self.any_context)

    def _contexts(self, record: Any) -> Sequence[str]:
        field = self.kind.index.contexts if self.kind.index else ""
        return (getattr(record, field) or ("*any",)) if field else ("",)

    def put(self, key: str, record: Any, old: Any) -> None:
        if old is not None:
            self.drop(key, old)
        filter_ids = self.kind.filter_ids(record)
        for context in self._contexts(record):
            self._index(record.Tenant, context).set(record.ID, filter_ids)
        for filter_id in filter_ids:
            self._users[f"{record.Tenant}:{filter_id}"].add(key)

    def drop(self, key: str, old: Any) -> None:
        for context in self._contexts(old):
            self._index(old.Tenant, context).remove(old.ID)
        for filter_id in self.kind.filter_ids(old):
            self._users[f"{old.Tenant}:{filter_id}"].discard(key)
        self._matchers.pop(key, None)

    def _index(self, tenant: str, context: str) -> Index:
        index = self._indexes.get((tenant, context))
        if index is None:
            index = self._indexes[tenant, context] = self._new_index(tenant)
        return index

    def index_of(self, tenant: str, context: str = "") -> Index | None:
        """The index of a tenant and context, for the methods that show or rebuild it."""
        return self._indexes.get((tenant, context))

    def contexts(self, tenant: str) -> list[str]:
        """The contexts under which the tenant has an index."""
        return [context for owner, context in self._indexes if owner == tenant]

    def users(self, filter_key: str) -> set[str]:
        """Keys of the records that name a filter (`tenant:id`)."""
        return set(self._users.get(filter_key, ()))

    def candidates(self, roots: dict[str, Any], tenant: str, context: str | None) -> Iterable[str]:
        """Ids of the tenant's records that may match, in no order; `context` None looks at all of them."""
        if not (self.kind.index and self.kind.index.contexts):
            index = self._indexes.get((tenant, ""))
            return index.candidates(roots) if index is not None else ()
        if context is None:
            return set().union(*(self._found(roots, tenant, each) for each in self.contexts(tenant)))
        found = self._found(roots, tenant, context)
        # Records under *any are looked at too where that is configured, and where the context itself has none.
        return found | self._found(roots, tenant, "*any") if self.any_context or not found else found

    def may_have_candidates(self, fields: Set[str], options: Mapping[str, Any], tenant: str) -> bool:
        """Whether `candidates` may find any for an event with these fields, whatever they hold, and these options; a no is sure.

        Of kinds with contexts it always may.
        """
        if self.kind.index and self.kind.index.contexts:
            return True
        index = self._indexes.get((tenant, ""))
        return index is not None and index.may_have_candidates(fields, options)

    def _found(self, roots: dict[str, Any], tenant: str, context: str) -> set[str]:
        index = self._indexes.get((tenant, context))
        return index.candidates(roots) if index is not None else set()

    def matcher(self, key: str, record: Any) -> Matcher:
        """The compiled filters of a record, made once.

        Raises:
            CgrdError: a filter does not compile.
        """
        found = self._matchers.get(key)
        if found is None:
            found = self._matchers[key] = self.filters.compile(record.Tenant, self.kind.filter_ids(record))
        return found

    def filter_changed(self, filter_key: str, find: Callable[[str], Any]) -> None:
        """A stored filter is another one now: index its users anew."""
        for key in self.users(filter_key):
            if (record := find(key)) is not None:
                self.put(key, record, record)

    def matches_context(self, record: Any, context: str | None) -> bool:
        """Whether a record is meant for the context: its contexts are exactly `*any`, or hold it."""
        if context is None or not (self.kind.index and self.kind.index.contexts):
            return True
        held = list(self._contexts(record))
        return held == ["*any"] or context in held


def in_order(records: Iterable[Any]) -> list[Any]:
    """Best weight first; equal weights by ID, so that the answer is always the same."""
    found = list(records)
    if len(found) > 1:
        found.sort(key=_ID)
        if hasattr(found[0], "Weight"):
            found.sort(key=_WEIGHT, reverse=True)
    return found


_ID: Final = attrgetter("ID")
_WEIGHT: Final = attrgetter("Weight")


def active(record: Any, at: Instant) -> bool:
    """Whether the record's activation interval, where it has one, holds at that instant."""
    interval = getattr(record, "ActivationInterval", None)
    return interval is None or bool(interval.active_at(at))
