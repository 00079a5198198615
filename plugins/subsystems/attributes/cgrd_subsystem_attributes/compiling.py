"""Profiles compiled once: closures that change a draft, made at the first use after a change.

Source: spec/tariffplans.md §4, spec/observed_events.md (Attributes).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from cgrd.errors import CgrdError, Wrong
from cgrd.fields import Asking, Source, Value, compile_rules, field_type, text_of
from cgrd.filters import Filters, Matcher
from cgrd_subsystem_attributes.events import Draft
from cgrd_subsystem_attributes.kinds import Attribute, AttributeProfile
from cgrd_subsystem_attributes.writing import Place, place_of, short_enough

REMOVE = "*remove"
_OTHERS = ("*remove", "*removeall", "*group", "*filler", "*template")
"""Field types that templates have and attributes have not."""

Make = Callable[[Draft], str]


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """What profiles are compiled with."""

    filters: Filters
    zone: tzinfo
    rounding_decimals: int


class Change(NamedTuple):
    """One attribute, ready to be applied."""

    filters: Matcher | None
    asks: tuple[Asking, ...]
    path: str
    apply: Callable[[Draft], None]


class Ready(NamedTuple):
    """A profile, ready to be applied. `name` is how answers call it."""

    record: AttributeProfile
    name: str
    weight: Decimal
    contexts: frozenset[str] | None
    matcher: Matcher | None
    changes: tuple[Change, ...]

    def meant_for(self, context: str) -> bool:
        """Whether its contexts are exactly `*any`, or hold this one."""
        return self.contexts is None or context in self.contexts


def compile_profile(record: AttributeProfile, language: Language) -> Ready:
    """The profile as closures. An attribute that cannot be used fails when an event comes to it, as in the reference.

    Raises:
        CgrdError: one of the profile's own filters does not compile.
    """
    contexts = record.Contexts or ["*any"]
    return Ready(
        record=record,
        name=record.ID if record.ID.startswith("*") else f"{record.Tenant}:{record.ID}",
        weight=record.Weight,
        contexts=None if contexts == ["*any"] else frozenset(contexts),
        matcher=language.filters.compile(record.Tenant, record.FilterIDs) if record.FilterIDs else None,
        changes=tuple(_change(attribute, record.Tenant, language) for attribute in record.Attributes),
    )


def _change(attribute: Attribute, tenant: str, language: Language) -> Change:
    matcher = None
    try:
        matcher = language.filters.compile(tenant, attribute.FilterIDs) if attribute.FilterIDs else None
        place = place_of(attribute.Path)
        make, asks = _maker(attribute, place, language)
    except CgrdError as error:
        return Change(matcher, (), attribute.Path, _refusing(error))
    return Change(matcher, asks, attribute.Path, _applier(attribute.Path, place, make))


def _refusing(error: CgrdError) -> Callable[[Draft], None]:
    def apply(draft: Draft) -> None:
        raise error.with_traceback(None)

    return apply


def _applier(path: str, place: Place, make: Make) -> Callable[[Draft], None]:
    write = place.write

    def apply(draft: Draft) -> None:
        value = make(draft)
        if value == REMOVE:
            place.remove(draft)
        else:
            write(draft, value)
        draft.altered[path] = None

    return apply


def _maker(attribute: Attribute, place: Place, language: Language) -> tuple[Make, tuple[Asking, ...]]:
    kind, rules = attribute.Type or "*variable", attribute.rules
    if kind in _OTHERS:
        raise Wrong(f"unsupported type: <{kind}>", explain="templates have this type, attributes have not")
    value = compile_rules(rules, rule=";".join(rules)) if rules else None
    if kind == "*variable" and value is not None:
        return _variable(value, attribute.Path), value.fetches
    if kind == "*constant":
        constant = "".join(part.constant or "" for part in value.parts) if value is not None else ""
        return lambda draft: constant, ()
    return _typed(kind, attribute.Path, value, place, language)


def _variable(value: Value, path: str) -> Make:
    find, text = value.find, value.text

    def make(draft: Draft) -> str:
        found = find(draft.roots)
        return short_enough(text(draft.roots) if found is None else found, path)

    return make


def _typed(kind: str, path: str, value: Value | None, place: Place, language: Language) -> tuple[Make, tuple[Asking, ...]]:
    web = language.filters.context.web
    source = Source(type=kind, value=value, zone=language.zone, rounding_decimals=language.rounding_decimals, web=web)
    typed = field_type(kind)
    produce: Callable[..., Any] = typed.compile(source)
    asks: tuple[Asking, ...] = (*(value.fetches if value else ()), *(typed.asks(source) if typed.asks else ()))

    def make(draft: Draft) -> str:
        made = text_of(produce(draft.roots, lambda: place.read(draft)))
        return short_enough(made, path)

    def append(draft: Draft) -> str:
        made = make(draft)
        return made if made == REMOVE else short_enough((place.read(draft) or "") + made, path)

    return (append if typed.mode == "append" else make), asks
