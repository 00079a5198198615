"""`*lt`, `*lte`, `*gt`, `*gte`: the field compared with the values as numbers, times or durations; values are tried in order."""

from __future__ import annotations

from collections.abc import Callable

from cgrd.fields.missing import MISSING
from cgrd.fields.reading import Roots
from cgrd.fields.text import sniff, sniffed
from cgrd.filters.comparing import order
from cgrd.filters.rule import FilterType, Subject, Test, texts


def _comparison(accepts: Callable[[int], bool]) -> Callable[[Subject], Test]:
    def compile_comparison(subject: Subject) -> Test:
        read, values = subject.element.read, subject.values
        known = [sniff(value.constant) for value in values if value.constant is not None]

        def passes(roots: Roots) -> bool:
            raw = read(roots)
            if raw is MISSING:
                return False
            found = sniffed(raw)
            limits = known if len(known) == len(values) else [sniff(text) for text in texts(values, roots)]
            return any(accepts(order(found, limit)) for limit in limits)

        return passes

    return compile_comparison


LT = FilterType(name="*lt", compile=_comparison(lambda order: order < 0), negation=False)
LTE = FilterType(name="*lte", compile=_comparison(lambda order: order <= 0), negation=False)
GT = FilterType(name="*gt", compile=_comparison(lambda order: order > 0), negation=False)
GTE = FilterType(name="*gte", compile=_comparison(lambda order: order >= 0), negation=False)
