"""Which profiles match an event: candidates by index, then activation, then every filter, best weight first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from cgrd.instants import Instant
from cgrd.profiles.kind import Kind
from cgrd.profiles.scope import Language


class Index(Protocol):
    """An index of filters as `cgrd.filters` builds it: which ids can match an event at all."""

    def set(self, id: str, filter_ids: Sequence[str]) -> None:
        """Index an id under its filters."""

    def remove(self, id: str) -> None:
        """Forget an id."""

    def candidates(self, roots: Mapping[str, Any]) -> Iterable[str]:
        """The ids that may match."""


class Matcher:
    """The filter index of a table and the compiled filters of its records; a `Side` of the table.

    Args:
        kind: whose records.
        new_index: makes an empty index for a tenant.
        any_context: whether records under `*any` match any context.
    """

    def __init__(self, *, kind: Kind, new_index: Callable[[str], Index], any_context: bool = True) -> None:
        self.kind = kind
        self.any_context = any_context
        self._new_index = new_index
        self._indexes: dict[tuple[str, str], Index] = {}
        self._compiled: dict[str, tuple[Any, ...]] = {}
        self.users: dict[str, set[str]] = defaultdict(set)

    def copy(self) -> Matcher:
        """An empty one: a bulk change indexes all records anew."""
        return Matcher(kind=self.kind, new_index=self._new_index, any_context=self.any_context)

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
            self.users[f"{record.Tenant}:{filter_id}"].add(key)

    def drop(self, key: str, old: Any) -> None:
        for context in self._contexts(old):
            self._index(old.Tenant, context).remove(old.ID)
        for filter_id in self.kind.filter_ids(old):
            self.users[f"{old.Tenant}:{filter_id}"].discard(key)
        self._compiled.pop(key, None)

    def _index(self, tenant: str, context: str) -> Index:
        index = self._indexes.get((tenant, context))
        if index is None:
            index = self._indexes[tenant, context] = self._new_index(tenant)
        return index

    def indexes(self, tenant: str, context: str = "") -> Index | None:
        """The index of a tenant and context, for the methods that show it."""
        return self._indexes.get((tenant, context))

    def candidates(self, roots: Mapping[str, Any], tenant: str, context: str | None) -> set[str]:
        """Ids of the tenant's records that may match, in no order."""
        contexts = [""] if not (self.kind.index and self.kind.index.contexts) else [context or "*any"]
        if contexts[0] and contexts[0] != "*any":
            own = self._indexes.get((tenant, contexts[0]))
            if self.any_context or own is None:
                contexts.append("*any")
        found: set[str] = set()
        for each in contexts:
            if index := self._indexes.get((tenant, each)):
                found.update(index.candidates(roots))
        return found

    def filters(self, key: str, record: Any, language: Language) -> tuple[Any, ...]:
        """The compiled filters of a record, made once."""
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = tuple(language.compile_filter(record.Tenant, each) for each in self.kind.filter_ids(record))
            self._compiled[key] = compiled
        return compiled

    def filter_changed(self, filter_key: str, records: Mapping[str, Any]) -> None:
        """A stored filter is another one now: index its users anew."""
        for key in tuple(self.users.get(filter_key, ())):
            if (record := records.get(key)) is not None:
                self.put(key, record, record)

    def matches_context(self, record: Any, context: str | None) -> bool:
        """Whether a record is meant for the context: its contexts are exactly `*any`, or hold it."""
        field = self.kind.index.contexts if self.kind.index else ""
        if not field or context is None:
            return True
        held = list(getattr(record, field) or ("*any",))
        return held == ["*any"] or context in held


def in_order(records: Iterable[Any]) -> list[Any]:
    """Best weight first; equal weights by ID, so that the answer is always the same."""
    return sorted(records, key=lambda record: (-getattr(record, "Weight", 0), record.ID))


def active(record: Any, at: Instant) -> bool:
    """Whether the record's activation interval, where it has one, holds at that instant."""
    interval = getattr(record, "ActivationInterval", None)
    return interval is None or bool(interval.active_at(at))
