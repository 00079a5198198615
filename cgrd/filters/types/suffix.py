"""`*suffix`: the field's text ends with one of the values."""

from __future__ import annotations

from cgrd.filters.rule import FilterType, Subject, Test, constants, texts


def compile_suffix(subject: Subject) -> Test:
    """The test."""
    find, values = subject.element.find, subject.values
    known = constants(values)
    if known is None:
        return lambda roots: (text := find(roots)) is not None and text.endswith(tuple(texts(values, roots)))
    ends = tuple(known)
    return lambda roots: (text := find(roots)) is not None and text.endswith(ends)


SUFFIX = FilterType(name="*suffix", compile=compile_suffix, unindexed=True)
