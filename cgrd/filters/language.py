"""The filter language as the kernel and its profile tables use it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any

from cgrd.errors import CgrdError, NotFound, Wrong
from cgrd.fields.reading import Roots
from cgrd.filters.compiled import NONE, CompiledFilter, IndexKey, Lookup
from cgrd.filters.context import FilterContext
from cgrd.filters.index import Index
from cgrd.filters.record import Filter, is_inline, parse_inline
from cgrd.filters.table import IndexSettings
from cgrd.filters.types import FilterTypes

_INLINE_KEPT = 65536
_CHECKED_KEPT = 20_000


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
        # Not all(…): a generator costs more than most rules.
        for cell in self.cells:
            if not cell.passes(roots):
                break
        else:
            return True
        return False

    @property
    def needs_fetch(self) -> bool:
        """Whether other subsystems or services have to be asked before `passes`."""
        for cell in self.cells:
            if cell.asks:
                break
        else:
            return False
        return True

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
    """Compiles filters and keeps those who use a stored one in step with its record.

    Args:
        context: what rules need from outside.
        types: the vocabulary.
        lookup: where stored filters are: (tenant, id) → the record (any object with the fields of `Filter`), or None.
    """

    def __init__(self, *, context: FilterContext | None = None, types: FilterTypes | None = None, lookup: Lookup = lambda tenant, filter_id: None) -> None:
        self.context = context or FilterContext()
        self.types = types or FilterTypes()
        self.lookup = lookup
        self._stored: dict[tuple[str, str], CompiledFilter] = {}
        self._inline: dict[str, CompiledFilter] = {}
        self._checked: dict[int, CompiledFilter] = {}

    def compile(self, tenant: str, filter_ids: Sequence[str] | None, lookup: Lookup | None = None) -> Matcher:
        """The matcher of a profile's filters. A stored filter that is not there is an error when it is asked, and none before.

        Raises:
            CgrdError: a filter cannot be compiled.
        """
        cells = tuple(self.compile_filter(tenant, filter_id, lookup) for filter_id in filter_ids or ())
        return Matcher(tenant=tenant, cells=cells, context=self.context)

    def compile_filter(self, tenant: str, filter_id: str, lookup: Lookup | None = None) -> CompiledFilter:
        """One filter, stored or inline; a stored one changes in place when its record does (see `changed`).

        Raises:
            CgrdError: it cannot be compiled.
        """
        if is_inline(filter_id):
            return self._inline_cell(tenant, filter_id)
        cell = self._stored_cell(tenant, filter_id)
        self._renew(cell, (lookup or self.lookup)(tenant, filter_id))
        return cell

    def compile_rules(self, record: Filter | Any) -> CompiledFilter:
        """What SetFilter checks: that every rule of a record compiles. Unknown types pass here and fail when asked.

        Raises:
            CgrdError: a rule does not compile.
        """
        if id(record) not in self._checked:
            for _ in self._compiling(record):
                pass
        return self._checked[id(record)]

    def preparing(self, tenant: str, filter_ids: Iterable[str], record: Filter | Any | None = None) -> Generator[None]:
        """Compile what a profile, or a filter's record, is going to need, in small pieces: setting it is quick then. What is wrong is not told."""
        try:
            for filter_id in filter_ids:
                if is_inline(filter_id):
                    self._inline_cell(tenant, filter_id)
                    yield
            if record is not None:
                yield from self._compiling(record)
        except CgrdError:
            return

    def _compiling(self, record: Filter | Any) -> Iterator[None]:
        """Compile a record; it is kept for a while, as those of a plan are all checked before the first is used."""
        cell = CompiledFilter(record.ID)
        yield from cell.becoming(record, types=self.types, context=self.context)
        if len(self._checked) >= _CHECKED_KEPT:
            self._checked.clear()
        self._checked[id(record)] = cell  # the cell holds the record, so no other one has its id meanwhile

    def parse(self, tenant: str, filter_id: str) -> Filter:
        """The record of an inline id, checked by compiling it.

        Raises:
            CgrdError: it cannot be compiled.
        """
        record = parse_inline(tenant, filter_id)
        self.compile_rules(record)
        return record

    def check(self, tenant: str, item_id: str, filter_ids: Iterable[str] | None) -> None:
        """Refuse a profile whose filters cannot be used.

        Raises:
            Wrong: `broken reference to filter: <F> for item with ID: tenant:id`; why is in `.explain`.
        """
        for filter_id in filter_ids or ():
            try:
                if self.compile_filter(tenant, filter_id).record is None:
                    raise NotFound.of(filter_id, explain=f"no filter {filter_id} is stored for tenant {tenant}")
            except CgrdError as error:
                text = f"broken reference to filter: <{filter_id}> for item with ID: {tenant}:{item_id}"
                raise Wrong(text, explain=error.explain or str(error)) from error

    def changed(self, tenant: str, filter_id: str, record: Filter | Any | None) -> bool:
        """A stored filter is new, other, or gone (None): every matcher that holds it sees it at once.

        Whether indexes hold other keys of it now; see `Index.refresh`.

        Raises:
            CgrdError: the record does not compile; nothing has changed.
        """
        cell = self._stored_cell(tenant, filter_id)
        before = cell.index_keys
        self._renew(cell, record)
        return cell.index_keys != before

    def index(self, tenant: str, settings: IndexSettings | None = None) -> Index:
        """An empty index for the profiles of a tenant."""
        return Index(filters=self, tenant=tenant, settings=settings)

    def _stored_cell(self, tenant: str, filter_id: str) -> CompiledFilter:
        cell = self._stored.get((tenant, filter_id))
        if cell is None:
            cell = self._stored[tenant, filter_id] = CompiledFilter(filter_id)
        return cell

    def _renew(self, cell: CompiledFilter, record: Filter | Any | None) -> None:
        if record is cell.record:
            return
        if record is None:
            cell.forget()
        elif (checked := self._checked.pop(id(record), None)) is not None:
            cell.copy_of(checked)
        else:
            cell.become(record, types=self.types, context=self.context)

    def _inline_cell(self, tenant: str, text: str) -> CompiledFilter:
        cell = self._inline.get(text)
        if cell is None:
            cell = CompiledFilter(text)
            cell.become(parse_inline(tenant, text), types=self.types, context=self.context)
            if len(self._inline) >= _INLINE_KEPT:
                self._inline.clear()
            self._inline[text] = cell
        return cell
