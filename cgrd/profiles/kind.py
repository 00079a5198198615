"""What a profile kind is: one declaration from which the kernel derives loading, storage, API, indexes and documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from cgrd.profiles.cells import TEXT, Cell

if TYPE_CHECKING:
    from cgrd.profiles.draft import Draft
    from cgrd.profiles.scope import Scope
    from cgrd.profiles.tables import Profiles


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the kind's file.

    Attributes:
        name: the heading; also what the reference calls it in `invalid value "x" for field <Model>.<name>`.
        cell: what it holds.
        into: the record's field.
        item: the list of nested items that the column belongs to (`Attributes`); "" for the record itself.
        first: the first row's value holds; otherwise later rows that are not empty overwrite it.
        words: the heading of docs/VOCABULARY.md under which the words stand that it may hold.
    """

    name: str
    into: str
    cell: Cell = TEXT
    item: str = ""
    first: bool = False
    words: str = ""


def column(name: str, cell: Cell = TEXT, *, into: str = "", item: str = "", first: bool = False, words: str = "") -> Column:
    """A column; `into` names the record's field where it differs from the heading."""
    return Column(name=name, into=into or name, cell=cell, item=item, first=first, words=words)


@dataclass(frozen=True, kw_only=True)
class Items:
    """The nested list of a kind: which rows hold an item, and when two rows hold the same one.

    Attributes:
        field: the record's field (`Routes`).
        key: a row holds an item when this column is not empty; "" = every row does.
        into: the record's field where it differs from the row record's.
        same: columns that make two rows one item, whose lists grow; () = every row is an item of its own.
        each: the key cell is a list and gives one item a value (statistics' metrics).
        type: the item's record Struct, where the record keeps items in that shape.
    """

    field: str
    into: str = ""
    key: str = ""
    same: tuple[str, ...] = ()
    each: bool = False
    type: type[msgspec.Struct] | None = None


@dataclass(frozen=True)
class Method:
    """One API method made from a declaration. `args` is the type that the request is decoded into."""

    name: str
    args: Any
    handler: Callable[..., Any]


class MakesMethods(Protocol):
    """Irregular API methods of a kind."""

    def __call__(self, profiles: Profiles) -> Iterable[Method]:
        """The methods, bound to the tables."""


@dataclass(frozen=True, kw_only=True)
class Api:
    """How the reference calls the methods of a kind: `Get<noun>`, `Set<noun>`, `Remove<noun>`, `Get<noun>IDs`, `Get<noun>Count`.

    Attributes:
        noun: the name in the methods.
        ids, count: whether there are these.
        missing: the word when there is no such record.
        derive: whether the regular methods are wanted; `extra` gives irregular ones.
        check: what Set demands beyond an ID, besides the kind's own check; raises CgrdError.
        removable: what must hold before a record is removed; raises CgrdError.
    """

    noun: str = ""
    ids: bool = True
    count: bool = False
    missing: str = "NOT_FOUND"
    derive: bool = True
    check: Callable[[Any], None] | None = None
    removable: Callable[[Any, Profiles], None] | None = None
    extra: MakesMethods | None = None


@dataclass(frozen=True, kw_only=True)
class TpApi:
    """How the methods on stored tariff plans are called: `SetTP<noun>`, `GetTP<noun>`, `RemoveTP<noun>`, `GetTP<ids>`.

    Attributes:
        noun: as in `SetTP<noun>`.
        ids: as in `GetTP<ids>` (`AttributeProfileIds`, `ChargerIDs`).
        mandatory: what `SetTP` needs besides TPid.
        key: the argument of Get and Remove that holds the key.
        load_id: whether records are also told apart by a LoadId, the first part of their key.
    """

    noun: str
    ids: str
    mandatory: tuple[str, ...] = ("ID",)
    key: str = "ID"
    load_id: bool = False


@dataclass(frozen=True, kw_only=True)
class FilterIndex:
    """How records of a kind are found by an event.

    Attributes:
        item_type: the reference's name of the index (`*attributes`).
        section: the configuration section that says which fields are indexed.
        contexts: the record's field with the contexts it is indexed under; "" = one index a tenant.
    """

    item_type: str
    section: str
    contexts: str = ""


class Side(Protocol):
    """Something derived from all records of a table, kept beside it (the prefixes of destinations, a filter index)."""

    def copy(self) -> Side:
        """One like it, to be changed without being seen."""

    def put(self, key: str, record: Any, old: Any) -> None:
        """A record is new (`old` None) or changed."""

    def drop(self, key: str, old: Any) -> None:
        """A record is gone."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One profile kind, declared once.

    Attributes:
        name: key of the table in `services.profiles`, kind of the store's records, and how messages call it.
        record: the Struct with the wire's names.
        file: the file of a tariff plan.
        model: the reference's name in messages about cells (`AttributeMdl`).
        order: place in the order of loading.
        columns: the file's columns, in order.
        key: columns that make the key; the last one is the ID, "Tenant" before it where there is one.
        tenant_table: false for kinds whose record names its tenant inside its id (rating profiles).
        items: the nested list, where there is one.
        early: whether a record that cannot be built is a fault of reading (also in a dry run) or of writing, as recorded.
        stored: whether records are kept; rows that only serve to build others are not.
        cache: partition of CacheS, also the name in GetLoadIDs; `caches` are others that a load touches.
        build: rows of one record → the record; None = by the cells.
        unbuild: the record → its row record, for export; None = by the cells.
        check: what must hold for a record, when set and when loaded; raises CgrdError.
        doubt: what of a record will fail when it is used although it is stored, as the reference stores it, or will surely not do what was meant;
            a sentence each, what is wrong in `<>`. Told after a load.
        valid: the stricter rule of `Validate`.
        compile: record → what the owner runs per event; made at the first use after a change.
        side: makes what is derived from all records.
        index: how events find records.
        export: whether ExportToFolder writes it.
        instruction: records are orders to the owner (account actions), who takes them from `Profiles.appliers`.
        unique: message for a second row of the same key, where there may be only one.
        synthetic: tenant and id → a record that exists without being stored (inline filters and attributes, built-in timings), or None.
        normal: record → the record as it is kept (defaults that depend on other fields).
        filter_ids: record → the filters that decide whether it matches.
    """

    name: str
    record: type[msgspec.Struct]
    file: str
    model: str
    order: int
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ("Tenant", "ID")
    tenant_table: bool = True
    items: Items | None = None
    early: bool = False
    stored: bool = True
    instruction: bool = False
    unique: str = ""
    cache: str = ""
    caches: tuple[str, ...] = ()
    api: Api | None = None
    tp: TpApi | None = None
    index: FilterIndex | None = None
    build: Callable[[Any, Draft], Any] | None = None
    unbuild: Callable[[Any], Any] | None = None
    check: Callable[[Any, Scope], None] | None = None
    doubt: Callable[[Any, Scope], Iterable[str]] | None = None
    valid: Callable[[Any], bool] | None = None
    compile: Callable[[Any], Any] | None = None
    side: Callable[[], Side] | None = None
    synthetic: Callable[[str, str], Any] | None = None
    normal: Callable[[Any], Any] | None = None
    export: bool = True
    docs: str = ""
    filter_ids: Callable[[Any], Sequence[str]] = field(default=lambda record: getattr(record, "FilterIDs", ()) or ())

    @property
    def has_tenant(self) -> bool:
        """Whether the table's keys are `tenant:id`; rating's and accounting's own are not."""
        return self.tenant_table and "Tenant" in self.key

    @cached_property
    def key_fields(self) -> tuple[str, ...]:
        """The record's fields that make the key."""
        by_name = {column.name: column.into for column in self.columns}
        return tuple(by_name.get(name, name) for name in self.key)

    @cached_property
    def scalar_columns(self) -> tuple[Column, ...]:
        """The columns of the record itself."""
        return tuple(column for column in self.columns if not column.item)

    @cached_property
    def item_columns(self) -> tuple[Column, ...]:
        """The columns of its nested list."""
        return tuple(column for column in self.columns if column.item)

    @cached_property
    def headings(self) -> tuple[str, ...]:
        """The names of all columns, as they are compared."""
        return tuple(column.name.casefold() for column in self.columns)

    @cached_property
    def key_columns(self) -> tuple[tuple[int, str], ...]:
        """Where in a row the key's cells stand, and the row record's fields that they make."""
        places = {column.name: (at, column.into) for at, column in enumerate(self.columns)}
        return tuple(places[name] for name in self.key)

    @cached_property
    def value_columns(self) -> tuple[tuple[int, Column], ...]:
        """The record's other columns, with their places in a row."""
        return tuple((at, column) for at, column in enumerate(self.columns) if not column.item and column.name not in self.key)

    @cached_property
    def item_places(self) -> tuple[tuple[int, Column], ...]:
        """The columns of its nested list, with their places in a row."""
        return tuple((at, column) for at, column in enumerate(self.columns) if column.item)

    @cached_property
    def item_row(self) -> type[msgspec.Struct]:
        """The Struct of an item's row values."""
        assert self.items is not None
        items = self.items
        columns = [each if not items.each or each.name != items.key else replace(each, cell=TEXT) for each in self.columns if each.item]
        return msgspec.defstruct(f"TP{self.name}Item", _row_fields(columns), gc=False)

    @cached_property
    def row(self) -> type[msgspec.Struct]:
        """The Struct of a TP record: the rows of one key, merged."""
        fields = _row_fields([column for column in self.columns if not column.item])
        if self.items:
            fields.append((self.items.field, list[self.item_row] | None, msgspec.field(default_factory=list)))  # type: ignore[name-defined]
        return msgspec.defstruct(f"TP{self.name}", fields, kw_only=True, gc=False)

    def row_key(self, row: Any) -> str:
        """The key of a TP record."""
        return ":".join(str(getattr(row, name)) for name in self.key_fields)

    def record_key(self, record: Any) -> str:
        """The key of a record: `tenant:id`, or the id alone."""
        if self.has_tenant:
            return f"{record.Tenant}:{record.ID}"
        return str(getattr(record, "Id", None) or getattr(record, "ID", ""))

    @property
    def export_word(self) -> str:
        """How ExportToFolder names the kind (`*attributes`)."""
        return self.index.item_type if self.index else self.cache.replace("_profiles", "s")


def _row_fields(columns: Sequence[Column]) -> list[Any]:
    fields: dict[str, Any] = {}
    for column in columns:
        cell = column.cell
        default = msgspec.field(default_factory=list) if cell.many else cell.zero
        kind = cell.row_type | None if cell.many else cell.row_type
        fields[column.into] = (column.into, kind, default)
    return list(fields.values())
