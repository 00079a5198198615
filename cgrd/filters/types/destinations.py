"""`*destinations`: a prefix of the field's number belongs to one of the destinations."""

from __future__ import annotations

from cgrd.fields.reading import Roots
from cgrd.filters.rule import FilterType, Subject, Test, texts


def compile_destinations(subject: Subject) -> Test:
    """The test."""
    find, values, context = subject.element.find, subject.values, subject.context

    def passes(roots: Roots) -> bool:
        number = find(roots)
        if number is None:
            return False
        held = context.destinations(number)
        return bool(held) and any(name in held for name in texts(values, roots))

    return passes


DESTINATIONS = FilterType(name="*destinations", compile=compile_destinations)
