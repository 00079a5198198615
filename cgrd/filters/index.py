"""The filter index of one space: the profiles of a kind, a tenant and, where the kind has them, a context."""

from __future__ import annotations

import builtins
from collections.abc import Generator, Iterable, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

from cgrd.errors import CgrdError
from cgrd.fields.reading import Roots
from cgrd.filters.compiled import IndexKey
from cgrd.filters.table import IndexSettings, IndexTable

if TYPE_CHECKING:
    from cgrd.filters.language import Filters


class Index:
    """Which profiles an event may match, found without trying each.

    Args:
        filters: compiles what the profiles name.
        tenant: whose profiles.
        settings: how the subsystem searches.
    """

    def __init__(self, *, filters: Filters, tenant: str, settings: IndexSettings | None = None) -> None:
        self._filters = filters
        self._tenant = tenant
        self.settings = settings or IndexSettings()
        self._table = IndexTable()
        self._named: dict[str, tuple[str, ...]] = {}

    def set(self, id: str, filter_ids: Sequence[str] | None) -> None:
        """A profile is new or changed: index it under its filters and nowhere else; without filters under `*none`."""
        self._named[id] = tuple(filter_ids or ())
        self._table.put(id, self._keys(self._named[id]))

    def remove(self, id: str) -> None:
        """A profile is gone."""
        self._named.pop(id, None)
        self._table.remove(id)

    def refresh(self, filter_id: str) -> None:
        """A stored filter has changed: the profiles that name it are indexed anew."""
        self.compute([id for id, named in self._named.items() if filter_id in named])

    def compute(self, ids: Iterable[str] | None = None) -> None:
        """Index these of the known profiles anew, or all of them (ComputeFilterIndexIDs, ComputeFilterIndexes)."""
        for _ in self.computing(ids):
            pass

    def computing(self, ids: Iterable[str] | None = None) -> Generator[None]:
        """`compute`, profile by profile; between them the index is whole."""
        for id in list(self._named) if ids is None else ids:
            if id in self._named:
                self._table.put(id, self._keys(self._named[id]))
                yield

    def clear(self) -> None:
        """Forget all keys until they are computed again (RemoveFilterIndexes); the profiles stay known."""
        self._table = IndexTable()

    def _keys(self, filter_ids: tuple[str, ...]) -> tuple[IndexKey, ...]:
        try:
            return self._filters.compile(self._tenant, filter_ids).index_keys
        except CgrdError:
            # A filter that does not compile matches nothing; whoever asks the profile by its id gets the error.
            return ()

    def listing(self, *, kind: str = "", field: str = "", value: str = "") -> list[str]:
        """The index as texts (`*string:*req.Account:1001:TH1`), sorted; of one filter type, field, value where these are given.

        As in the reference a field or value without its type finds nothing.
        """
        if (field or value) and not kind:
            return []
        start = ":".join(part for part in (kind, field, value) if part)
        texts = (f"{key}:{item}" for key, item in self._table.listing())
        return sorted(text for text in texts if text.startswith(start))

    def candidates(self, roots: Roots) -> builtins.set[str]:
        """Ids of the profiles that may match, in no order; all of them where selects are not indexed."""
        if not self.settings.indexed_selects:
            return builtins.set(self._named)
        return self._table.candidates(roots, self.settings)

    def may_have_candidates(self, fields: Set[str], options: Mapping[str, Any]) -> bool:
        """Whether `candidates` may find any for an event with these fields, whatever they hold, and these options; a no is sure."""
        return not self.settings.indexed_selects or self._table.may_have_candidates(fields, options)
