"""One space of an index (a tenant, or a tenant's context): keys → items, and the search of an event's candidates."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

import msgspec

from cgrd.fields.missing import MISSING
from cgrd.fields.paths import Read, compile_path
from cgrd.fields.reading import Roots
from cgrd.fields.text import text_of
from cgrd.filters.compiled import IndexKey


class IndexSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a subsystem searches its index (the `*_indexed_fields` keys of its section).

    Attributes:
        indexed_selects: False: no index, every profile is tried.
        string_indexed_fields: None: every field of the event; else these ("*req.Account").
        prefix_indexed_fields, suffix_indexed_fields, exists_indexed_fields: only these.
        nested_fields: whether fields inside of fields count ("*req.Cust.Name").
    """

    indexed_selects: bool = True
    string_indexed_fields: tuple[str, ...] | None = None
    prefix_indexed_fields: tuple[str, ...] = ()
    suffix_indexed_fields: tuple[str, ...] = ()
    exists_indexed_fields: tuple[str, ...] = ()
    nested_fields: bool = False

    @classmethod
    def of(cls, section: dict[str, Any]) -> IndexSettings:
        """The settings in a subsystem's configuration section."""
        strings = section.get("string_indexed_fields")
        return cls(
            indexed_selects=bool(section.get("indexed_selects", True)),
            string_indexed_fields=None if strings is None else tuple(strings),
            prefix_indexed_fields=tuple(section.get("prefix_indexed_fields") or ()),
            suffix_indexed_fields=tuple(section.get("suffix_indexed_fields") or ()),
            exists_indexed_fields=tuple(section.get("exists_indexed_fields") or ()),
            nested_fields=bool(section.get("nested_fields", False)),
        )


class _Field:
    """The keys of one type and field: value → items. The lengths of its values make the longest prefix cheap to find."""

    __slots__ = ("items", "lengths", "name", "prefix", "read")

    def __init__(self, field: str) -> None:
        self.items: dict[str, set[str]] = {}
        self.lengths: list[int] = []
        self.read: Read = compile_path(field).read
        self.prefix, _, self.name = field.partition(".")

    def add(self, value: str, item: str) -> None:
        items = self.items.get(value)
        if items is None:
            items = self.items[value] = set()
            if -len(value) not in self.lengths:
                insort(self.lengths, -len(value))
        items.add(item)

    def discard(self, value: str, item: str) -> None:
        items = self.items.get(value)
        if items is not None:
            items.discard(item)
            if not items:
                del self.items[value]
                # Lengths that no value has any more are harmless; they cost one failing look-up.

    def equal(self, roots: Roots) -> set[str] | None:
        value = self.read(roots)
        return None if value is MISSING else self.items.get(value if type(value) is str else text_of(value))

    def longest(self, roots: Roots, *, from_end: bool) -> set[str] | None:
        value = self.read(roots)
        if value is MISSING:
            return None
        text = text_of(value)
        for negative in self.lengths:
            size = -negative
            if size > len(text):
                continue
            found = self.items.get(text[len(text) - size :] if from_end else text[:size])
            if found:
                return found
        return None


class IndexTable:
    """Keys and items of one space."""

    def __init__(self) -> None:
        self._items: dict[str, tuple[IndexKey, ...]] = {}
        self._fields: dict[str, dict[str, _Field]] = {"*string": {}, "*prefix": {}, "*suffix": {}, "*exists": {}}
        self._shallow: dict[str, dict[str, _Field]] = {}
        self._deep: dict[str, _Field] = {}
        self._none: set[str] = set()

    def put(self, item: str, keys: Iterable[IndexKey]) -> None:
        """Index an item under these keys and no others."""
        self.remove(item)
        self._items[item] = kept = tuple(keys)
        for key in kept:
            if key.type == "*none":
                self._none.add(item)
            else:
                self._field(key).add(key.value, item)

    def remove(self, item: str) -> None:
        """Forget an item."""
        self._none.discard(item)
        for key in self._items.pop(item, ()):
            field = self._fields[key.type].get(key.field) if key.type != "*none" else None
            if field is not None:
                field.discard(key.value, item)
                if not field.items:
                    self._drop(key)

    def _field(self, key: IndexKey) -> _Field:
        fields = self._fields[key.type]
        field = fields.get(key.field)
        if field is None:
            field = fields[key.field] = _Field(key.field)
            if key.type == "*string" and "." in field.name:
                self._deep[key.field] = field
            elif key.type == "*string":
                self._shallow.setdefault(field.prefix, {})[field.name] = field
        return field

    def _drop(self, key: IndexKey) -> None:
        field = self._fields[key.type].pop(key.field)
        if key.type == "*string":
            self._deep.pop(key.field, None)
            self._shallow.get(field.prefix, {}).pop(field.name, None)

    def __len__(self) -> int:
        return sum(1 for keys in self._items.values() if keys)

    def listing(self) -> Iterator[tuple[IndexKey, str]]:
        """Every key with each of its items."""
        for item, keys in self._items.items():
            for key in keys:
                yield key, item

    def candidates(self, roots: Roots, settings: IndexSettings) -> set[str]:
        """The items that may match: those whose index keys the event holds, and those without filters.

        Its time depends on how many fields the event and the index have, not on how many items there are.
        """
        found = set(self._none)
        if self._fields["*string"]:
            self._strings(roots, settings, found)
        for names, kind in ((settings.prefix_indexed_fields, "*prefix"), (settings.suffix_indexed_fields, "*suffix")):
            for name in names:
                field = self._fields[kind].get(name)
                if field is not None and (items := field.longest(roots, from_end=kind == "*suffix")):
                    found |= items
        for name in settings.exists_indexed_fields:
            field = self._fields["*exists"].get(name)
            if field is not None and field.read(roots) is not MISSING:
                found |= field.items.get("", set())
        return found

    def may_have_candidates(self, fields: Set[str], options: Mapping[str, Any]) -> bool:
        """Whether there may be candidates for an event with these fields, whatever they hold, and these options; a no is sure."""
        kinds = self._fields
        if self._none or self._deep or kinds["*prefix"] or kinds["*suffix"] or kinds["*exists"]:
            return True
        for prefix, known in self._shallow.items():
            if prefix == "*req":
                if not fields.isdisjoint(known):
                    return True
            elif prefix != "*opts" or any(field.equal({prefix: options}) for field in known.values()):
                return True
        return False

    def _strings(self, roots: Roots, settings: IndexSettings, found: set[str]) -> None:
        if settings.string_indexed_fields is not None:
            strings = self._fields["*string"]
            wanted = [strings[name] for name in settings.string_indexed_fields if name in strings]
        else:
            wanted = self._wanted(roots, nested=settings.nested_fields)
        for field in wanted:
            if items := field.equal(roots):
                found |= items

    def _wanted(self, roots: Roots, *, nested: bool) -> list[_Field]:
        """The fields that the event may hold: of a map only those that are there, by way of the smaller one of event and index."""
        wanted: list[_Field] = []
        for prefix, fields in self._shallow.items():
            held = roots.get(prefix)
            if type(held) is not dict:
                wanted.extend(fields.values())
            elif len(held) < len(fields):
                wanted += [fields[name] for name in held if name in fields]
            else:
                wanted += [field for name, field in fields.items() if name in held]
        if nested:
            wanted.extend(self._deep.values())
        return wanted
