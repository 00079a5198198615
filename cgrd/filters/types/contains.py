"""`*contains`: one of the values is somewhere in the field's text."""

from __future__ import annotations

from cgrd.filters.rule import FilterType, Subject, Test, texts


def compile_contains(subject: Subject) -> Test:
    """The test."""
    find, values = subject.element.find, subject.values
    return lambda roots: (text := find(roots)) is not None and any(part in text for part in texts(values, roots))


CONTAINS = FilterType(name="*contains", compile=compile_contains)
