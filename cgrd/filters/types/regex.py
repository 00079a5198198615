"""`*regex`: an RE2 expression is found in the field's text."""

from __future__ import annotations

from cgrd.fields.patterns import compile_pattern
from cgrd.fields.reading import Roots
from cgrd.filters.rule import FilterType, Subject, Test, texts


def compile_regex(subject: Subject) -> Test:
    """The test; a constant expression is compiled now and refused when it is none."""
    find, values = subject.element.find, subject.values
    searches = [compile_pattern(value.constant).search for value in values if value.constant is not None]
    dynamic = tuple(value for value in values if value.constant is None)

    def passes(roots: Roots) -> bool:
        text = find(roots)
        if text is None:
            return False
        return any(search(text) for search in searches) or any(compile_pattern(one).search(text) for one in texts(dynamic, roots))

    return passes


REGEX = FilterType(name="*regex", compile=compile_regex)
