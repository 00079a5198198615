"""The vocabulary of filter types: twenty, fifteen negations, four that are never indexed; plugins add theirs by `cgrd_filter_types`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cgrd.errors import CgrdError, PluginError
from cgrd.fields.reading import Roots
from cgrd.fields.values import Value
from cgrd.filters.rule import FilterType, Subject, Test
from cgrd.filters.types.activation import ACTIVATION
from cgrd.filters.types.apiban import APIBAN
from cgrd.filters.types.comparison import GT, GTE, LT, LTE
from cgrd.filters.types.contains import CONTAINS
from cgrd.filters.types.destinations import DESTINATIONS
from cgrd.filters.types.empty import EMPTY
from cgrd.filters.types.eq import EQ
from cgrd.filters.types.equal_text import STRING
from cgrd.filters.types.exists import EXISTS
from cgrd.filters.types.http import HTTP
from cgrd.filters.types.ipnet import IPNET
from cgrd.filters.types.prefix import PREFIX
from cgrd.filters.types.regex import REGEX
from cgrd.filters.types.rsr import RSR
from cgrd.filters.types.sentrypeer import SENTRYPEER
from cgrd.filters.types.suffix import SUFFIX
from cgrd.filters.types.timings import TIMINGS

BUILT_IN = (
    STRING, CONTAINS, PREFIX, SUFFIX, EMPTY, EXISTS, TIMINGS, DESTINATIONS, RSR, LT, LTE, GT, GTE, EQ, REGEX, IPNET, ACTIVATION, HTTP, APIBAN, SENTRYPEER,
)  # fmt: skip

Factory = Callable[[Value, list[Value]], Test]
"""What `cgrd_filter_types` gives for a name: element and values → test of the roots."""


class FilterTypes:
    """Names → types, with their `*not…` and `*ni…` forms."""

    def __init__(self, *more: FilterType) -> None:
        self._types: dict[str, tuple[FilterType, bool]] = {}
        for one in (*BUILT_IN, *more):
            self._add(one)
        self._ours = frozenset(self._types)

    def _add(self, one: FilterType) -> None:
        self._types |= _names(one)

    def add(self, more: Mapping[str, Factory]) -> None:
        """Put plugins' types into the vocabulary, each with its negation.

        Raises:
            PluginError: it is the name of a type of ours.
        """
        for name, factory in more.items():
            one = FilterType(name=name, compile=lambda subject, factory=factory: factory(subject.element, list(subject.values)))  # type: ignore[misc]
            if taken := sorted(self._ours & _names(one).keys()):
                raise PluginError(f"filter type {taken[0]} is already there; a plugin cannot replace it")
            self._add(one)

    def find(self, name: str) -> FilterType | None:
        """The type of a rule's type text, None when there is none by that name."""
        found = self._types.get(name.partition("#")[0] if name.startswith("*http#") else name)
        return found[0] if found else None

    def test(self, subject: Subject) -> Test:
        """The test of a rule; a type that is not known fails when it is used, not before (spec/tariffplans.md §3)."""
        found = self._types.get(subject.type.partition("#")[0] if subject.type.startswith("*http#") else subject.type)
        if found is None:
            return _unknown(subject.type)
        passes = found[0].compile(subject)
        return (lambda roots: not passes(roots)) if found[1] else passes

    def names(self) -> list[str]:
        """Every name, sorted."""
        return sorted(self._types)


def _names(one: FilterType) -> dict[str, tuple[FilterType, bool]]:
    """The names of a type's forms, each with whether it negates."""
    names = [(one.name, False)] + [(f"*not{one.name[1:]}", True)] * one.negation + [(f"*ni{one.name[1:]}", False)] * one.unindexed
    return {name: (one, negated) for name, negated in names}


def _unknown(name: str) -> Test:
    def passes(roots: Roots) -> bool:
        raise CgrdError(f"NOT_IMPLEMENTED:{name}", explain=f"no filter type is called {name}")

    return passes


__all__ = ["BUILT_IN", "Factory", "FilterTypes"]
