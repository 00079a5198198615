"""The filter language as the kernel and its profile tables use it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from cgrd.errors import CgrdError, NotFound, Wrong
from cgrd.fields.reading import Roots
from cgrd.filters.compiled import NONE, CompiledFilter, IndexKey, Lookup
from cgrd.filters.context import FilterContext
from cgrd.filters.record import Filter, is_inline, parse_inline
from cgrd.filters.types import FilterTypes

if TYPE_CHECKING:
    from cgrd.filters.index import Index

_INLINE_KEPT = 65536


class Matcher:
    """The filters of one profile, all of which must pass; sees every change of the stored ones among them."""

    __slots__ = ("_context", "cells", "tenant")

    def __init__(self, *, tenant: str, cells: tuple[CompiledFilter, ...], context: FilterContext) -> None:
        self.tenant = tenant
        self.cells = cells
        self._context = context

    def passes(self, roots: Roots) -> bool:
        """Whether every filter passes; when `needs_fetch`, only after `prefetch`.

        Raises:
            NotFound: `NOT_FOUND:<id>`, a stored filter is not there.
            CgrdError: a rule cannot be evaluated on these roots.
        """
        for cell in self.cells:
            if not cell.passes(roots):
                return False
        return True

    @property
    def needs_fetch(self) -> bool:
        """Whether other subsystems or services have to be asked before `passes`."""
        for cell in self.cells:
            if cell.asks:
                return True
        return False

    async def prefetch(self, roots: Roots) -> None:
        """Ask what the rules need, once for these roots, and lay the answers into them."""
        for cell in self.cells:
            for asking in cell.asks:
                await asking.into(roots, self.tenant, self._context.resolvers)

    async def passes_after_fetch(self, roots: Roots) -> bool:
        """`passes`, filter by filter, asking only for what the filters before have not already refused."""
        for cell in self.cells:
            for asking in cell.asks:
                await asking.into(roots, self.tenant, self._context.resolvers)
            if not cell.passes(roots):
                return False
        return True

    @property
    def index_keys(self) -> tuple[IndexKey, ...]:
        """What the index holds of a profile with these filters; a profile without filters stands under `*none`."""
        if not self.cells:
            return (NONE,)
        return tuple(dict.fromkeys(key for cell in self.cells for key in cell.index_keys))


class Filters:
    """Compiles filters, keeps stored ones and their users in step, and checks records.

    Args:
        context: what rules need from outside.
        types: the vocabulary.
        lookup: where stored filters are; asked once for each, then kept until `changed`.
    """

    def __init__(self, *, context: FilterContext | None = None, types: FilterTypes | None = None, lookup: Lookup = lambda tenant, filter_id: None) -> None:
        self.context = context or FilterContext()
        self.types = types or FilterTypes()
        self._lookup = lookup
        self._stored: dict[tuple[str, str], CompiledFilter] = {}
        self._inline: dict[str, CompiledFilter] = {}
        self.indexes: dict[str, Index] = {}

    def compile(self, tenant: str, filter_ids: Sequence[str] | None, lookup: Lookup | None = None) -> Matcher:
        """The matcher of a profile's filters. A stored filter that is not there is an error when it is asked, and none before.

        Raises:
            CgrdError: an inline filter cannot be compiled.
        """
        cells = tuple(self._cell(tenant, filter_id, lookup or self._lookup) for filter_id in filter_ids or ())
        return Matcher(tenant=tenant, cells=cells, context=self.context)

    def check(self, tenant: str, item_id: str, filter_ids: Iterable[str] | None) -> None:
        """Refuse a profile whose filters cannot be used.

        Raises:
            Wrong: `broken reference to filter: <F> for item with ID: tenant:id`; why is in `.explain`.
        """
        for filter_id in filter_ids or ():
            try:
                if self._cell(tenant, filter_id, self._lookup).record is None:
                    raise NotFound.of(filter_id, explain=f"no filter {filter_id} is stored for tenant {tenant}")
            except CgrdError as error:
                text = f"broken reference to filter: <{filter_id}> for item with ID: {tenant}:{item_id}"
                raise Wrong(text, explain=error.explain or str(error)) from error

    def parse(self, tenant: str, filter_id: str) -> Filter:
        """The record of an inline id, checked by compiling it.

        Raises:
            CgrdError: it cannot be compiled.
        """
        record = parse_inline(tenant, filter_id)
        self.validate(record)
        return record

    def validate(self, record: Filter) -> None:
        """What SetFilter checks: that every rule compiles. Unknown types pass here and fail when asked.

        Raises:
            CgrdError: a rule does not compile.
        """
        CompiledFilter(record.ID).become(record, types=self.types, context=self.context)

    def changed(self, tenant: str, filter_id: str, record: Filter | None) -> None:
        """A stored filter is new, other, or gone (None): matchers see it at once, indexes are rewritten.

        Raises:
            CgrdError: the record does not compile; nothing has changed.
        """
        cell = self._stored.get((tenant, filter_id))
        if cell is None:
            cell = self._stored[tenant, filter_id] = CompiledFilter(filter_id)
        if record is None:
            cell.forget()
        else:
            cell.become(record, types=self.types, context=self.context)
        for index in self.indexes.values():
            index.refresh(tenant, filter_id)

    def users(self, tenant: str, filter_id: str) -> dict[str, list[str]]:
        """Index name → ids of the items that name the filter."""
        found = {name: index.users(tenant, filter_id) for name, index in self.indexes.items()}
        return {name: items for name, items in sorted(found.items()) if items}

    def check_removable(self, tenant: str, filter_id: str) -> None:
        """Refuse to remove a filter that profiles name.

        Raises:
            Wrong: `cannot remove filter <…> because will broken the reference to following items: {…}`.
        """
        if users := self.users(tenant, filter_id):
            listed = msgspec.json.encode({name: {item: {} for item in items} for name, items in users.items()}).decode()
            raise Wrong(f"cannot remove filter <{tenant}:{filter_id}> because will broken the reference to following items: {listed}")

    def _cell(self, tenant: str, filter_id: str, lookup: Lookup) -> CompiledFilter:
        if is_inline(filter_id):
            return self._inline_cell(tenant, filter_id)
        cell = self._stored.get((tenant, filter_id))
        if cell is None:
            cell = self._stored[tenant, filter_id] = CompiledFilter(filter_id)
        if cell.record is None and (record := lookup(tenant, filter_id)) is not None:
            cell.become(record, types=self.types, context=self.context)
        return cell

    def _inline_cell(self, tenant: str, text: str) -> CompiledFilter:
        cell = self._inline.get(text)
        if cell is None:
            cell = CompiledFilter(text)
            cell.become(parse_inline(tenant, text), types=self.types, context=self.context)
            if len(self._inline) >= _INLINE_KEPT:
                self._inline.clear()
            self._inline[text] = cell
        return cell
