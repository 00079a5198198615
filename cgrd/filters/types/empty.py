"""`*empty`: the field is missing, null, or a text, list or map that holds nothing; 0 and false are something."""

from __future__ import annotations

from cgrd.fields.missing import MISSING
from cgrd.fields.reading import Roots
from cgrd.filters.rule import FilterType, Subject, Test


def compile_empty(subject: Subject) -> Test:
    """The test."""
    read = subject.element.read

    def passes(roots: Roots) -> bool:
        value = read(roots)
        return value is MISSING or value is None or (isinstance(value, (str, list, tuple, dict)) and not value)

    return passes


EMPTY = FilterType(name="*empty", compile=compile_empty, valueless=True)
