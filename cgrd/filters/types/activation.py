"""`*ai`: the time in the field lies between the first value and the second, ends excluded; either may be empty or left out."""

from __future__ import annotations

from cgrd.fields.converters.reading import as_instant
from cgrd.fields.reading import Roots
from cgrd.filters.rule import FilterType, Subject, Test, texts


def compile_activation(subject: Subject) -> Test:
    """The test; raises when field or value is no time."""
    find, values, zone = subject.element.find, subject.values, subject.context.zone

    def passes(roots: Roots) -> bool:
        text = find(roots)
        if text is None:
            return False
        moment = as_instant(text, zone)
        start, end, *_ = *(as_instant(limit, zone) for limit in texts(values, roots)), None, None
        return not (start and moment <= start) and not (end and moment >= end)

    return passes


ACTIVATION = FilterType(name="*ai", compile=compile_activation)
