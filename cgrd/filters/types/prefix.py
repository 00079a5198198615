"""`*prefix`: the field's text begins with one of the values."""

from __future__ import annotations

from cgrd.filters.rule import FilterType, Subject, Test, constants, texts


def compile_prefix(subject: Subject) -> Test:
    """The test."""
    find, values = subject.element.find, subject.values
    known = constants(values)
    if known is None:
        return lambda roots: (text := find(roots)) is not None and text.startswith(tuple(texts(values, roots)))
    starts = tuple(known)
    return lambda roots: (text := find(roots)) is not None and text.startswith(starts)


PREFIX = FilterType(name="*prefix", compile=compile_prefix, unindexed=True)
