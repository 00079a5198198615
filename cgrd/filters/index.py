"""The filter index of one kind of profile: which of them an event may match, by tenant and context."""

from __future__ import annotations

from collections.abc import Sequence

from cgrd.errors import CgrdError
from cgrd.fields.reading import Roots
from cgrd.filters.compiled import IndexKey
from cgrd.filters.language import Filters
from cgrd.filters.record import is_inline
from cgrd.filters.table import IndexSettings, IndexTable


def space_of(tenant: str, context: str = "") -> str:
    """The name of a space: "cgrates.org", "cgrates.org:*sessions"."""
    return f"{tenant}:{context}" if context else tenant


class Index:
    """Keys of every profile of a kind; follows changes of stored filters by itself.

    Args:
        name: as errors name it ("*threshold_filter_indexes").
        filters: the language, which tells of changes.
    """

    def __init__(self, *, name: str, filters: Filters) -> None:
        self.name = name
        self._filters = filters
        self._spaces: dict[str, IndexTable] = {}
        self._items: dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._users: dict[tuple[str, str], set[str]] = {}
        filters.indexes[name] = self

    def put(self, tenant: str, item: str, filter_ids: Sequence[str] | None, contexts: Sequence[str] = ("",)) -> None:
        """A profile is new or changed: index it under its filters in each of its contexts, and nowhere else.

        Raises:
            CgrdError: an inline filter does not compile; the profile is not indexed.
        """
        self.remove(tenant, item)
        wanted = tuple(filter_ids or ())
        keys = self._filters.compile(tenant, wanted).index_keys
        self._items[tenant, item] = (wanted, tuple(contexts))
        for filter_id in wanted:
            if not is_inline(filter_id):
                self._users.setdefault((tenant, filter_id), set()).add(item)
        self._enter(tenant, item, keys)

    def remove(self, tenant: str, item: str) -> None:
        """A profile is gone."""
        filter_ids, contexts = self._items.pop((tenant, item), ((), ()))
        for filter_id in filter_ids:
            self._users.get((tenant, filter_id), set()).discard(item)
        for context in contexts:
            if table := self._spaces.get(space_of(tenant, context)):
                table.remove(item)

    def _enter(self, tenant: str, item: str, keys: tuple[IndexKey, ...]) -> None:
        for context in self._items[tenant, item][1]:
            self._spaces.setdefault(space_of(tenant, context), IndexTable()).put(item, keys)

    def refresh(self, tenant: str, filter_id: str) -> None:
        """A stored filter has changed: the profiles that name it are indexed anew."""
        for item in self._users.get((tenant, filter_id), ()):
            self.compute(tenant, item)

    def compute(self, tenant: str, item: str) -> None:
        """Index one known profile anew (ComputeFilterIndexIDs); one that is not known is let be."""
        held = self._items.get((tenant, item))
        if held is None:
            return
        try:
            keys = self._filters.compile(tenant, held[0]).index_keys
        except CgrdError:
            keys = ()
        self._enter(tenant, item, keys)

    def compute_all(self, tenant: str, context: str = "") -> None:
        """Index every known profile of a space anew (ComputeFilterIndexes)."""
        for of, item in list(self._items):
            if of == tenant and context in self._items[of, item][1]:
                self.compute(of, item)

    def clear(self, tenant: str, context: str = "") -> None:
        """Forget a space's keys until they are computed again (RemoveFilterIndexes); profiles stay known."""
        self._spaces.pop(space_of(tenant, context), None)

    def users(self, tenant: str, filter_id: str) -> list[str]:
        """The profiles that name the stored filter, sorted."""
        return sorted(self._users.get((tenant, filter_id), ()))

    def listing(self, tenant: str, context: str = "", *, kind: str = "", field: str = "", value: str = "") -> list[str]:
        """The index as texts (`*string:*req.Account:1001:TH1`), sorted; of one filter type, field, value where these are given.

        As in the reference a field or value without its type finds nothing.
        """
        table = self._spaces.get(space_of(tenant, context))
        if table is None or ((field or value) and not kind):
            return []
        start = ":".join(part for part in (kind, field, value) if part)
        texts = (f"{key}:{item}" for key, item in table.listing())
        return sorted(text for text in texts if text.startswith(start))

    def candidates(self, roots: Roots, settings: IndexSettings, tenant: str, context: str = "") -> set[str] | None:
        """Ids of profiles that may match; None when the index is not to be used and every profile must be tried."""
        if not settings.indexed_selects:
            return None
        table = self._spaces.get(space_of(tenant, context))
        return set() if table is None else table.candidates(roots, settings)
