"""A filter compiled to a test, and what the index would hold of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from cgrd.errors import NotFound, Wrong
from cgrd.fields.asked import Asking
from cgrd.fields.paths import FETCHED
from cgrd.fields.reading import Roots
from cgrd.fields.values import Value, compile_rule
from cgrd.filters.context import FilterContext
from cgrd.filters.record import Filter, Rule
from cgrd.filters.rule import Subject, Test
from cgrd.filters.types import FilterTypes

INDEXED = ("*string", "*prefix", "*suffix", "*exists")


class IndexKey(NamedTuple):
    """Where a profile stands in the index: `*string:*req.Account:1001`."""

    type: str
    field: str
    value: str

    def __str__(self) -> str:
        return ":".join(part for part in self if part) if self.type == "*exists" else ":".join(self)


NONE = IndexKey("*none", "*any", "*any")
"""Where profiles without any filter stand; every event finds them."""


class CompiledFilter:
    """A filter ready to be asked. The cell of a stored one lives on when the record changes, so whoever holds it sees the new rules.

    Attributes:
        id: the filter's id, or the inline text.
        record: what it was compiled from, None when no such filter is stored.
        passes: roots → whether it lets them pass; raises CgrdError for rules that cannot be evaluated.
        asks: what must be asked of others before (see `Matcher.prefetch`).
        index_keys: what the index would hold.
    """

    __slots__ = ("asks", "id", "index_keys", "passes", "record")

    def __init__(self, filter_id: str) -> None:
        self.id = filter_id
        self.forget()

    def forget(self) -> None:
        """From now on there is no such filter: asking it is `NOT_FOUND:<id>`."""
        self.record: Filter | None = None
        self.passes: Test = _unknown(self.id)
        self.asks: tuple[Asking, ...] = ()
        self.index_keys: tuple[IndexKey, ...] = ()

    def become(self, record: Filter, *, types: FilterTypes, context: FilterContext) -> None:
        """Take another record; raises CgrdError and stays as it was when the record cannot be compiled."""
        for _ in self.becoming(record, types=types, context=context):
            pass

    def becoming(self, record: Filter, *, types: FilterTypes, context: FilterContext) -> Iterator[None]:
        """`become`, rule by rule."""
        tests: list[Test] = []
        asked: list[Asking] = []
        keys: dict[IndexKey, None] = {}
        for rule in record.Rules or ():
            test, asks = _compile(rule, record, types, context)
            tests.append(test)
            asked.extend(asks)
            keys.update(dict.fromkeys(index_keys(rule)))
            yield
        self.passes, self.asks, self.index_keys = _all(tests, record, context), tuple(asked), tuple(keys)
        self.record = record

    def copy_of(self, other: CompiledFilter) -> None:
        """Take what another one was compiled to."""
        self.record, self.passes, self.asks, self.index_keys = other.record, other.passes, other.asks, other.index_keys


def _unknown(filter_id: str) -> Test:
    def passes(roots: Roots) -> bool:
        raise NotFound.of(filter_id, explain=f"a profile names filter {filter_id}, and no such filter is stored for its tenant")

    return passes


def _all(tests: list[Test], record: Filter, context: FilterContext) -> Test:
    test = _conjunction(tests)
    interval = record.ActivationInterval
    if interval is None:
        return test
    # A filter that is not active says nothing: it lets pass (spec/tariffplans.md §3).
    return lambda roots: not interval.active_at(context.now()) or test(roots)


def _conjunction(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda roots: first(roots) and second(roots)

    def passes(roots: Roots) -> bool:
        for test in tests:
            if not test(roots):
                break
        else:
            return True
        return False

    return passes


def _compile(rule: Rule, record: Filter, types: FilterTypes, context: FilterContext) -> tuple[Test, tuple[Asking, ...]]:
    known = types.find(rule.Type)
    if known is not None and known.valueless and rule.Values:
        raise Wrong(f"value of filter <{record.ID}> is not empty <{next((value for value in rule.Values if value), '')}>")
    element = compile_rule(rule.Element)
    if rule.Element.startswith("~") and rule.Element.partition("{")[0].endswith("."):
        raise Wrong(f"Empty field path  for filter <{record.Tenant}:{record.ID}>", explain=f"{rule.Element} names no field")
    values = tuple(_value(value) for value in rule.Values or ())
    subject = Subject(type=rule.Type, element=element, values=values, context=context)
    asks = known.asks(subject) if known is not None and known.asks is not None else ()
    return types.test(subject), (*_fetches(element, *values), *asks)


def _value(text: str) -> Value:
    if not text:
        # The reference's own spelling, for values only.
        raise Wrong("emtpy RSRParser in rule: <>", explain="a rule has an empty value")
    return compile_rule(text)


def _fetches(*values: Value) -> tuple[Asking, ...]:
    return tuple(fetch for value in values for fetch in value.fetches)


_OUTSIDE = tuple(f"~{prefix}." for prefix in (*sorted(FETCHED), "*libphonenumber", "*asm"))


def index_keys(rule: Rule) -> list[IndexKey]:
    """What the index holds of a rule: nothing unless its type is indexed and exactly one side reads the event itself."""
    if rule.Type not in INDEXED or rule.Element.startswith(_OUTSIDE):
        return []
    reads = rule.Element.startswith("~")
    if rule.Type == "*exists":
        return [IndexKey(rule.Type, rule.Element[1:], "")] if reads else []
    pairs = [(rule.Element, value) for value in rule.Values or () if not value.startswith(_OUTSIDE)]
    if reads:
        return [IndexKey(rule.Type, element[1:], value) for element, value in pairs if not value.startswith("~")]
    return [IndexKey(rule.Type, value[1:], element) for element, value in pairs if value.startswith("~")]


Lookup = Callable[[str, str], Filter | None]
"""(tenant, filter id) → the stored filter, None when there is none."""

__all__ = ["INDEXED", "NONE", "CompiledFilter", "IndexKey", "Lookup", "index_keys"]
