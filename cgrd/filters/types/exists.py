"""`*exists`: the field is there, be it empty."""

from __future__ import annotations

from cgrd.fields.missing import MISSING
from cgrd.filters.rule import FilterType, Subject, Test


def compile_exists(subject: Subject) -> Test:
    """The test."""
    read = subject.element.read
    return lambda roots: read(roots) is not MISSING


EXISTS = FilterType(name="*exists", compile=compile_exists, unindexed=True, valueless=True)
