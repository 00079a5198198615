"""`*string`: the field's text is one of the values."""

from __future__ import annotations

from cgrd.fields.reading import Roots
from cgrd.filters.rule import FilterType, Subject, Test, constants, texts


def compile_string(subject: Subject) -> Test:
    """The test; with constant values one look-up in a set."""
    find, values = subject.element.find, subject.values
    known = constants(values)
    if known is None:
        return lambda roots: (text := find(roots)) is not None and text in texts(values, roots)
    if len(known) == 1:
        (only,) = known
        return lambda roots: find(roots) == only

    def passes(roots: Roots) -> bool:
        return find(roots) in known

    return passes


STRING = FilterType(name="*string", compile=compile_string, unindexed=True)
