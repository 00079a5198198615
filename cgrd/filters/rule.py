"""What a filter type is: a factory of tests, and what may be done with it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from cgrd.fields.asked import Asking
from cgrd.fields.reading import Roots
from cgrd.fields.values import Value
from cgrd.filters.context import FilterContext

Test = Callable[[Roots], bool]


class Subject(msgspec.Struct, frozen=True):
    """The subject of a rule: what it looks at and what it compares with.

    Attributes:
        type: as written, `*http#…` with its URL.
        element: the value that is looked at.
        values: what it is compared with.
        context: the outside.
    """

    type: str
    element: Value
    values: tuple[Value, ...]
    context: FilterContext


class FilterType(msgspec.Struct, frozen=True, kw_only=True):
    """One type of rule.

    Attributes:
        name: "*string".
        compile: subject → test of the roots; raises CgrdError when element or values are wrong.
        negation: whether `*not<name>` exists.
        unindexed: whether `*ni<name>` exists (the same test, never indexed).
        valueless: whether values are refused.
        asks: subject → what must be asked before the test runs.
    """

    name: str
    compile: Callable[[Subject], Test]
    negation: bool = True
    unindexed: bool = False
    valueless: bool = False
    asks: Callable[[Subject], tuple[Asking, ...]] | None = None


def constants(values: tuple[Value, ...]) -> frozenset[str] | None:
    """The texts of values that depend on nothing, None when one of them reads the roots."""
    found = [value.constant for value in values]
    return None if None in found else frozenset(text for text in found if text is not None)


def texts(values: tuple[Value, ...], roots: Roots) -> list[str]:
    """The texts of values; those whose field is not there are left out."""
    return [text for value in values if (text := value.find(roots)) is not None]
