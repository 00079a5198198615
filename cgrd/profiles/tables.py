"""All tables of this daemon: made from the declarations of the installed kinds, read from the store, tied to the filter language."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import UTC, tzinfo
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import trio

from cgrd.clock import Clock, SystemClock
from cgrd.codec import decode, encode
from cgrd.errors import PluginError
from cgrd.instants import Instant, zone_of
from cgrd.profiles.cells import Reading
from cgrd.profiles.kind import Kind
from cgrd.profiles.matching import ProfileIndex
from cgrd.profiles.progress import Progress
from cgrd.profiles.table import Change, ProfileTable
from cgrd.profiles.tp import TpStorage
from cgrd.profiles.watching import ends_by

if TYPE_CHECKING:
    from cgrd.filters import Filters
    from cgrd.profiles.plan import Load
    from cgrd.store import Store, Transaction

Applier = Callable[[list[Any], bool], None]


def all_kinds(*, left_out: Callable[[PluginError], object] | None = None) -> list[Kind]:
    """The kernel's kinds and those of every installed plugin, in the order of loading.

    Args:
        left_out: told of each plugin whose kinds cannot be imported, instead of raising.

    Raises:
        PluginError: a module of kinds cannot be imported, or two declare the same kind.
    """
    from cgrd.plugins import installed_kinds
    from cgrd.profiles.kinds import KINDS

    found: dict[str, Kind] = {}
    for kind in (*KINDS, *installed_kinds(left_out=left_out)):
        if found.setdefault(kind.name, kind) is not kind:
            raise PluginError(f"the profile kind {kind.name} ({kind.file}) is declared twice")
    return sorted(found.values(), key=lambda kind: kind.order)


class Profiles(Mapping[str, ProfileTable]):
    """The tables by the name of their kind.

    Args:
        kinds: the declarations.
        store: where records are kept; None keeps them in memory only.
        clock: what relative times and load ids are read from.
        zone: of times that name none (`general.default_timezone`).
        default_tenant: of requests that name none (`general.default_tenant`).
    """

    def __init__(
        self, *, kinds: Iterable[Kind], store: Store | None = None, clock: Clock | None = None, zone: tzinfo = UTC, default_tenant: str = "cgrates.org"
    ) -> None:
        self.store = store
        self.clock = clock or SystemClock(zone)
        self.zone = zone
        self.default_tenant = default_tenant
        self.loading = trio.Lock()
        self.under_way: list[Progress] = []
        """The loads that are read, checked or written just now."""
        self.kinds = sorted(kinds, key=lambda kind: kind.order)
        self.filters: Filters | None = None
        self.appliers: dict[str, Applier] = {}
        """Who carries out records that are instructions (`AccountActions`): called with them and whether to undo, inside the load's transaction."""
        self.load_ids: dict[str, int] = {}
        self._load_watchers: tuple[Callable[[Load], Awaitable[None] | None], ...] = ()
        self.vocabularies: dict[str, frozenset[str]] = {}
        """Words that plugins add, by hook (`cgrd_metrics`), for the checks of kinds."""
        self._tables = {kind.name: ProfileTable(kind=kind, store=store) for kind in self.kinds if kind.stored}
        if (filters := self._tables.get("Filter")) is not None:
            filters.watch(self._filters_changed)

    def __getitem__(self, name: str) -> ProfileTable:
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    @cached_property
    def tp(self) -> TpStorage:
        """The stored tariff plans."""
        return TpStorage(self)

    def now(self) -> Instant:
        """The present moment in the daemon's zone."""
        return self.clock.now().at_zone(self.zone)

    def clock_ns(self) -> int:
        """The present moment in unix nanoseconds; what load ids are."""
        return self.clock.now_ns()

    def reading(self) -> Reading:
        """What texts of requests and plans are read against now."""
        return Reading(zone=self.zone, now=self.now())

    def on_load(self, watcher: Callable[[Load], Awaitable[None] | None]) -> None:
        """Call `watcher` after every tariff plan that was loaded or removed; it must not raise. One that waits is waited for."""
        self._load_watchers = (*self._load_watchers, watcher)
        ends_by(partial(self.off_load, watcher))

    def off_load(self, watcher: Callable[[Load], Awaitable[None] | None]) -> None:
        """Call it no more."""
        self._load_watchers = tuple(each for each in self._load_watchers if each != watcher)

    async def tell_loaded(self, load: Load) -> None:
        """Tell the watchers of loads."""
        for watcher in self._load_watchers:
            done = watcher(load)
            if done is not None:
                await done

    def kind(self, name: str) -> Kind | None:
        """The declaration of that name, stored kind or not."""
        return next((kind for kind in self.kinds if kind.name == name), None)

    def use(self, filters: Filters, *, sections: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Give the tables the filter language, and index them; again after a reload of the configuration.

        Args:
            filters: compiles filters; its `lookup` should be `Profiles.filter`.
            sections: the configuration's sections: what is indexed, `any_context`, and the default tenant and zone of `general`.
        """
        self.filters = filters
        if general := (sections or {}).get("general"):
            self.default_tenant = str(general.get("default_tenant") or self.default_tenant)
            self.zone = zone_of(str(general.get("default_timezone") or "UTC"))
        for table in self._tables.values():
            table.filters = filters
            if table.kind.index is not None:
                section = (sections or {}).get(table.kind.index.section, {})
                table.index = _index(table.kind, filters, dict(section))
                for key, record in table.items():
                    table.index.put(key, record, None)

    def filter(self, tenant: str, id: str) -> Any:
        """The stored filter, or None; what `Filters` looks up."""
        table = self._tables.get("Filter")
        return table.find(f"{tenant}:{id}") if table is not None else None

    def load(self) -> None:
        """Read everything stored; once, before anything is served."""
        for table in self._tables.values():
            table.load()
        if self.store is not None and (data := self.store.get("LoadIDs", "")) is not None:
            self.load_ids = decode(data, dict[str, int])

    def mark_loaded(self, names: Iterable[str], load_id: int, tx: Transaction | None) -> None:
        """Remember a load's id (unix ns) for partitions (`*filters`)."""
        before = self.load_ids
        self.load_ids = {**before, **dict.fromkeys(names, load_id)}
        if tx is not None:
            tx.put("LoadIDs", "", encode(self.load_ids))
            tx.on_rollback(lambda: setattr(self, "load_ids", before))

    def users_of_filter(self, tenant: str, id: str) -> dict[str, list[str]]:
        """Ids of the records that use a filter, by the reference's name of their index."""
        found: dict[str, list[str]] = {}
        for table in self._tables.values():
            if table.kind.index is None:
                continue
            if ids := sorted(record.ID for _, record in table.items() if record.Tenant == tenant and id in table.kind.filter_ids(record)):
                found[table.kind.index.item_type] = ids
        return found

    def _filters_changed(self, change: Change) -> None:
        for key in (*change.put, *change.dropped):
            if self.filters is not None:
                tenant, _, id = key.partition(":")
                if not self.filters.changed(tenant, id, self.filter(tenant, id)):
                    continue
            for table in self._tables.values():
                if table.index is not None:
                    table.index.filter_changed(key, table.find)


def _index(kind: Kind, filters: Filters, section: dict[str, Any]) -> ProfileIndex:
    from cgrd.filters import IndexSettings

    settings = IndexSettings.of(section)
    wide = section.get("any_subsystem" if kind.index and kind.index.item_type == "*dispatchers" else "any_context", True)
    return ProfileIndex(kind=kind, filters=filters, new_index=lambda tenant: filters.index(tenant, settings), any_context=bool(wide))
