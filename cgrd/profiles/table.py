"""The records of one kind: all in memory, persisted through the store, compiled at first use, found by key or by event."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from cgrd.codec import decode, encode
from cgrd.errors import NotFound, ServerError
from cgrd.instants import Instant
from cgrd.profiles.kind import Kind, Side
from cgrd.profiles.matching import ProfileIndex, active, in_order
from cgrd.profiles.watching import ends_by

if TYPE_CHECKING:
    from cgrd.filters import Filters, Matcher
    from cgrd.store import Store


@dataclass(frozen=True)
class Change:
    """What changed in a table: keys that are new or have another record, and keys that are gone."""

    kind: str
    put: Sequence[str] = ()
    dropped: Sequence[str] = ()


@dataclass(frozen=True)
class Contents:
    """What a table holds: the records by key, and what is derived from them. `compiled` fills itself."""

    records: dict[str, Any]
    side: Any
    index: ProfileIndex | None
    compiled: dict[str, Any] = field(default_factory=dict)


class MissingProfile(NotFound):
    """There is no record of that kind and key; some kinds have a word of their own for it."""

    def __init__(self, kind: Kind, key: str) -> None:
        super().__init__(explain=f"no {kind.name} {key!r} is stored; load a tariff plan with {kind.file}, or set it by the API")
        if kind.api:
            self.args = (kind.api.missing,)


class ProfileTable:
    """All records of a kind.

    Keys are `tenant:id`, or the id alone for kinds without tenant. Records are never changed in place: set a new one.

    Args:
        kind: the declaration.
        store: where they are kept; None for a table in memory only (tests, `cgrd check`).
    """

    def __init__(self, *, kind: Kind, store: Store | None = None) -> None:
        self.kind = kind
        self.store = store
        self.filters: Filters | None = None
        self.index: ProfileIndex | None = None
        self.side: Any = kind.side() if kind.side else None
        self._records: dict[str, Any] = {}
        self._compiled: dict[str, Any] = {}
        self._watchers: tuple[Callable[[Change], None], ...] = ()

    # -- looking up

    def key(self, tenant: str, id: str) -> str:
        """The key of a record."""
        return f"{tenant}:{id}" if self.kind.has_tenant else id

    def find(self, key: str) -> Any:
        """The record under a key, or None."""
        return self._records.get(key)

    def get(self, tenant: str, id: str) -> Any:
        """The record.

        Raises:
            NotFound: there is none (with the kind's own word).
        """
        key = self.key(tenant, id)
        found = self._records.get(key)
        if found is None and self.kind.synthetic:
            found = self.kind.synthetic(tenant, id)
        if found is None:
            raise MissingProfile(self.kind, key)
        return found

    def __contains__(self, key: object) -> bool:
        return key in self._records

    def __len__(self) -> int:
        return len(self._records)

    def items(self) -> Iterator[tuple[str, Any]]:
        """Key and record of all; what changes meanwhile is not seen."""
        return iter(list(self._records.items()))

    def ids(self, tenant: str = "", *, search: str = "") -> list[str]:
        """The sorted ids of a tenant (all, for kinds without tenant) that begin with `search`."""
        prefix = f"{tenant}:" if self.kind.has_tenant else ""
        wanted = prefix + search
        return sorted(key[len(prefix) :] for key in self._records if key.startswith(wanted))

    def count(self, tenant: str = "") -> int:
        """How many records the tenant has."""
        return len(self.ids(tenant))

    def compiled(self, tenant: str, id: str) -> Any:
        """What the owner's `compile` made of the record; made at the first use after a change.

        Raises:
            NotFound: there is no such record.
            CgrdError: the record cannot be compiled.
        """
        key = self.key(tenant, id)
        made = self._compiled.get(key)
        if made is None:
            record = self.get(tenant, id)
            made = self.kind.compile(record) if self.kind.compile else record
            self._compiled[key] = made
        return made

    # -- finding by event

    def matching(
        self,
        roots: dict[str, Any],
        *,
        tenant: str,
        context: str | None = None,
        ids: Sequence[str] | None = None,
        ignore_filters: bool = False,
        at: Instant | None = None,
    ) -> list[Any]:
        """The records that match an event, best weight first, equal weights by ID.

        Filters that ask other subsystems (`~*stats.…`, `*http#…`) see only what is in the roots already; where such filters may be
        used, await `matching_after_fetch`.

        Args:
            roots: the event by prefix (`*req`, `*opts`, `*vars`).
            tenant: whose records.
            context: for kinds with contexts; None looks at all.
            ids: these instead of what the index finds; unknown ones are no error. Filters still hold.
            ignore_filters: with `ids` only: take them as they are.
            at: the instant for activation intervals; None = they are not looked at.

        Raises:
            CgrdError: a filter cannot be evaluated (unknown type, incomparable values).
        """
        skip = bool(ids) and ignore_filters
        tried = self._tried(roots, tenant, context, ids, at)
        return in_order(record for record in tried if skip or self.passes(record, roots))

    async def matching_after_fetch(
        self,
        roots: dict[str, Any],
        *,
        tenant: str,
        context: str | None = None,
        ids: Sequence[str] | None = None,
        ignore_filters: bool = False,
        at: Instant | None = None,
    ) -> list[Any]:
        """`matching`, asking other subsystems where filters need it; does not wait where none does. Arguments as there."""
        found = self.begin_matching(roots, tenant=tenant, context=context, ids=ids, ignore_filters=ignore_filters, at=at)
        return found if isinstance(found, list) else await found

    def begin_matching(
        self,
        roots: dict[str, Any],
        *,
        tenant: str,
        context: str | None = None,
        ids: Sequence[str] | None = None,
        ignore_filters: bool = False,
        at: Instant | None = None,
    ) -> list[Any] | Coroutine[Any, Any, list[Any]]:
        """`matching_after_fetch` without a wait where none is needed: the records, or a coroutine that gives them."""
        tried = self._tried(roots, tenant, context, ids, at)
        if ids and ignore_filters:
            return in_order(tried)
        found, filter_ids = [], self.kind.filter_ids
        for record in tried:
            if filter_ids(record):
                matcher = self.matcher(record)
                if matcher.needs_fetch:
                    return self._matching_after_fetch(tried, roots)
                if not matcher.passes(roots):
                    continue
            found.append(record)
        return in_order(found)

    async def _matching_after_fetch(self, tried: Iterable[Any], roots: dict[str, Any]) -> list[Any]:
        return in_order([record for record in tried if await self.passes_after_fetch(record, roots)])

    def may_match(self, tenant: str, fields: Set[str], options: Mapping[str, Any]) -> bool:
        """Whether a record may match an event with these fields, whatever they hold, and these options; a no is sure."""
        return self.index is None or self.index.may_have_candidates(fields, options, tenant)

    def _tried(self, roots: dict[str, Any], tenant: str, context: str | None, ids: Sequence[str] | None, at: Instant | None) -> list[Any]:
        """Candidates that are active and of the context; their filters are still to be asked."""
        index, prefix = self.index, self.key(tenant, "")
        wanted: Iterable[str] = dict.fromkeys(ids) if ids else index.candidates(roots, tenant, context) if index else self.ids(tenant)
        of_context = index.matches_context if index and context is not None and not ids else None
        tried = []
        for id in wanted:
            record = self._records.get(prefix + id)
            if record is None and ids and self.kind.synthetic:
                record = self.kind.synthetic(tenant, id)
            if record is None or (at is not None and not active(record, at)):
                continue
            if of_context is None or of_context(record, context):
                tried.append(record)
        return tried

    def matcher(self, record: Any) -> Matcher:
        """The compiled filters of a record.

        Raises:
            CgrdError: a filter does not compile.
        """
        if self.index is not None:
            return self.index.matcher(self.kind.record_key(record), record)
        if self.filters is None:
            raise ServerError("no filter language", explain="the tables were not given one (Profiles.use)")
        return self.filters.compile(record.Tenant, self.kind.filter_ids(record))

    def passes(self, record: Any, roots: dict[str, Any]) -> bool:
        """Whether all the record's filters pass; raises as `matching`."""
        return not self.kind.filter_ids(record) or self.matcher(record).passes(roots)

    async def passes_after_fetch(self, record: Any, roots: dict[str, Any]) -> bool:
        """`passes`, asking other subsystems where a filter needs it."""
        if not self.kind.filter_ids(record):
            return True
        matcher = self.matcher(record)
        return await matcher.passes_after_fetch(roots) if matcher.needs_fetch else matcher.passes(roots)

    # -- changing

    def watch(self, watcher: Callable[[Change], None]) -> None:
        """Call `watcher` after every change, in the same step, until `unwatch`; it must not raise. What a component watches ends with it."""
        self._watchers = (*self._watchers, watcher)
        ends_by(partial(self.unwatch, watcher))

    @contextmanager
    def watched(self, watcher: Callable[[Change], None]) -> Iterator[None]:
        """The same while the block runs."""
        self._watchers = (*self._watchers, watcher)
        try:
            yield
        finally:
            self.unwatch(watcher)

    def unwatch(self, watcher: Callable[[Change], None]) -> None:
        """Tell it no more."""
        self._watchers = tuple(each for each in self._watchers if each != watcher)

    def _tell(self, change: Change) -> None:
        for watcher in self._watchers:
            watcher(change)

    def set(self, record: Any, *, why: str = "") -> None:
        """Store a record, new or in place of another."""
        key = self.kind.record_key(record)
        old = self._records.get(key)
        if self.store is not None and self.kind.stored:
            with self.store.transaction(why=why or f"Set{self.kind.name}") as tx:
                tx.put(self.kind.name, key, encode(record))
                tx.on_rollback(lambda: self._restore(key, old))
        self._put(key, record)

    def remove(self, tenant: str, id: str, *, why: str = "") -> None:
        """Delete a record.

        Raises:
            NotFound: there is none.
        """
        key = self.key(tenant, id)
        old = self._records.get(key)
        if old is None:
            raise MissingProfile(self.kind, key)
        if self.store is not None and self.kind.stored:
            with self.store.transaction(why=why or f"Remove{self.kind.name}") as tx:
                tx.put(self.kind.name, key, b"null")  # a stone over what a page may still hold
                tx.on_rollback(lambda: self._restore(key, old))
        self._drop(key)

    @property
    def contents(self) -> Contents:
        """All that it holds now; it changes with the table, and is not to be changed otherwise."""
        return Contents(self._records, self.side, self.index, self._compiled)

    def exchange(self, contents: Contents, change: Change) -> None:
        """Hold something else from now on, in memory; the watchers are told of `change`."""
        self._records, self.side, self.index, self._compiled = contents.records, contents.side, contents.index, contents.compiled
        self._tell(change)

    def _restore(self, key: str, old: Any) -> None:
        if old is None:
            self._drop(key)
        else:
            self._put(key, old)

    def _sides(self) -> Iterator[Side]:
        if self.side is not None:
            yield self.side
        if self.index is not None:
            yield self.index

    def _put(self, key: str, record: Any) -> None:
        self.change({key: record})

    def _drop(self, key: str) -> None:
        self.change({}, (key,))

    def change(self, put: Mapping[str, Any], drop: Iterable[str] = ()) -> None:
        """Take new records and let others go, in memory; the watchers are told once, when all of it is done."""
        gone = [key for key in drop if key in self._records]
        sides = list(self._sides())
        for key, record in put.items():
            old = self._records.get(key)
            self._records[key] = record
            self._compiled.pop(key, None)
            for side in sides:
                side.put(key, record, old)
        for key in gone:
            old = self._records.pop(key)
            self._compiled.pop(key, None)
            for side in sides:
                side.drop(key, old)
        if put or gone:
            self._tell(Change(self.kind.name, put=tuple(put), dropped=tuple(gone)))

    # -- starting

    def load(self) -> None:
        """Read what is stored; called once, before anything is served."""
        if self.store is None or not self.kind.stored:
            return
        for _, page in self.store.scan(self.pages):
            for record in decode(page, list[self.kind.record]):  # type: ignore[name-defined]
                self._records[self.kind.record_key(record)] = record
        for key, data in self.store.scan(self.kind.name):
            if data == b"null":
                self._records.pop(key, None)
            else:
                self._records[key] = decode(data, self.kind.record)
        self.index_all()

    def index_all(self) -> None:
        """Derive what is derived from all records anew."""
        for side in self._sides():
            for key, record in self._records.items():
                side.put(key, record, None)

    @property
    def pages(self) -> str:
        """The store's kind under which bulk loads are kept."""
        return f"{self.kind.name}#pages"
